#include "kernel/tracer/tracer.h"

#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "kernel/tracer/call_filter.h"
#include "kernel/tracer/clock.h"
#include "kernel/tracer/proc.h"
#include "kernel/tracer/registers.h"
#include "kernel/tracer/remote_call.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

constexpr long kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                          PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD |
                          PTRACE_O_TRACESECCOMP;

unsigned long EventMessage(pid_t tid) {
  unsigned long message = 0;
  ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &message);
  return message;
}

// A call that a filter of the program's own wants a tracer to see: there is none, it thinks, and
// the call fails with ENOSYS (seccomp(2), SECCOMP_RET_TRACE).
void RefuseCall(pid_t tid) {
  Registers registers;
  registers.FetchWhenAsked(tid);
  registers.SkipCall(-ENOSYS);
  registers.Store(tid);
}

void OnAlarm(int) {}  // its coming ends the wait for a tracee

// The kernel's own stop after a handler's frame was built under PTRACE_SINGLESTEP: ptrace_notify
// (kernel/signal.c, signal_delivered) gives it the code SIGTRAP, which nothing else sends.
bool IsHandlerEntry(pid_t tid) {
  siginfo_t info;
  return ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) == 0 && info.si_code == SIGTRAP;
}

// A trap that our own single-stepping caused, but not at a handler's entry.
bool IsStepTrap(pid_t tid) {
  siginfo_t info;
  return ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) == 0 &&
         (info.si_code == TRAP_TRACE || info.si_code == TRAP_BRKPT);
}

// How long Stop waits for threads that may be unable to stop, in milliseconds.
constexpr int kStopPatience = 1000;

// How often timers are looked at, in microseconds.
constexpr int kTick = 1000;

}  // namespace

bool Tracer::Seize(pid_t root) {
  if (ptrace(PTRACE_SEIZE, root, nullptr, kOptions) != 0) return false;
  root_ = root;
  tracees_[root] = {.tgid = root, .born = true, .delivered = true};
  return true;
}

void Tracer::Run() {
  // Stops are waited for: no signal has to tell of them as well.
  struct sigaction quiet = {};
  quiet.sa_flags = SA_NOCLDSTOP;
  sigaction(SIGCHLD, &quiet, nullptr);
  TakePrecedence();
  // Until the kernel says that there is none: a process may have been forked that was not heard of
  // yet, by one that is gone.
  Event event;
  while (Next(&event)) OnEvent(event);
}

pid_t Tracer::Await(int* status) {
  polled_ = false;
  if (eagerness_.ShouldPoll()) {
    for (int i = 0; i < Eagerness::kPolls; ++i) {
      pid_t tid = waitpid(-1, status, __WALL | WNOHANG);
      if (tid == 0) continue;
      polled_ = tid > 0;
      if (polled_) eagerness_.Found();
      return tid;
    }
    eagerness_.InVain();
  }
  return waitpid(-1, status, __WALL);
}

bool Tracer::Next(Event* event) {
  if (!deferred_.empty()) {
    *event = deferred_.front();
    deferred_.pop_front();
    return true;
  }
  for (;;) {
    RunTimers();
    event->tid =
        arrivals_.empty() ? Await(&event->status) : waitpid(-1, &event->status, __WALL | WNOHANG);
    if (event->tid == 0) {
      // Before a wait that might be for ever.
      DeliverOrphans();
      if (!deferred_.empty()) return Next(event);
      event->tid = Await(&event->status);
    }
    if (event->tid > 0) return true;
    if (errno != EINTR) return false;
    if (on_interrupt) on_interrupt();
    // Stop() may have taken events meanwhile.
    if (!deferred_.empty()) return Next(event);
  }
}

void Tracer::OnEvent(const Event& event) {
  if (!WIFSTOPPED(event.status)) {
    OnEnd(event.tid, event.status);
    return;
  }
  Tracee& tracee = tracees_[event.tid];
  tracee.stopped = true;
  if (polled_) {
    affinity_.OnFound();
  } else {
    affinity_.OnStop(event.tid);
  }
  int signal = WSTOPSIG(event.status);
  switch (event.status >> 16) {
    case 0:
      if (signal == kCallTrap) {
        OnCallTrap(event.tid, tracee);
      } else {
        OnSignalStop(event.tid, tracee, signal);
      }
      break;
    case PTRACE_EVENT_SECCOMP:
      OnCallStop(event.tid, tracee);
      break;
    case PTRACE_EVENT_STOP:
      OnEventStop(event.tid, tracee, signal);
      break;
    case PTRACE_EVENT_CLONE:
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK: {
      auto born = static_cast<pid_t>(EventMessage(event.tid));
      if (born <= 0) {  // killed meanwhile
        Go(event.tid, tracee, PTRACE_CONT, 0);
        break;
      }
      // clone(2) makes threads and processes; Deliver tells them apart.
      Birth::Kind kind = event.status >> 16 == PTRACE_EVENT_CLONE   ? Birth::Kind::kThread
                         : event.status >> 16 == PTRACE_EVENT_VFORK ? Birth::Kind::kVfork
                                                                    : Birth::Kind::kFork;
      Announce({.tid = born, .parent = event.tid, .ordinal = ++tracee.made, .kind = kind});
      break;
    }
    case PTRACE_EVENT_EXEC:
      OnExecStop(event.tid);
      break;
    default:
      Go(event.tid, tracee, PTRACE_CONT, 0);
      break;
  }
}

void Tracer::OnEnd(pid_t tid, int status) {
  pid_t tgid = tracees_[tid].tgid;
  tracees_.erase(tid);
  // Died before its first stop: its creator need not wait for it.
  if (auto found = arrivals_.find(tid); found != arrivals_.end()) {
    pid_t parent = found->second.announced.value_or(Birth{}).parent;
    arrivals_.erase(found);
    auto creator = tracees_.find(parent);
    if (creator != tracees_.end() && observer_->HoldsCreators())
      Go(parent, creator->second, PTRACE_CONT, 0);
  }
  ForgetCreator(tid);
  auto process = tracees_.find(tgid);
  if (process != tracees_.end() && WIFSIGNALED(status)) process->second.lost_threads = true;
  observer_->OnGone(tid);
  if (tid == root_ && on_root_end) on_root_end(status, !AnyLeft());
}

bool Tracer::AnyLeft() const {
  siginfo_t unused;
  return !deferred_.empty() ||
         waitid(P_ALL, 0, &unused, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) == 0;
}

void Tracer::OnExecStop(pid_t tid) {
  // All other threads of the process are gone; the one that called exec goes by the leader's number
  // now, and its own former number is never heard of again.
  auto former = static_cast<pid_t>(EventMessage(tid));
  if (former != tid) {
    Tracee& leader = tracees_[tid];
    leader.in_call = tracees_[former].in_call;
    std::ranges::move(tracees_[former].countdowns, std::back_inserter(leader.countdowns));
    tracees_.erase(former);
    observer_->OnGone(former);
  }
  ForgetCreator(tid);
  observer_->OnExec(tid, former);
  Tracee& tracee = tracees_[tid];
  tracee = {.tgid = tid,
            .born = true,
            .delivered = true,
            .stopped = true,
            .in_call = tracee.in_call,
            .lost_threads = tracee.lost_threads,
            .countdowns = std::move(tracee.countdowns)};
  Go(tid, tracee, PTRACE_CONT, 0);
}

void Tracer::OnCallStop(pid_t tid, Tracee& tracee) {
  __ptrace_syscall_info info = {};
  if (ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), tid, sizeof info, &info) > 0 &&
      info.op == PTRACE_SYSCALL_INFO_SECCOMP) {
    if (info.seccomp.ret_data == kFilterMessage) {
      EnteredCall call = {.arch = info.arch == AUDIT_ARCH_X86_64 ? Arch::kAmd64 : Arch::k386,
                          .number = static_cast<int>(info.seccomp.nr),
                          .arguments = {},
                          .pc = info.instruction_pointer};
      std::copy(std::begin(info.seccomp.args), std::end(info.seccomp.args), call.arguments.begin());
      tracee.in_call = observer_->OnCallEntry(tid, call);
    } else {
      RefuseCall(tid);
    }
  }
  Go(tid, tracee, PTRACE_CONT, 0);
}

void Tracer::OnCallTrap(pid_t tid, Tracee& tracee) {
  __ptrace_syscall_info info = {};
  bool entry =
      !tracee.countdowns.empty() &&
      ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), tid, sizeof info, &info) > 0 &&
      info.op == PTRACE_SYSCALL_INFO_ENTRY;
  if (!entry) {
    if (std::exchange(tracee.in_call, false)) observer_->OnCallExit(tid);
    std::vector<Countdown> running = std::exchange(tracee.countdowns, {});
    for (Countdown& countdown : running) {
      if (--countdown.calls == 0) {
        countdown.action();
      } else {
        tracee.countdowns.push_back(std::move(countdown));
      }
    }
  }
  Go(tid, tracee, PTRACE_CONT, 0);
}

void Tracer::AfterCalls(pid_t tid, uint64_t count, std::function<void()> action) {
  auto found = tracees_.find(tid);
  if (found == tracees_.end()) return;
  found->second.countdowns.push_back({.calls = count, .action = std::move(action)});
}

void Tracer::Announce(const Birth& birth) {
  bool given_up = tracees_[birth.tid].delivered;  // or one more to wait for
  if (given_up || !observer_->HoldsCreators())
    Go(birth.parent, tracees_[birth.parent], PTRACE_CONT, 0);
  if (given_up) return;
  Arrival& arrival = arrivals_[birth.tid];
  if (arrival.arrived) {
    Deliver(birth);
  } else {
    arrival.announced = birth;
  }
}

void Tracer::OnFirstStop(pid_t tid) {
  Arrival& arrival = arrivals_[tid];
  arrival.arrived = true;
  if (arrival.announced) Deliver(*arrival.announced);
}

void Tracer::Deliver(Birth birth) {
  arrivals_.erase(birth.tid);
  Tracee& tracee = tracees_[birth.tid];
  auto creator = tracees_.find(birth.parent);
  if (creator == tracees_.end()) {
    birth.parent = 0;
    auto status = ReadStatus(birth.tid);
    tracee.tgid = status ? status->tgid : birth.tid;
  } else if (birth.kind == Birth::Kind::kThread &&
             tgkill(creator->second.tgid, birth.tid, 0) == 0) {
    tracee.tgid = creator->second.tgid;
  } else {
    tracee.tgid = birth.tid;
  }
  if (tracee.tgid != birth.tid) {
    birth.kind = Birth::Kind::kThread;
  } else if (birth.kind == Birth::Kind::kThread) {
    birth.kind = Birth::Kind::kFork;  // clone(2) without CLONE_THREAD
  }
  tracee.delivered = true;
  observer_->OnBirth(birth);
  // A thread that is born into a process that stops.
  Go(birth.tid, tracee, tracee.group_stop ? PTRACE_LISTEN : PTRACE_CONT, 0);
  tracee.group_stop = false;
  if (creator != tracees_.end() && observer_->HoldsCreators())
    Go(birth.parent, creator->second, PTRACE_CONT, 0);
}

void Tracer::ForgetCreator(pid_t tid) {
  for (auto& [born, arrival] : arrivals_)
    if (arrival.announced && arrival.announced->parent == tid) arrival.announced->parent = 0;
}

void Tracer::DeliverOrphans() {
  std::vector<pid_t> orphans;
  for (const auto& [born, arrival] : arrivals_) {
    if (!arrival.arrived) continue;
    auto status = ReadStatus(born);
    if (!status) continue;  // it was killed: its end is reported in its turn
    pid_t creator = status->tgid != born ? status->tgid : status->parent;
    // What the program passed on to its own parent (CLONE_PARENT).
    if (creator == getpid()) creator = root_;
    auto found = tracees_.find(creator);
    if (found == tracees_.end() || (found->second.lost_threads && !WillAnnounce(creator, born)))
      orphans.push_back(born);
  }
  for (pid_t born : orphans) Deliver({.tid = born});
}

bool Tracer::WillAnnounce(pid_t creator, pid_t born) {
  // A thread on its way out of fork stops for the announcement before it stops for this.
  Stop(ThreadsOf(creator));
  return std::any_of(deferred_.begin(), deferred_.end(), [&](const Event& event) {
    int what = event.status >> 16;
    return WIFSTOPPED(event.status) &&
           (what == PTRACE_EVENT_CLONE || what == PTRACE_EVENT_FORK ||
            what == PTRACE_EVENT_VFORK) &&
           static_cast<pid_t>(EventMessage(event.tid)) == born;
  });
}

void Tracer::After(int64_t delay, std::function<void()> action) {
  timers_.push({.when = Clock() + delay, .action = std::move(action)});
  if (timers_.size() > 1) return;
  // Again and again while there are timers: one alarm may come just before the wait begins.
  struct sigaction alarm = {};
  alarm.sa_handler = OnAlarm;
  sigaction(SIGALRM, &alarm, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
  itimerval tick = {.it_interval = {.tv_sec = 0, .tv_usec = kTick},
                    .it_value = {.tv_sec = 0, .tv_usec = kTick}};
  setitimer(ITIMER_REAL, &tick, nullptr);
}

void Tracer::RunTimers() {
  if (timers_.empty()) return;
  while (!timers_.empty() && timers_.top().when <= Clock()) {
    std::function<void()> action = timers_.top().action;
    timers_.pop();
    action();
  }
  if (!timers_.empty()) return;
  itimerval off = {};
  setitimer(ITIMER_REAL, &off, nullptr);
}

void Tracer::OnSignalStop(pid_t tid, Tracee& tracee, int signal) {
  tracee.in_call = false;
  if (tracee.to_handler) {
    tracee.to_handler = false;
    if (signal == SIGTRAP && IsHandlerEntry(tid)) {
      observer_->OnHandlerEntry(tid);
      Go(tid, tracee, PTRACE_CONT, 0);
      return;
    }
    // The handler was taken away in the last moment, and the step went on in the program.
    if (signal == SIGTRAP && IsStepTrap(tid)) {
      Go(tid, tracee, PTRACE_CONT, 0);
      return;
    }
  }
  Resume resume = observer_->OnSignal(tid, signal);
  tracee.to_handler = resume.stop_at_handler;
  Go(tid, tracee, resume.stop_at_handler ? PTRACE_SINGLESTEP : PTRACE_CONT, resume.signal);
}

void Tracer::OnEventStop(pid_t tid, Tracee& tracee, int signal) {
  bool group_stop = DefaultActionOf(signal) == DefaultAction::kStop;
  if (tid == root_ && group_stop != root_stopped_) {
    root_stopped_ = group_stop;
    if (on_root_stop) on_root_stop(group_stop ? signal : 0);
  }
  if (!tracee.born) {
    tracee.born = true;
    tracee.own_interrupt = false;
    tracee.group_stop = group_stop;
    OnFirstStop(tid);
    return;
  }
  bool silent = tracee.own_interrupt;
  tracee.own_interrupt = false;
  if (group_stop) {
    // Let it be one: the thread stays stopped, and stops anew when the state changes.
    Go(tid, tracee, PTRACE_LISTEN, 0);
    return;
  }
  if (!silent) observer_->OnWake(tid);
  Go(tid, tracee, PTRACE_CONT, 0);
}

void Tracer::Go(pid_t tid, Tracee& tracee, int request, int signal) {
  tracee.stopped = false;
  if (request == PTRACE_CONT && (tracee.in_call || !tracee.countdowns.empty()))
    request = PTRACE_SYSCALL;
  // Fails only if the thread was killed: its end is reported in its turn.
  ptrace(static_cast<__ptrace_request>(request), tid, nullptr, static_cast<long>(signal));
}

void Tracer::Wake(pid_t tid) { ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr); }

std::optional<int64_t> Tracer::CallInNewborn(pid_t tid, std::string_view call,
                                             const std::array<uint64_t, 6>& arguments) {
  RemoteResult remote = CallRemotely(tid, call, arguments);
  if (remote.end) {
    deferred_.push_back({.tid = tid, .status = *remote.end});
    return std::nullopt;
  }
  Tracee& tracee = tracees_[tid];
  if (remote.was_stopped || tracee.group_stop) {
    // It has left that stop. It comes to it again.
    tracee.group_stop = false;
    ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
  }
  return remote.result;
}

std::vector<pid_t> Tracer::Stop(const std::vector<pid_t>& tids) {
  std::vector<pid_t> stopped, awaited;
  for (pid_t tid : tids) {
    auto found = tracees_.find(tid);
    if (found == tracees_.end()) continue;
    if (found->second.stopped) {
      stopped.push_back(tid);
    } else if (ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) == 0) {
      found->second.own_interrupt = true;
      awaited.push_back(tid);
    }
  }
  for (int waited = 0; !awaited.empty() && waited < kStopPatience;) {
    Event event;
    event.tid = waitpid(-1, &event.status, __WALL | WNOHANG);
    if (event.tid < 0 && errno != EINTR) break;
    if (event.tid <= 0) {
      timespec millisecond = {.tv_sec = 0, .tv_nsec = 1000000};
      nanosleep(&millisecond, nullptr);
      ++waited;
      continue;
    }
    deferred_.push_back(event);
    auto found = std::find(awaited.begin(), awaited.end(), event.tid);
    if (WIFSTOPPED(event.status)) {
      tracees_[event.tid].stopped = true;
      if (found != awaited.end()) stopped.push_back(event.tid);
    }
    if (found != awaited.end()) awaited.erase(found);
  }
  std::sort(stopped.begin(), stopped.end());
  return stopped;
}

}  // namespace faultline::kernel
