#include "kernel/session.h"

#include <errno.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <memory>
#include <utility>

#include "kernel/fault/engine.h"
#include "kernel/job.h"
#include "kernel/record/flight.h"
#include "kernel/record/log.h"
#include "kernel/record/recorder.h"
#include "kernel/record/report.h"
#include "kernel/snapshot.h"
#include "kernel/tracer/proc.h"
#include "kernel/tracer/signals.h"
#include "kernel/tracer/tracer.h"

namespace faultline::kernel {
namespace {

constexpr const char* kName = "inject";

// The rules, and an eye on signals that kill and on threads that do nothing any more.
class Session : public Observer {
 public:
  Session(Engine* engine, Log* log, const SessionOptions& options)
      : engine_(engine), postmortem_(options.postmortem), hang_after_(options.hang_after) {
    if (!options.record) return;
    recorder_ = std::make_unique<Recorder>();
    log->on_lie = [this](const Lie& lie) { recorder_->OnLie(lie); };
  }

  // Before the program runs.
  void set_tracer(Tracer* tracer) {
    tracer_ = tracer;
    engine_->set_tracer(tracer);
    if (hang_after_ != 0) tracer_->After(hang_after_ * kSecond, [this] { LookForHang(); });
  }
  void set_root(pid_t root) { root_ = root; }

  // The calls that have to stop.
  [[nodiscard]] CallFilter Filter() const {
    CallFilter filter = engine_->Filter();
    if (recorder_) filter.AddAll();
    return filter;
  }

  Resume OnSignal(pid_t tid, int signal) override {
    ++events_;
    Resume resume = engine_->OnSignal(tid, signal);
    if (recorder_) recorder_->OnSignal(tid, signal, resume.signal);
    if ((recorder_ || !postmortem_.empty()) && resume.signal != 0 &&
        DefaultActionOf(resume.signal) == DefaultAction::kDie)
      Examine(tid, resume.signal);
    return resume;
  }
  bool OnCallEntry(pid_t tid, const EnteredCall& call) override {
    ++events_;
    if (recorder_) recorder_->OnCallEntry(tid, call);
    return engine_->OnCallEntry(tid, call) || recorder_;
  }
  void OnCallExit(pid_t tid) override {
    ++events_;
    engine_->OnCallExit(tid);
    Registers registers;
    if (recorder_ && registers.Fetch(tid)) recorder_->OnCallExit(tid, registers.Result());
  }
  void OnBirth(const Birth& birth) override {
    ++events_;
    if (recorder_) recorder_->OnBirth(birth);
    engine_->OnBirth(birth);
  }
  void OnExec(pid_t tid, pid_t former) override {
    ++events_;
    if (recorder_) recorder_->OnExec(tid, former);
    engine_->OnExec(tid, former);
  }
  void OnGone(pid_t tid) override {
    ++events_;
    // The root's own events are kept for OnRootEnd.
    if (recorder_ && tid != root_) recorder_->OnGone(tid);
    engine_->OnGone(tid);
  }
  void OnHandlerEntry(pid_t tid) override { engine_->OnHandlerEntry(tid); }
  void OnWake(pid_t tid) override { engine_->OnWake(tid); }
  [[nodiscard]] bool HoldsCreators() const override { return engine_->HoldsCreators(); }

  // The program itself ended; for a death that no stop announced.
  void OnRootEnd(int status) {
    if (WIFSIGNALED(status) && examined_ != root_) {
      std::string report = KilledReport(root_, WTERMSIG(status), recorder_.get());
      Tell(report, fmt::format("the program was killed by {}; nobody could see it coming",
                               SignalName(WTERMSIG(status))));
    }
    if (recorder_) recorder_->OnGone(root_);
  }

 private:
  static constexpr int64_t kSecond = 1000000000;

  // Reports if `signal` will kill the process: the program's own death counts; that of a process
  // that it started only as long as nothing else was worth a report.
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
      Tell(PostmortemReport(tgid, tid, info, stopped, where, recorder_.get()),
           fmt::format("{} kills {} {}, thread {}", SignalName(signal),
                       tgid == root_ ? "the program, process" : "process", tgid, tid));
    } catch (const std::exception& error) {
      fmt::print(stderr, "inject: no postmortem: {}\n", error.what());
    }
  }

  // Once per hang: after an event the watch begins anew.
  void LookForHang() {
    tracer_->After(hang_after_ * kSecond, [this] { LookForHang(); });
    bool hangs = events_ == seen_events_;
    bool told = std::exchange(told_hang_, hangs);
    seen_events_ = events_;
    auto status = ReadStatus(root_);
    // What somebody has stopped does not hang.
    if (!hangs || told || !status || status->state == 'T' || status->state == 't') return;
    auto where = Locate(root_);
    std::vector<pid_t> stopped = tracer_->Stop(ThreadsOf(root_));
    try {
      fmt::print(stderr, "{}",
                 FlightText(SnapshotReport(root_, stopped, where, recorder_.get()),
                            fmt::format("nothing has happened for {} s; the program goes on",
                                        hang_after_)));
    } catch (const std::exception& error) {
      fmt::print(stderr, "inject: cannot look at the program: {}\n", error.what());
    }
  }

  void Tell(const std::string& report, const std::string& why) {
    if (recorder_) fmt::print(stderr, "{}", FlightText(report, why));
    if (!postmortem_.empty()) WriteReport(report, postmortem_, kName);
  }

  Engine* engine_;
  Tracer* tracer_ = nullptr;
  std::unique_ptr<Recorder> recorder_;
  std::string postmortem_;
  pid_t root_ = 0;
  pid_t examined_ = 0;  // whose death was told of
  unsigned hang_after_;
  uint64_t events_ = 0;
  uint64_t seen_events_ = 0;
  bool told_hang_ = false;
};

LogHead HeadOf(const SessionOptions& options) {
  LogHead head = {.seed = options.seed, .rules = {}, .program = {}};
  for (const Rule& rule : options.rules) head.rules.push_back(rule.text());
  for (char** word = options.program; *word != nullptr; ++word) head.program.emplace_back(*word);
  return head;
}

void OnWakeSignal(int) {}  // its coming ends the tracer's wait; that is all it is for

}  // namespace

int RunSession(SessionOptions options) {
  const char* name = options.program[0];
  std::string path = FindProgram(name);
  if (path.empty()) return SayNotRunnable(kName, name, errno);
  Log log;
  if (!options.log.empty() && !log.Open(options.log, HeadOf(options)))
    return Fail(kName, fmt::format("cannot open the log {}: {}", options.log, strerror(errno)));

  Job job;
  if (!SplitJob(&job)) return Fail(kName, fmt::format("cannot start: {}", strerror(errno)));
  Engine engine(std::move(options.rules), &log);
  Session session(&engine, &log, options);
  const size_t to_tell = engine.Outstanding();
  Program program;
  if (!StartProgram(job, path, options.program, session.Filter(), &program))
    _exit(Fail(kName, fmt::format("cannot fork: {}", strerror(errno))));

  Tracer tracer(&session);
  session.set_tracer(&tracer);
  session.set_root(program.pid);
  tracer.on_root_stop = [&](int signal) { TellStop(job, signal); };
  tracer.on_interrupt = [&] { ServeSnapshot(job, &tracer); };
  tracer.on_root_end = [&](int status, bool last) {
    if (int error = ExecFailure(program)) _exit(SayNotRunnable(kName, name, error));
    session.OnRootEnd(status);
    if (size_t untold = engine.Outstanding(); untold != 0)
      fmt::print(stderr, "inject: {} of {} lies in {} found no opportunity\n", untold, to_tell,
                 options.replay);
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
    // Somebody may have killed the process already; then that is all there is to tell.
    int status = 0;
    if (waitpid(program.pid, &status, WNOHANG) == program.pid) {
      TellEnd(job, status, /*last=*/true);
      _exit(0);
    }
    kill(program.pid, SIGKILL);
    _exit(Fail(kName, fmt::format("cannot trace: {}{}", strerror(error),
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
