// Runs the cases of `exercise` and says what each must look like from outside: exit status, what
// stands on fd 1 and fd 2. Most hold when the program says so; the others must die in one
// particular way.
//
//   runtime_test --program=PATH [--defect=NAME] [--model=PATH --system=NAME | --through=COMMAND]
//                [gtest's own flags]
//
// With --model the program is one of that system, and runs on the model of its kernel.
// With --through it is one of another arch, and COMMAND, an emulator, runs it: where there is none,
// nothing is tested, and that is said.
// With --defect the program has that defect compiled in, and only what the defect changes is run.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

std::string program;
std::string defect;
// How the program is started, up to its own arguments.
std::vector<std::string> command;
// Numbers that differ by system, in what a death looks like; the program says them.
std::string divide_code;
std::string sent_code;
std::string guard_signal;
// What the registers in a report call the program counter: …ip on amd64 and 386, …pc elsewhere.
std::string counter = "ip=0x";
// Whether a division by zero is the processor's to notice.
bool division_traps = true;
// Whether new threads get less than the first one has, and less than 7 MB.
bool threads_are_smaller = false;
// Less than 7 MB by default.
bool first_stack_is_small = false;
// Whether a thread that comes from elsewhere can be asked how large its stack is. If not, 32 KB are
// assumed.
bool sees_map = true;

// No case takes a tenth of this, also on a machine with other things to do.
constexpr std::chrono::seconds kWatchdog(150);

struct Outcome {
  bool hung = false;
  int exit = -1;   // -1: did not exit
  int signal = 0;  // that killed it
  std::string out;
  std::string err;
};

Outcome RunCase(const std::string& name) {
  int out[2];
  int err[2];
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(err, O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(out[1], 1);
    dup2(err[1], 2);
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 2);
    for (std::string& word : command) arguments.push_back(word.data());
    std::string last = name;
    arguments.push_back(last.data());
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);

  Outcome outcome;
  const auto deadline = std::chrono::steady_clock::now() + kWatchdog;
  pollfd fds[2] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
  std::string* texts[2] = {&outcome.out, &outcome.err};
  int open = 2;
  while (open > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                          deadline - std::chrono::steady_clock::now())
                          .count();
    if (left <= 0) {
      outcome.hung = true;
      kill(pid, SIGKILL);
      break;
    }
    poll(fds, 2, static_cast<int>(left));
    for (int i = 0; i < 2; i++) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t n = read(fds[i].fd, buffer, sizeof(buffer));
      if (n > 0) {
        texts[i]->append(buffer, static_cast<size_t>(n));
      } else {
        fds[i].fd = -1;
        open--;
      }
    }
  }
  close(out[0]);
  close(err[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status)) outcome.exit = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

std::ostream& operator<<(std::ostream& to, const Outcome& o) {
  return to << (o.hung ? "hung\n" : "") << "exit " << o.exit << " signal " << o.signal
            << "\nfd 1:\n"
            << o.out << "fd 2:\n"
            << o.err;
}

void ExpectHolds(const std::string& name) {
  const Outcome o = RunCase(name);
  EXPECT_FALSE(o.hung) << o;
  EXPECT_EQ(o.exit, 0) << o;
  EXPECT_NE(("\n" + o.out).find("\nok\n"), std::string::npos) << o;
  EXPECT_EQ(o.err, "") << o;
}

// In this order on fd 2.
void ExpectDies(const std::string& name, const std::vector<std::string>& words) {
  const Outcome o = RunCase(name);
  EXPECT_FALSE(o.hung) << o;
  EXPECT_EQ(o.exit, 2) << o;
  EXPECT_EQ(o.out, "before\n") << o;
  size_t at = 0;
  for (const std::string& word : words) {
    const size_t found = o.err.find(word, at);
    ASSERT_NE(found, std::string::npos) << "no \"" << word << "\" (in this order) in\n" << o;
    at = found + word.size();
  }
}

struct Death {
  const char* name;
  std::vector<std::string> words;
};

const std::vector<Death>& Deaths() {
  static const auto* deaths = new std::vector<Death>{
      {"deadlock",
       {"fatal error: all goroutines are asleep - deadlock!\n", "[chan receive]", "chanrecv",
        "[chan receive]"}},
      {"external",
       {"fatal error: all goroutines are asleep - deadlock!\n", "goroutine 1 [chan receive]:"}},
      {"badready", {"fatal error: bad g->status in ready\n"}},
      {"main-overflow",
       {"runtime: goroutine stack exceeds 1048576-byte limit", "fatal error: stack overflow\n",
        "goroutine 1 [running]:", "recurse", "recurse", "recurse"}},
      {"goroutine-overflow",
       {"runtime: goroutine stack exceeds 65536-byte limit", "fatal error: stack overflow\n",
        "goroutine 2 [running]:", "recurse", "recurse"}},
      {"unchecked-overflow",
       {"runtime: goroutine stack exceeds 65536-byte limit", "fatal error: stack overflow\n",
        guard_signal, "c_overflow"}},
      {"g0-overflow",
       {"runtime: stack overflow on g0: sp=0x", " guard=0x", " stack=[0x",
        "fatal error: stack overflow\n", "g0 of m"}},
      {"g0-thread-overflow",
       {"runtime: stack overflow on g0: sp=0x", "fatal error: stack overflow\n"}},
      {"c-main-overflow",
       {"runtime: stack overflow in C code: addr=0x", "fatal error: stack overflow in C code\n",
        "[signal 11 ", "[in C]", "c_overflow", "c_overflow"}},
      {"c-thread-overflow", {"runtime: stack overflow in C code: addr=0x", "[in C]", "c_overflow"}},
      {"foreign-c-overflow",
       {"runtime: stack overflow in C code: addr=0x", "[in C]", "c_overflow"}},
      {"nil",
       {"panic: runtime error: invalid memory address or nil pointer dereference\n",
        "[signal 11 code=1 addr=0x8 pc=0x", "sp=0x", counter,
        "goroutine 1 [running]:\n  exercise_nil+0x", "go_main"}},
      {"divide",
       {"panic: runtime error: integer divide by zero\n",
        division_traps ? "[signal 8 " + divide_code : "",
        "goroutine 1 [running]:", "exercise_divide+0x"}},
      {"message", {"panic: just so\n", "goroutine 1 [running]:", "go_main"}},
      {"with-others", {"panic: runtime error", " [running]:\n  exercise_nil+0x", "[", "]:"}},
      {"all-at-once",
       {"panic: runtime error: invalid memory address", "[running]:\n  exercise_nil+0x"}},
      {"fault-in-c",
       {"fatal error: unexpected signal during execution of C or runtime code\n",
        "[signal 11 code=1 addr=0x8", "[in C]:\n  c_fault+0x", "go_main"}},
      {"unrecovered-in-callback",
       {"panic: runtime error: invalid memory address", "exercise_nil+0x", "runtime_cgocallbackg",
        "runtime_callback", "go_main"}},
      {"in-foreign-callback", {"panic: runtime error: invalid memory address", "exercise_nil+0x"}},
      {"sent-segv", {"fatal error: unexpected signal\n", "[signal 11 " + sent_code}},
      {"bad-stack-pointer",
       {"fatal error: fault with a stack pointer off the goroutine's stack\n"}},
      {"not-from-c", {"fatal error: cgocallback not called from C\n"}},
      {"goexit-in-callback", {"fatal error: goexit in a callback\n"}},
      {"foreign-none-left", {"runtime: signal received on thread not created by Go.\n"}},
      {"blocked-late", {"fatal error: blocksignals: there are other threads already\n"}},
      {"foreign-fault",
       {"fatal error: unexpected signal on a thread not created by the runtime\n",
        "[signal 11 code=1 addr=0x8", "c_fault+0x"}},
      {"pthread-overflow", {"runtime: stack overflow in C code: addr=0x", "c_overflow"}},
  };
  return *deaths;
}

std::vector<std::string> Names() {
  const Outcome o = RunCase("--list");
  std::vector<std::string> names;
  std::istringstream in(o.out);
  for (std::string line; std::getline(in, line);) names.push_back(line);
  return names;
}

// What the libc buffered comes out when go_main returns.
void ExpectFlushed() {
  const Outcome o = RunCase("flushed");
  EXPECT_EQ(o.exit, 0) << o;
  EXPECT_EQ(o.out, "ok\nbuffered\n") << o;
}

// One report although fifty goroutines died at once.
void ExpectOneReport() {
  const Outcome o = RunCase("all-at-once");
  EXPECT_EQ(o.err.find("panic: "), 0u) << o;
  EXPECT_EQ(o.err.find("panic: ", 1), std::string::npos) << o;
}

// Dies of the signal and says nothing.
void ExpectSilent(const std::string& name, int signal) {
  const Outcome o = RunCase(name);
  EXPECT_EQ(o.signal, signal) << o;
  EXPECT_TRUE(o.out.empty() || o.out == "before\n") << o;
  EXPECT_EQ(o.err, "") << o;
}

// With a defect: what it breaks, and that it leaves the rest alone.
void ExpectDefect() {
  if (defect == "trust-m") {
    ExpectSilent("foreign-once", SIGSEGV);
  } else if (defect == "badsignal") {
    const Outcome o = RunCase("foreign-once");
    EXPECT_EQ(o.exit, 2) << o;
    EXPECT_EQ(o.out, "before\n") << o;
    EXPECT_EQ(o.err, "runtime: signal received on thread not created by Go.\n") << o;
  } else if (defect == "fixed-8k") {
    ExpectSilent("deep-12k", SIGTRAP);
  } else if (defect == "fixed-64k") {
    ExpectHolds("deep-12k");
    ExpectSilent("deep-100k", SIGTRAP);
  } else if (defect == "attr-size") {
    ExpectHolds("deep-12k");
    if (first_stack_is_small) {
      // It has no such case.
    } else if (threads_are_smaller) {
      ExpectSilent("deep-7m", SIGTRAP);
    } else {
      ExpectHolds("deep-7m");
    }
    ExpectSilent("deep-large-thread", SIGTRAP);
  } else if (defect == "sa-restart") {
    const Outcome o = RunCase("restart");
    EXPECT_EQ(o.exit, 1) << o;
    EXPECT_NE(o.out.find("(action.flags & sys::kSA_RESTART) != 0 == restarts"), std::string::npos)
        << o;
  } else {
    FAIL() << "no such defect: " << defect;
  }
  for (const char* name : {"goroutines", "call", "queue", "recovered"}) ExpectHolds(name);
}

class Body : public testing::Test {
 public:
  explicit Body(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  std::function<void()> body_;
};

void Register(const char* suite, std::string name, const std::function<void()>& body) {
  std::replace(name.begin(), name.end(), '-', '_');  // gtest's names have no dashes
  testing::RegisterTest(suite, name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [=]() -> testing::Test* { return new Body(body); });
}

// Asks the program for them.
bool AskNumbers() {
  std::istringstream words(RunCase("--numbers").out);
  std::map<std::string, long> numbers;
  std::string name;
  for (long number; words >> name >> number;) numbers[name] = number;
  for (const char* needed :
       {"divide", "sent", "guard", "first-stack", "thread-stack", "sees-map"}) {
    if (numbers.count(needed) != 0) continue;
    std::fprintf(stderr, "runtime_test: %s --numbers does not say %s\n", program.c_str(), needed);
    return false;
  }
  constexpr long kDeep = 7 << 20;
  divide_code = "code=" + std::to_string(numbers["divide"]) + " ";
  guard_signal = "[signal " + std::to_string(numbers["guard"]) + " ";
  sent_code = "code=" + std::to_string(numbers["sent"]) + " ";
  sees_map = numbers["sees-map"] != 0;
  first_stack_is_small = numbers["first-stack"] < kDeep;
  threads_are_smaller =
      numbers["thread-stack"] < kDeep && numbers["thread-stack"] < numbers["first-stack"];
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string model;
  std::string through;
  std::string system;
  for (int i = 1; i < argc; i++) {
    const std::string argument = argv[i];
    if (argument.rfind("--program=", 0) == 0) program = argument.substr(10);
    if (argument.rfind("--defect=", 0) == 0) defect = argument.substr(9);
    if (argument.rfind("--model=", 0) == 0) model = argument.substr(8);
    if (argument.rfind("--system=", 0) == 0) system = argument.substr(9);
    if (argument.rfind("--through=", 0) == 0) through = argument.substr(10);
  }
  command = {program};
  if (!through.empty()) {
    if (std::system(("command -v " + through + " >/dev/null").c_str()) != 0) {
      std::printf("runtime_test: skipped: there is no %s here (./faultline doctor --fix)\n",
                  through.c_str());
      return 0;
    }
    command = {through, program};
    counter = "pc=0x";
    division_traps = false;
  }
  if (!model.empty()) command = {model, "--system", system, "--", program};
  if (!AskNumbers()) return 1;
  if (!defect.empty()) {
    Register("Defect", defect, ExpectDefect);
    return RUN_ALL_TESTS();
  }
  const std::vector<std::string> names = Names();
  if (names.size() < 60) {
    std::fprintf(stderr, "runtime_test: %s --list names %zu cases\n", program.c_str(),
                 names.size());
    return 1;
  }
  Register("Program", "usage", [] { EXPECT_EQ(RunCase("no-such-case").exit, 64); });
  Register("Program", "one-report", ExpectOneReport);
  for (const std::string& name : names) {
    const auto death = std::find_if(Deaths().begin(), Deaths().end(),
                                    [&](const Death& d) { return name == d.name; });
    if (name == "deep-7m" && first_stack_is_small) continue;
    if ((name == "foreign-bounds" || name == "deep-large-thread") && !sees_map) continue;
    // QEMU's user mode answers a setrlimit of RLIMIT_AS with success and does nothing, because its
    // own memory is in the same space (linux-user/syscall.c): memory never runs out.
    if (name == "foreign-none-left" && !through.empty()) continue;
    if (name == "flushed") {
      Register("Program", name, ExpectFlushed);
    } else if (death != Deaths().end()) {
      Register("Dies", name, [=] { ExpectDies(name, death->words); });
    } else {
      Register("Holds", name, [=] { ExpectHolds(name); });
    }
  }
  return RUN_ALL_TESTS();
}
