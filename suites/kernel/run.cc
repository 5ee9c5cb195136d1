#include "suites/kernel/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace faultline::suites {
namespace {

// The watchdog: nothing here takes more than a second or two, even on a busy machine.
constexpr int kPatienceMs = 60000;

int64_t NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

std::vector<pid_t> Processes() {
  std::vector<pid_t> pids;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return pids;
  while (dirent* entry = readdir(proc))
    if (int pid = atoi(entry->d_name)) pids.push_back(pid);
  closedir(proc);
  return pids;
}

size_t CountDoing(const std::string& what) {
  const std::string arguments = what + std::string(1, '\0') + Mark() + '\0';
  size_t count = 0;
  for (pid_t pid : Processes()) {
    std::string command = ReadFile("/proc/" + std::to_string(pid) + "/cmdline");
    size_t first = command.find('\0');
    if (first != std::string::npos && command.compare(first + 1, std::string::npos, arguments) == 0)
      ++count;
  }
  return count;
}

// "name pid 3, thread 4: S, in call 61, at do_wait, traced by 2", a line a thread.
std::string DescribeThreads(pid_t pid, const std::string& indent) {
  std::string text;
  std::error_code gone;
  std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    std::map<std::string, std::string> fields;
    std::istringstream lines(ReadFile(task.path().string() + "/status"));
    for (std::string line; std::getline(lines, line);) {
      size_t colon = line.find(":\t");
      if (colon != std::string::npos) fields[line.substr(0, colon)] = line.substr(colon + 2);
    }
    std::string call = ReadFile(task.path().string() + "/syscall");
    text += indent + fields["Name"] + " pid " + std::to_string(pid) + ", thread " +
            task.path().filename().string() + ": " + fields["State"] + ", call " +
            call.substr(0, call.find_first_of(" \n")) + ", at " +
            ReadFile(task.path().string() + "/wchan") + ", traced by " + fields["TracerPid"] +
            ", pending " + fields["SigPnd"] + "+" + fields["ShdPnd"] + ", blocked " +
            fields["SigBlk"] + "\n";
  }
  return text;
}

void DescribeBelow(pid_t pid, const std::string& indent, std::string* text) {
  for (pid_t child : ChildrenOf(pid)) {
    *text += DescribeThreads(child, indent);
    DescribeBelow(child, indent + "  ", text);
  }
}

constexpr const char* kSanitized = "FAULTLINE_SANITIZED_INJECT";

// What the sanitizers found in the tracer: its exit status and its fd 2 are not always anybody's to
// see.
class SanitizerReports : public testing::Environment {
 public:
  void SetUp() override {
    if (getenv(kSanitized) == nullptr) return;
    const char* folder = getenv("TEST_TMPDIR");
    folder_ = std::filesystem::absolute(folder ? folder : "/tmp") /
              ("sanitizer-reports-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    std::string options = "halt_on_error=1:log_path=" + (folder_ / "report").string();
    setenv("ASAN_OPTIONS", (options + ":detect_stack_use_after_return=1").c_str(), 1);
    setenv("UBSAN_OPTIONS", (options + ":print_stacktrace=1").c_str(), 1);
  }
  void TearDown() override {
    if (folder_.empty()) return;
    for (const auto& file : std::filesystem::directory_iterator(folder_))
      ADD_FAILURE() << ReadFile(file.path());
    std::filesystem::remove_all(folder_);
  }

 private:
  std::filesystem::path folder_;
};

// gtest owns it.
[[maybe_unused]] const auto* const sanitizer_reports =
    testing::AddGlobalTestEnvironment(new SanitizerReports);

}  // namespace

const std::string kInject = getenv(kSanitized) ? getenv(kSanitized) : "kernel/inject";

bool AwaitThat(const std::function<bool()>& condition) {
  for (int64_t end = NowMs() + kPatienceMs; NowMs() < end; usleep(1000))
    if (condition()) return true;
  return false;
}

std::string DescribeBelow(pid_t pid) {
  std::string text;
  DescribeBelow(pid, "", &text);
  return text;
}

Words Inject(const Words& options, const Words& program) {
  Words command = {kInject};
  command.insert(command.end(), options.begin(), options.end());
  command.emplace_back("--");
  command.insert(command.end(), program.begin(), program.end());
  return command;
}

Child::Child(const Words& command, bool input) {
  int ends[4][2];
  for (auto& pair : ends)
    if (pipe2(pair, O_CLOEXEC) != 0) ADD_FAILURE() << "pipe";
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    setpgid(0, 0);
    int in = input ? ends[0][0] : open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(in, 0);
    for (int i = 1; i < 4; ++i) dup2(ends[i][1], i);
    execv(arguments[0], arguments.data());
    _exit(99);
  }
  close(ends[0][0]);
  input_ = ends[0][1];
  std::string* texts[] = {nullptr, &out, &err, &result};
  for (int i = 1; i < 4; ++i) {
    close(ends[i][1]);
    pipes_[ends[i][0]] = texts[i];
  }
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  CloseInput();
  for (auto& [fd, text] : pipes_) close(fd);
}

void Child::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

bool Child::Pump(int milliseconds) {
  std::vector<pollfd> watched;
  watched.reserve(pipes_.size());
  for (auto& [fd, text] : pipes_) watched.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  if (watched.empty()) return false;
  poll(watched.data(), watched.size(), milliseconds);
  for (const pollfd& each : watched) {
    if (each.revents == 0) continue;
    char part[4096];
    ssize_t size = read(each.fd, part, sizeof part);
    if (size > 0) {
      pipes_[each.fd]->append(part, static_cast<size_t>(size));
    } else if (size == 0) {
      close(each.fd);
      pipes_.erase(each.fd);
    }
  }
  return true;
}

void Child::Reap(int status) {
  pid_ = -1;
  if (WIFEXITED(status)) exit = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) signal = WTERMSIG(status);
}

void Child::AwaitOutput(const std::string& text) { AwaitText(text, &out); }

void Child::AwaitError(const std::string& text) { AwaitText(text, &err); }

void Child::AwaitText(const std::string& text, const std::string* stream) {
  for (int64_t end = NowMs() + kPatienceMs; stream->find(text) == std::string::npos;) {
    if (NowMs() > end || !Pump(100)) {
      ADD_FAILURE() << "no '" << text << "' in: " << out << err;
      return;
    }
  }
}

void Child::AwaitEndOfOutput() {
  for (int64_t end = NowMs() + kPatienceMs; Pump(100);) {
    if (NowMs() > end) {
      ADD_FAILURE() << "output does not end: " << out << err << "\n" << DescribeBelow(getpid());
      return;
    }
  }
}

void Child::Wait() {
  for (int64_t end = NowMs() + kPatienceMs; pid_ > 0;) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      Reap(status);
    } else if (NowMs() > end) {
      ADD_FAILURE() << "still running after " << kPatienceMs << " ms: " << out << err << "\n"
                    << DescribeBelow(getpid());
      kill(pid_, SIGKILL);
      waitpid(pid_, &status, 0);
      Reap(status);
    } else if (!Pump(5)) {
      usleep(1000);
    }
  }
  // Whatever is still in the pipes; others may hold them open for longer.
  for (auto& [fd, text] : pipes_) fcntl(fd, F_SETFL, O_NONBLOCK);
  std::map<int, std::string*> rest = pipes_;
  for (auto& [fd, text] : rest) {
    char part[4096];
    ssize_t size;
    while ((size = read(fd, part, sizeof part)) > 0) text->append(part, static_cast<size_t>(size));
  }
}

bool Child::AwaitStop() {
  bool stopped = false;
  bool seen = AwaitThat([&] {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG | WUNTRACED) != pid_) return false;
    stopped = WIFSTOPPED(status);
    if (stopped)
      stop = WSTOPSIG(status);
    else
      Reap(status);
    return true;
  });
  return seen && stopped;
}

Ended RunToEnd(const Words& command) {
  Child child(command);
  child.Wait();
  return {.exit = child.exit,
          .signal = child.signal,
          .out = child.out,
          .err = child.err,
          .result = child.result};
}

std::string ScratchFile(const std::string& name) {
  const char* folder = getenv("TEST_TMPDIR");
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  std::string test = std::string(info->test_suite_name()) + "." + info->name();
  for (char& c : test)
    if (c == '/') c = '-';
  std::string path = std::string(folder ? folder : "/tmp") + "/" + test + "." + name;
  unlink(path.c_str());
  return path;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string ReadLies(const std::string& log) {
  std::string text = ReadFile(log);
  EXPECT_TRUE(text.starts_with("{\"log\":\"faultline.log/1\"")) << text;
  return text.substr(std::min(text.size(), text.find('\n') + 1));
}

void WriteFile(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::map<std::string, std::string> Fields(const std::string& line) {
  std::map<std::string, std::string> fields;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    size_t equals = word.find('=');
    if (equals != std::string::npos) fields[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return fields;
}

std::string StatusField(pid_t pid, const std::string& name) {
  std::istringstream lines(ReadFile("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  return "";
}

size_t ThreadsOf(pid_t pid) {
  std::error_code gone;
  auto tasks = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone);
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

bool AllSleepInRead(pid_t pid) {
  std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  return AwaitThat([&] {
    size_t all = 0, asleep = 0;
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      std::string call = ReadFile(task.path().string() + "/syscall");
      ++all;
      if (call.starts_with("0 0x") || call.starts_with("3 0x")) ++asleep;  // amd64, 386
    }
    return all > 0 && asleep == all;
  });
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::vector<pid_t> children;
  for (pid_t each : Processes())
    if (StatusField(each, "PPid") == std::to_string(pid)) children.push_back(each);
  return children;
}

const std::string& Mark() {
  static const std::string mark = "mark-" + std::to_string(getpid());
  return mark;
}

bool NoneDo(const std::string& what) {
  return AwaitThat([&] { return CountDoing(what) == 0; });
}

bool SomeDo(const std::string& what, size_t count) {
  return AwaitThat([&] { return CountDoing(what) == count; });
}

}  // namespace faultline::suites
