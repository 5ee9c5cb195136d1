#include "kernel/tracer/tracer.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>

#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

constexpr long kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                          PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;

pid_t EventMessage(pid_t tid) {
  unsigned long message = 0;
  ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &message);
  return static_cast<pid_t>(message);
}

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

}  // namespace

bool Tracer::Seize(pid_t root) {
  if (ptrace(PTRACE_SEIZE, root, nullptr, kOptions) != 0) return false;
  root_ = root;
  tracees_[root].born = true;
  return true;
}

void Tracer::Run() {
  Event event;
  while (!tracees_.empty() && Next(&event)) OnEvent(event);
}

bool Tracer::Next(Event* event) {
  if (!deferred_.empty()) {
    *event = deferred_.front();
    deferred_.pop_front();
    return true;
  }
  for (;;) {
    event->tid = waitpid(-1, &event->status, __WALL);
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
  auto [found, unannounced] = tracees_.try_emplace(event.tid);
  if (unannounced) unannounced_.insert(event.tid);
  Tracee& tracee = found->second;
  tracee.stopped = true;
  affinity_.OnStop(event.tid);
  int signal = WSTOPSIG(event.status);
  switch (event.status >> 16) {
    case 0:
      OnSignalStop(event.tid, tracee, signal);
      break;
    case PTRACE_EVENT_STOP:
      OnEventStop(event.tid, tracee, signal);
      break;
    case PTRACE_EVENT_CLONE:
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK: {
      pid_t born = EventMessage(event.tid);
      Go(event.tid, tracee, PTRACE_CONT, 0);
      // It may have stopped, and even ended, before this event was read.
      if (born > 0 && unannounced_.erase(born) == 0) tracees_.try_emplace(born);
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
  tracees_.erase(tid);
  observer_->OnGone(tid);
  if (tid == root_ && on_root_end) on_root_end(status, tracees_.empty());
}

void Tracer::OnExecStop(pid_t tid) {
  // All other threads of the process are gone; the one that called exec goes by the leader's number
  // now, and its own former number is never heard of again.
  pid_t former = EventMessage(tid);
  if (former != tid) {
    tracees_.erase(former);
    observer_->OnGone(former);
  }
  observer_->OnExec(tid, former);
  Tracee& tracee = tracees_[tid];
  tracee = {.born = true, .stopped = true};
  Go(tid, tracee, PTRACE_CONT, 0);
}

void Tracer::OnSignalStop(pid_t tid, Tracee& tracee, int signal) {
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
  bool silent = tracee.own_interrupt || !tracee.born;
  tracee.own_interrupt = false;
  tracee.born = true;
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
  // Fails only if the thread was killed: its end is reported in its turn.
  ptrace(static_cast<__ptrace_request>(request), tid, nullptr, static_cast<long>(signal));
}

void Tracer::Wake(pid_t tid) { ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr); }

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
