#include "kernel/fault/signal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "kernel/fault/redirect.h"
#include "kernel/tracer/signals.h"
#include "kernel/tracer/tracer.h"

namespace faultline::kernel {
namespace {

// /proc/PID/timers (fs/proc/base.c, show_timer): "ID: 0\nsignal: 14/…\nnotify: signal/pid.123\n…",
// with tid. in place of pid. for SIGEV_THREAD_ID.
bool TimerIsForProcess(pid_t tgid, int timer) {
  std::string text = "\n" + ReadProcFile(tgid, "timers");
  size_t at = text.find("\nID: " + std::to_string(timer) + "\n");
  if (at == std::string::npos) return false;
  size_t notify = text.find("\nnotify: ", at);
  return notify != std::string::npos &&
         text.substr(notify, text.find('\n', notify + 1) - notify).find("/pid.") !=
             std::string::npos;
}

// signal.sibling: a signal for the process is taken by another of its threads.
class Sibling : public SignalFault {
 public:
  explicit Sibling(const Spec& spec) : signals_(ParseSignals(spec)) {}

  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools& tools) override {
    uint64_t bit = SignalBit(stop.signal);
    if (!(signals_ & bit) || !(stop.status.caught & bit) || !IsProcessDirected(stop)) return false;
    sibling_ = stop.call ? FindReceiver(stop, tools) : tools.find_sleeper(stop);
    return sibling_ != 0;
  }

  [[nodiscard]] std::optional<SignalRoute> Tell(const SignalStop& stop,
                                                const SignalTools& tools) override {
    if (!stop.call) {
      tools.tracer.Wake(sibling_);
      return SignalRoute{.interrupted = sibling_, .taker = stop.tid};
    }
    if (!tools.redirector.Send(stop.status.tgid, sibling_, stop.info)) return std::nullopt;
    return SignalRoute{.interrupted = stop.tid, .taker = sibling_};
  }

 private:
  // The first thread that can take the signal at once: it runs or sleeps interruptibly, lets the
  // signal through, and has none of the kind pending, which would swallow this one.
  static pid_t FindReceiver(const SignalStop& stop, const SignalTools& tools) {
    uint64_t bit = SignalBit(stop.signal);
    for (pid_t tid : ThreadsOf(stop.status.tgid)) {
      if (tid == stop.tid || !tools.tracer.Follows(tid)) continue;
      auto status = ReadStatus(tid);
      if (!status || (status->state != 'R' && status->state != 'S' && status->state != 't'))
        continue;
      if ((status->blocked | status->pending) & bit) continue;
      return tid;
    }
    return 0;
  }

  uint64_t signals_;
  pid_t sibling_ = 0;  // found by Concerns for the Tell that follows
};

}  // namespace

bool IsProcessDirected(const SignalStop& stop) {
  const siginfo_t& info = stop.info;
  if (info.si_code == SI_TKILL) return false;
  switch (stop.signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
    case SIGSYS:
      if (info.si_code > 0) return false;
      break;
    case SIGPIPE:
    case SIGXFSZ:
      if (info.si_code == SI_USER && info.si_pid == stop.status.tgid) return false;
      break;
    default:
      break;
  }
  return info.si_code != SI_TIMER || TimerIsForProcess(stop.status.tgid, info.si_timerid);
}

std::vector<FaultDescription> SignalFaults() {
  return {{
      .id = "signal.sibling",
      .summary = "a signal for the process interrupts one thread and is taken by another",
      .effect =
          "A signal that was sent to the process and has a handler interrupts one thread's call, "
          "and\n"
          "another thread takes it. The call is then restarted with no handler having run there.\n"
          "If the thread that is about to take it was interrupted in a call, the first thread of "
          "the\n"
          "process that does not block the signal takes it instead, with the same siginfo. If it "
          "was not,\n"
          "it takes the signal, and another thread is woken from a call that it sleeps in.\n"
          "Signals sent to a thread (tgkill, pthread_kill), a thread's own faults, and signals for "
          "which\n"
          "there is no such other thread stay as they are. sigqueue and pthread_sigqueue look the "
          "same and\n"
          "count as sent to the process.",
      .parameters = {{"signal", "names or numbers joined by '+'",
                      "only these signals, such as CHLD or SIGURG (default: all)"}},
      .origin =
          "Every kernel, now and then: POSIX lets any thread that does not block a signal take it. "
          "It\n"
          "is the condition under which FreeBSD's restart lost registers (restart.fast-return).",
      .source = "POSIX.1-2017, System Interfaces 2.4.1; Linux kernel/signal.c, complete_signal",
      .harsher = "It happens at each signal, where a kernel does it in a race.",
      .make = [](const Spec& spec) -> std::unique_ptr<Fault> {
        return std::make_unique<Sibling>(spec);
      },
  }};
}

}  // namespace faultline::kernel
