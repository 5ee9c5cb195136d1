#include "kernel/session.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <utility>

#include "kernel/fault/engine.h"
#include "kernel/job.h"
#include "kernel/record/log.h"
#include "kernel/record/report.h"
#include "kernel/snapshot.h"
#include "kernel/tracer/proc.h"
#include "kernel/tracer/signals.h"
#include "kernel/tracer/tracer.h"

namespace faultline::kernel {
namespace {

// The rules, and an eye on signals that kill.
class Session : public Observer {
 public:
  Session(Engine* engine, std::string postmortem)
      : engine_(engine), postmortem_(std::move(postmortem)) {}

  void set_tracer(Tracer* tracer) {
    tracer_ = tracer;
    engine_->set_tracer(tracer);
  }
  void set_root(pid_t root) { root_ = root; }

  Resume OnSignal(pid_t tid, int signal) override {
    Resume resume = engine_->OnSignal(tid, signal);
    if (!postmortem_.empty() && resume.signal != 0 &&
        DefaultActionOf(resume.signal) == DefaultAction::kDie)
      Examine(tid, resume.signal);
    return resume;
  }
  void OnHandlerEntry(pid_t tid) override { engine_->OnHandlerEntry(tid); }
  bool OnCallEntry(pid_t tid, const EnteredCall& call) override {
    return engine_->OnCallEntry(tid, call);
  }
  void OnCallExit(pid_t tid) override { engine_->OnCallExit(tid); }
  void OnBirth(const Birth& birth) override { engine_->OnBirth(birth); }
  [[nodiscard]] bool HoldsCreators() const override { return engine_->HoldsCreators(); }
  void OnWake(pid_t tid) override { engine_->OnWake(tid); }
  void OnExec(pid_t tid, pid_t former) override { engine_->OnExec(tid, former); }
  void OnGone(pid_t tid) override { engine_->OnGone(tid); }

  // The program itself ended; for a death that no stop announced.
  void OnRootEnd(int status) {
    if (!postmortem_.empty() && WIFSIGNALED(status) && examined_ != root_)
      Write(KilledReport(root_, WTERMSIG(status)));
  }

 private:
  // Writes the postmortem if `signal` will kill the process: the program's own death counts; that
  // of a process that it started only as long as nothing else was worth a report.
  void Examine(pid_t tid, int signal) {
    auto status = ReadStatus(tid);
    if (!status || ((status->caught | status->ignored) & SignalBit(signal))) return;
    pid_t tgid = status->tgid;
    if (examined_ == root_ || (examined_ != 0 && tgid != root_)) return;
    siginfo_t info;
    if (ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) != 0) return;
    auto where = Locate(tgid);
    std::vector<pid_t> stopped = tracer_->Stop(ThreadsOf(tgid));
    examined_ = tgid;
    try {
      Write(PostmortemReport(tgid, tid, info, stopped, where));
    } catch (const std::exception& error) {
      fmt::print(stderr, "inject: no postmortem: {}\n", error.what());
    }
  }

  void Write(const std::string& report) {
    int fd = open(postmortem_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok =
        fd >= 0 && write(fd, report.data(), report.size()) == static_cast<ssize_t>(report.size());
    if (!ok)
      fmt::print(stderr, "inject: cannot write the postmortem {}: {}\n", postmortem_,
                 strerror(errno != 0 ? errno : ENOSPC));
    if (fd >= 0) close(fd);
  }

  Engine* engine_;
  Tracer* tracer_ = nullptr;
  std::string postmortem_;
  pid_t root_ = 0;
  pid_t examined_ = 0;  // whose death the postmortem tells
};

int Fail(const std::string& what) {
  fmt::print(stderr, "inject: {}\n", what);
  return kExitFailed;
}

int SayNotRunnable(const char* name, int error) {
  fmt::print(stderr, "inject: cannot run '{}': {}\n", name, strerror(error));
  return error == ENOENT ? kExitNotFound : kExitNotRunnable;
}

void OnWakeSignal(int) {}  // its coming ends the tracer's wait; that is all it is for

}  // namespace

int RunSession(SessionOptions options) {
  const char* name = options.program[0];
  std::string path = FindProgram(name);
  if (path.empty()) return SayNotRunnable(name, errno);
  Log log;
  if (!options.log.empty() && !log.Open(options.log))
    return Fail(fmt::format("cannot open the log {}: {}", options.log, strerror(errno)));

  Job job;
  if (!SplitJob(&job)) return Fail(fmt::format("cannot start: {}", strerror(errno)));
  Engine engine(std::move(options.rules), &log);
  Program program;
  if (!StartProgram(job, path, options.program, engine.Filter(), &program))
    _exit(Fail(fmt::format("cannot fork: {}", strerror(errno))));

  Session session(&engine, options.postmortem);
  Tracer tracer(&session);
  session.set_tracer(&tracer);
  session.set_root(program.pid);
  tracer.on_root_stop = [&](int signal) { TellStop(job, signal); };
  tracer.on_interrupt = [&] { ServeSnapshot(job, &tracer); };
  tracer.on_root_end = [&](int status, bool last) {
    if (int error = ExecFailure(program)) _exit(SayNotRunnable(name, error));
    session.OnRootEnd(status);
    TellEnd(job, status, last);
  };
  struct sigaction action = {};
  action.sa_handler = OnWakeSignal;
  sigaction(kWakeSignal, &action, nullptr);
  sigset_t wake;
  sigemptyset(&wake);
  sigaddset(&wake, kWakeSignal);
  sigprocmask(SIG_UNBLOCK, &wake, nullptr);

  if (!tracer.Seize(program.pid)) {
    int error = errno;
    kill(program.pid, SIGKILL);
    _exit(Fail(fmt::format("cannot trace: {}{}", strerror(error),
                           error == EPERM ? " (is ptrace allowed here?)" : "")));
  }
  job.control->program = program.pid;
  ReleaseInherited();
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  ReleaseProgram(&program);
  tracer.Run();
  _exit(0);
}

}  // namespace faultline::kernel
