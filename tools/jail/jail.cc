// jail: runs a program so that nothing of it is left behind, whoever is killed and however.
//
//     jail [--result FD] -- PROGRAM ARGS…
//
// Three processes:
//
//     driver ── jail (warden) ── init ── PROGRAM and all that comes of it
//
//   warden  what the caller started. Watches its own parent, the signals sent to it, and what
//           init reports.
//   init    the first process of a new PID namespace: adopts and reaps orphans. When it dies, the
//           kernel kills every process of the namespace; everything rests on that guarantee.
//
// Who dies, and what follows:
//   the driver    the warden polls a pidfd of it and kills init. (A parent-death signal would do,
//                 but it comes when the thread that started us ends, not the driver.)
//   the warden    init's parent-death signal kills init.
//   init          the kernel kills the namespace; the warden finds the report at its end, says so.
//   the program   init kills what it left, counts it, reports, and ends.
//
// Without the right to make a PID namespace, a user namespace around it grants it; where that is
// forbidden too, init is a subreaper instead: it finds its descendants in /proc and kills them,
// which covers everything but a kill -9 of init itself.
//
// On FD, a line: "exited N", "killed SIGNO" or "failed errno=N what=…"; then "left N" if N
// processes had to be killed. Exit status: the program's own; 128 + the signal that killed it; 125
// when the jail itself failed. On INT, TERM, HUP or QUIT everything is killed and the jail dies of
// that signal.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kFailed = 125;
constexpr int kEndSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// How processes are held together.
enum class Fence : uint8_t { kNamespace, kUserNamespace, kSubreaper };

struct Options {
  int result = -1;
  char** program = nullptr;
};

void Usage(FILE* to) {
  fputs(
      "usage: jail [--result FD] -- PROGRAM ARGS...\n"
      "Runs PROGRAM so that nothing of it is left behind: neither when it ends, nor when the jail "
      "or\n"
      "the process that started the jail is killed. With --result, a line on FD says how it "
      "ended:\n"
      "'exited N', 'killed SIGNO' or 'failed errno=N what=...', then 'left N' if N processes of "
      "it\n"
      "had to be killed.\n",
      to);
}

bool ParseArguments(int argc, char** argv, Options* options) {
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; ++i) {
    std::string_view word = argv[i];
    if (word == "--") {
      ++i;
      break;
    }
    if (word == "--help") {
      Usage(stdout);
      exit(0);
    }
    if (word != "--result" || i + 1 >= argc) return false;
    char* end = nullptr;
    long fd = strtol(argv[++i], &end, 10);
    if (end == argv[i] || *end != '\0' || fd < 0 || fcntl(static_cast<int>(fd), F_GETFD) < 0) {
      fprintf(stderr, "jail: --result %s: not an open file descriptor\n", argv[i]);
      return false;
    }
    options->result = static_cast<int>(fd);
  }
  options->program = argv + i;
  return i < argc;
}

// One raw write, so that a line is whole or absent. Errors have nowhere to go: the reader is gone.
void Report(int fd, const char* format, ...) __attribute__((format(printf, 2, 3)));
void Report(int fd, const char* format, ...) {
  if (fd < 0) return;
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (size >= static_cast<int>(sizeof line)) size = sizeof line - 1;
  [[maybe_unused]] ssize_t written = write(fd, line, static_cast<size_t>(size));
}

// Blanks and percent signs as %20 and %25, so that the value of what= has no blanks.
std::string Escape(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    char code[4];
    if (c <= ' ' || c == '%') {
      snprintf(code, sizeof code, "%%%02X", static_cast<unsigned char>(c));
      escaped += code;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

bool WriteFile(const char* path, const std::string& text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool ok = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return ok;
}

// A /proc that shows the processes of this namespace by the numbers they know themselves by.
bool MountOwnProc() {
  return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

// fork() into new namespaces. In the child: the first process of them, with its own /proc.
pid_t ForkInit(uint64_t namespaces) {
  // The raw call, with fork's semantics: clone() of libc wants a stack.
  return static_cast<pid_t>(
      syscall(SYS_clone, namespaces | static_cast<uint64_t>(SIGCHLD), 0, 0, 0, 0));
}

// ---- init
// ----------------------------------------------------------------------------------------

// The pids below `ancestor`, by /proc's word on who is whose parent.
std::vector<pid_t> Descendants(pid_t ancestor) {
  std::vector<std::pair<pid_t, pid_t>> parents;  // pid, parent
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return {};
  while (dirent* entry = readdir(proc)) {
    pid_t pid = atoi(entry->d_name);
    if (pid <= 0) continue;
    char path[64], stat[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ssize_t size = read(fd, stat, sizeof stat - 1);
    close(fd);
    if (size <= 0) continue;
    stat[size] = '\0';
    // The name may hold anything, blanks and parentheses too: the fields start after the last ')'.
    char state = 0;
    int parent = 0;
    const char* fields = strrchr(stat, ')');
    if (fields && sscanf(fields + 1, " %c %d", &state, &parent) == 2 && state != 'Z')
      parents.emplace_back(pid, parent);
  }
  closedir(proc);
  std::vector<pid_t> below = {ancestor};
  for (size_t i = 0; i < below.size(); ++i)
    for (auto [pid, parent] : parents)
      if (parent == below[i]) below.push_back(pid);
  below.erase(below.begin());
  return below;
}

// Kills and reaps all that is below init; how many were still alive.
int KillRest(Fence fence) {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  int killed = 0;
  for (;;) {
    if (fence == Fence::kSubreaper) {
      for (pid_t pid : Descendants(getpid())) kill(pid, SIGKILL);
    } else {
      kill(-1, SIGKILL);
    }
    int status = 0;
    // Killed ones pass their children on to init, so each reaped one may bring new ones.
    if (waitpid(-1, &status, __WALL) < 0) {
      if (errno == EINTR) continue;
      return killed;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ++killed;
  }
}

Fence subreaper_fence;

void OnWardenGone(int) {
  KillRest(subreaper_fence);
  _exit(kFailed);
}

// Never returns. `report`: the pipe to the warden. `mask`: the signal mask the program is to have.
[[noreturn]] void RunInit(const Options& options, Fence fence, int report, const sigset_t& mask) {
  if (fence == Fence::kSubreaper) {
    // SIGKILL would end init and free its descendants: be told instead.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    subreaper_fence = fence;
    struct sigaction action = {};
    action.sa_handler = OnWardenGone;
    sigaction(SIGUSR1, &action, nullptr);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
  } else {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!MountOwnProc()) {
      Report(report, "fence errno=%d\n", errno);
      _exit(kFailed);
    }
  }
  // The warden may have died before the call above took effect; its end of the pipe tells.
  pollfd pipe_end = {.fd = report, .events = POLLOUT, .revents = 0};
  if (poll(&pipe_end, 1, 0) == 1 && (pipe_end.revents & POLLERR)) _exit(kFailed);

  int started[2];  // closed by a successful exec, else carries errno
  if (pipe2(started, O_CLOEXEC) < 0) {
    Report(report, "failed errno=%d what=pipe\n", errno);
    _exit(kFailed);
  }
  pid_t program = fork();
  if (program < 0) {
    Report(report, "failed errno=%d what=fork\n", errno);
    _exit(kFailed);
  }
  if (program == 0) {
    if (fence == Fence::kSubreaper) prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    execvp(options.program[0], options.program);
    int error = errno;
    [[maybe_unused]] ssize_t written = write(started[1], &error, sizeof error);
    _exit(kFailed);
  }
  close(started[1]);
  // The program's output must end with the program: init keeps nothing of it open.
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; ++fd) dup2(nothing, fd);
  int error = 0;
  ssize_t size;
  while ((size = read(started[0], &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (size == static_cast<ssize_t>(sizeof error)) {
    waitpid(program, nullptr, 0);
    Report(report, "failed errno=%d what=%s\n", error, Escape(options.program[0]).c_str());
    _exit(kFailed);
  }
  for (;;) {
    int status = 0;
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno != EINTR) {
      Report(report, "failed errno=%d what=waitpid\n", errno);
      _exit(kFailed);
    }
    if (pid != program) continue;
    if (WIFEXITED(status)) Report(report, "exited %d\n", WEXITSTATUS(status));
    if (WIFSIGNALED(status)) Report(report, "killed %d\n", WTERMSIG(status));
    int left = KillRest(fence);
    if (left > 0) Report(report, "left %d\n", left);
    _exit(0);
  }
}

// ---- warden
// --------------------------------------------------------------------------------------

struct Jail {
  pid_t init = -1;
  int report = -1;
};

// Starts init behind the best fence there is. False with errno when not even a fork works.
bool StartInit(const Options& options, const sigset_t& mask, Fence fence, Jail* jail) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0) return false;
  uid_t uid = geteuid();
  gid_t gid = getegid();
  uint64_t namespaces = 0;
  if (fence != Fence::kSubreaper) namespaces = CLONE_NEWPID | CLONE_NEWNS;
  if (fence == Fence::kUserNamespace) namespaces |= CLONE_NEWUSER;
  jail->init = ForkInit(namespaces);
  if (jail->init == 0) {
    close(report[0]);
    if (options.result >= 0) close(options.result);
    if (fence == Fence::kUserNamespace) {
      WriteFile("/proc/self/setgroups", "deny");
      WriteFile("/proc/self/uid_map", std::to_string(uid) + " " + std::to_string(uid) + " 1");
      WriteFile("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1");
    }
    RunInit(options, fence, report[1], mask);
  }
  int error = errno;
  close(report[1]);
  jail->report = report[0];
  if (jail->init < 0) close(report[0]);
  errno = error;
  return jail->init > 0;
}

// Dies of `signal` like any program that does not handle it.
[[noreturn]] void DieOf(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
  raise(signal);
  _exit(128 + signal);
}

// Ends init and with it everything.
void End(const Jail& jail, Fence fence) {
  kill(jail.init, fence == Fence::kSubreaper ? SIGUSR1 : SIGKILL);
  waitpid(jail.init, nullptr, __WALL);
  if (fence == Fence::kSubreaper) KillRest(fence);
}

// What init said, as the caller is to read it; how the warden is to exit.
struct Ending {
  int status = kFailed;
  bool fence_failed = false;
  std::string words;
};

Ending Follow(const Jail& jail, Fence fence, int parent, int signals) {
  Ending ending;
  for (;;) {
    pollfd watched[] = {{.fd = jail.report, .events = POLLIN, .revents = 0},
                        {.fd = signals, .events = POLLIN, .revents = 0},
                        {.fd = parent, .events = POLLIN, .revents = 0}};
    if (poll(watched, 3, -1) < 0) continue;
    if (watched[2].revents) {
      End(jail, fence);
      _exit(kFailed);
    }
    if (watched[1].revents & POLLIN) {
      signalfd_siginfo info;
      if (read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        End(jail, fence);
        ending.words = "killed 9\n";
        ending.status = -static_cast<int>(info.ssi_signo);
        return ending;
      }
    }
    if (watched[0].revents == 0) continue;
    char text[512];
    ssize_t size = read(jail.report, text, sizeof text);
    if (size > 0) {
      ending.words.append(text, static_cast<size_t>(size));
    } else if (size == 0) {
      break;
    }
  }
  waitpid(jail.init, nullptr, __WALL);
  // Nothing is left unless init was killed: then its orphans are this process's.
  if (fence == Fence::kSubreaper) KillRest(fence);
  int number = 0;
  if (sscanf(ending.words.c_str(), "exited %d", &number) == 1) {
    ending.status = number;
  } else if (sscanf(ending.words.c_str(), "killed %d", &number) == 1) {
    ending.status = 128 + number;
  } else if (ending.words.starts_with("fence ")) {
    ending.fence_failed = true;
  } else if (sscanf(ending.words.c_str(), "failed errno=%d", &number) == 1) {
    std::string what = ending.words.substr(ending.words.find("what=") + 5);
    what.erase(what.find_last_not_of('\n') + 1);
    fprintf(stderr, "jail: %s: %s\n", what.c_str(), strerror(number));
  } else {
    // Init was killed before it could report; the kernel killed the rest with it.
    ending.words = "killed 9\n";
    ending.status = 128 + SIGKILL;
  }
  return ending;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!ParseArguments(argc, argv, &options)) {
    Usage(stderr);
    return kFailed;
  }
  rlimit no_core = {};
  getrlimit(RLIMIT_CORE, &no_core);
  no_core.rlim_cur = 0;
  setrlimit(RLIMIT_CORE, &no_core);
  if (options.result >= 0) fcntl(options.result, F_SETFD, FD_CLOEXEC);

  sigset_t ends, mask;
  sigemptyset(&ends);
  for (int signal : kEndSignals) sigaddset(&ends, signal);
  sigprocmask(SIG_BLOCK, &ends, &mask);
  int signals = signalfd(-1, &ends, SFD_CLOEXEC);
  int parent = static_cast<int>(syscall(SYS_pidfd_open, getppid(), 0));

  for (Fence fence : {Fence::kNamespace, Fence::kUserNamespace, Fence::kSubreaper}) {
    Jail jail;
    if (fence == Fence::kSubreaper) prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!StartInit(options, mask, fence, &jail)) {
      if (fence != Fence::kSubreaper) continue;
      fprintf(stderr, "jail: cannot fork: %s\n", strerror(errno));
      Report(options.result, "failed errno=%d what=fork\n", errno);
      return kFailed;
    }
    Ending ending = Follow(jail, fence, parent, signals);
    close(jail.report);
    if (ending.fence_failed) continue;
    Report(options.result, "%s", ending.words.c_str());
    if (ending.status < 0) DieOf(-ending.status);
    return ending.status;
  }
  return kFailed;
}
