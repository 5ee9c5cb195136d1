#include "kernel/job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernel/tracer/proc.h"

namespace faultline::kernel {
namespace {

void Silence(int fd) {
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0) {
    close(fd);
    return;
  }
  dup2(nothing, fd);
  close(nothing);
}

// Ends the front the way `status` says that the program ended.
[[noreturn]] void EndAs(int status) {
  if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
  int signal = WTERMSIG(status);
  // The program dumped its core or did not; this process has nothing to tell in one.
  rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  ::signal(signal, SIG_DFL);
  kill(getpid(), signal);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
  // Still here: the first process of a PID namespace cannot be killed from within.
  _exit(128 + signal);
}

// Stops this process by `signal`. Returns when it was continued: SIGCONT is pending then.
void StopBy(int signal) {
  sigset_t only, pending;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::signal(signal, SIG_DFL);
  // In this order: it may be pending already, from the terminal, and one stop is enough.
  kill(getpid(), signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
  sigprocmask(SIG_BLOCK, &only, nullptr);
  // No stop, no SIGCONT. Only SIGSTOP stops an orphaned process group, and the program may have
  // left ours for one that is none.
  if (sigpending(&pending) == 0 && !sigismember(&pending, SIGCONT)) kill(getpid(), SIGSTOP);
}

// The front's side of TellStop.
void FollowStop(Control* control) {
  control->stopping = 1;
  if (int signal = control->stop) StopBy(signal);
  control->stopping = 0;
}

// Wakes the front. A SIGCONT that comes between its look at `stop` and its stop is lost in it, so
// one is not enough; that it lowers `stopping` is the sign that it is awake.
void Continue(const Job& job) {
  job.control->stop = 0;
  kill(job.front, SIGCONT);
  while (job.control->stopping) {
    kill(job.front, SIGCONT);
    sched_yield();
  }
}

// Whether a signal that came to the front has to be passed on. What the terminal sends goes to the
// whole job, so the program has it already; so it is with what a traced process sends (kill(0, …)).
bool ComesFromOutside(const siginfo_t& info, pid_t tracer) {
  if (info.si_code == SI_KERNEL || info.si_pid == tracer) return false;
  auto sender = ReadStatus(info.si_pid);
  return !sender || sender->tracer != tracer;
}

[[noreturn]] void RunFront(const Job& job, pid_t tracer) {
  Silence(STDIN_FILENO);
  Silence(STDOUT_FILENO);
  ReleaseInherited();
  sigset_t all;
  sigfillset(&all);
  for (;;) {
    siginfo_t info;
    int signal = sigwaitinfo(&all, &info);
    if (signal == SIGCHLD) {
      int status = 0;
      if (job.control->ended && !job.control->last) EndAs(job.control->status);
      FollowStop(job.control);
      // The tracer stays a zombie until here, so its number is nobody else's.
      if (waitpid(tracer, &status, WNOHANG) != tracer) continue;
      if (job.control->ended) EndAs(job.control->status);
      if (WIFEXITED(status)) _exit(WEXITSTATUS(status));  // it has said why
      fprintf(stderr,
              "inject: the tracer was killed (%s); every traced process was killed with it\n",
              strsignal(WTERMSIG(status)));
      _exit(kExitFailed);
    }
    pid_t program = job.control->program;
    if (signal > 0 && program != 0 && ComesFromOutside(info, tracer)) kill(program, signal);
  }
}

}  // namespace

int Fail(std::string_view command, std::string_view what) {
  fmt::print(stderr, "{}: {}\n", command, what);
  return kExitFailed;
}

int SayNotRunnable(std::string_view command, const char* program, int error) {
  fmt::print(stderr, "{}: cannot run '{}': {}\n", command, program, strerror(error));
  return error == ENOENT ? kExitNotFound : kExitNotRunnable;
}

bool SplitJob(Job* job) {
  job->control_fd = memfd_create(kControlName, MFD_CLOEXEC);
  if (job->control_fd < 0 || ftruncate(job->control_fd, kControlPage) != 0) return false;
  void* page = mmap(nullptr, kControlPage, PROT_READ | PROT_WRITE, MAP_SHARED, job->control_fd, 0);
  if (page == MAP_FAILED) return false;
  job->control = new (page) Control{};
  job->front = getpid();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &job->mask);
  pid_t tracer = fork();
  if (tracer < 0) return false;
  if (tracer > 0) RunFront(*job, tracer);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != job->front) _exit(kExitFailed);  // the front died before that took effect
  setpgid(0, 0);
  return true;
}

void ReleaseInherited() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return;
  std::vector<int> inherited;
  while (dirent* entry = readdir(folder)) {
    int fd = static_cast<int>(strtol(entry->d_name, nullptr, 10));
    int flags = fcntl(fd, F_GETFD);
    if (fd > STDERR_FILENO && flags >= 0 && !(flags & FD_CLOEXEC)) inherited.push_back(fd);
  }
  closedir(folder);
  for (int fd : inherited) close(fd);
}

void TellEnd(const Job& job, int status, bool last) {
  if (!last) {
    // From here on this process stands for what the program left behind, and ends with it.
    prctl(PR_SET_PDEATHSIG, 0);
    Silence(STDERR_FILENO);
  }
  job.control->status = status;
  job.control->last = last;
  job.control->ended = 1;
  Continue(job);  // it may be stopped, as the program was
  if (!last) kill(job.front, SIGCHLD);
}

void TellStop(const Job& job, int signal) {
  if (signal == 0) {
    Continue(job);
    return;
  }
  job.control->stop = signal;
  kill(job.front, SIGCHLD);
}

bool StartProgram(const Job& job, const std::string& path, char** arguments,
                  const CallFilter& filter, Program* program) {
  int go[2], failure[2];
  if (pipe2(go, O_CLOEXEC) != 0) return false;
  if (pipe2(failure, O_CLOEXEC) != 0) return false;
  program->pid = fork();
  if (program->pid < 0) return false;
  if (program->pid == 0) {
    close(go[1]);
    close(failure[0]);
    setpgid(0, getpgid(job.front));
    char word;
    ssize_t size;
    while ((size = read(go[0], &word, 1)) < 0 && errno == EINTR) {
    }
    if (size != 1) _exit(kExitFailed);  // the tracer is gone; nobody may run the program untraced
    sigprocmask(SIG_SETMASK, &job.mask, nullptr);
    if (filter.empty() || filter.Install()) execv(path.c_str(), arguments);
    int error = errno;
    [[maybe_unused]] ssize_t written = write(failure[1], &error, sizeof error);
    _exit(kExitNotRunnable);
  }
  close(go[0]);
  close(failure[1]);
  program->go = go[1];
  program->failure = failure[0];
  return true;
}

void ReleaseProgram(Program* program) {
  // A process that was killed has nobody who reads; this one lives on to say so.
  [[maybe_unused]] ssize_t written = write(program->go, "g", 1);
  close(program->go);
  program->go = -1;
}

int ExecFailure(const Program& program) {
  int error = 0;
  return read(program.failure, &error, sizeof error) == sizeof error ? error : 0;
}

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    struct stat file;
    return stat(name.c_str(), &file) == 0 ? name : "";
  }
  const char* variable = getenv("PATH");
  std::string folders = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
  std::string unusable;
  for (size_t begin = 0; begin <= folders.size() && !name.empty();) {
    size_t end = std::min(folders.find(':', begin), folders.size());
    std::string folder = folders.substr(begin, end - begin);
    std::string path = (folder.empty() ? "." : folder) + "/" + name;
    struct stat file;
    if (stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode)) {
      if (access(path.c_str(), X_OK) == 0) return path;
      if (unusable.empty()) unusable = path;
    }
    begin = end + 1;
  }
  if (unusable.empty()) errno = ENOENT;
  return unusable;
}

}  // namespace faultline::kernel
