#include "kernel/fault/signal.h"

#include <sys/ptrace.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <map>

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

// The first thread that can take the signal at once: it runs or sleeps interruptibly, lets the
// signal through, and has none of the kind pending, which would swallow this one.
pid_t FindReceiver(const SignalStop& stop, const SignalTools& tools) {
  uint64_t bit = SignalBit(stop.signal);
  for (pid_t tid : ThreadsOf(stop.status.tgid)) {
    if (tid == stop.tid || !tools.tracer.Follows(tid)) continue;
    auto status = ReadStatus(tid);
    if (!status || (status->state != 'R' && status->state != 'S' && status->state != 't')) continue;
    if ((status->blocked | status->pending) & bit) continue;
    return tid;
  }
  return 0;
}

// Whose call or sleep is interrupted, and who takes the signal.
Change FromTo(pid_t interrupted, pid_t taker) {
  return {.what = "tid",
          .before = static_cast<uint64_t>(interrupted),
          .after = static_cast<uint64_t>(taker)};
}

// Those that a thread brings upon itself.
constexpr uint64_t kFaults = SignalBit(SIGSEGV) | SignalBit(SIGBUS) | SignalBit(SIGILL) |
                             SignalBit(SIGFPE) | SignalBit(SIGTRAP) | SignalBit(SIGSYS);

// A fault of the thread itself: it happens again at once if nobody handles it, so no kernel can
// lose or move it.
bool IsOwnFault(const SignalStop& stop) {
  return (SignalBit(stop.signal) & kFaults) != 0 && stop.info.si_code > 0;
}

bool IsCaught(const SignalStop& stop) { return (SignalBit(stop.signal) & stop.status.caught) != 0; }

// signal.drop: nobody takes the signal.
class Drop : public SignalFault {
 public:
  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools&) override {
    return IsCaught(stop) && !IsOwnFault(stop);
  }
  [[nodiscard]] std::optional<SignalLie> Tell(const SignalStop& stop, const SignalTools&) override {
    return SignalLie{
        .taken = 0,
        .change = {.what = "signal", .before = static_cast<uint64_t>(stop.signal), .after = 0}};
  }
};

// wait.lost-sigchld.
class LostSigchld : public Drop {
 public:
  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools& tools) override {
    return stop.signal == SIGCHLD && Drop::Concerns(stop, tools);
  }
};

// signal.duplicate: the thread takes the signal, and then once more.
class Duplicate : public SignalFault {
 public:
  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools&) override {
    // One of the kind that is pending already would swallow it.
    return IsCaught(stop) && !IsOwnFault(stop) &&
           (stop.status.pending & SignalBit(stop.signal)) == 0;
  }
  [[nodiscard]] std::optional<SignalLie> Tell(const SignalStop& stop,
                                              const SignalTools& tools) override {
    if (!tools.redirector.Send(stop.status.tgid, stop.tid, stop.info)) return std::nullopt;
    return SignalLie{.taken = stop.signal, .change = {.what = "times", .before = 1, .after = 2}};
  }
};

// signal.wrong-thread: a signal for one thread is taken by another.
class WrongThread : public SignalFault {
 public:
  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools& tools) override {
    if (!IsCaught(stop) || IsOwnFault(stop) || IsProcessDirected(stop)) return false;
    receiver_ = FindReceiver(stop, tools);
    return receiver_ != 0;
  }
  [[nodiscard]] std::optional<SignalLie> Tell(const SignalStop& stop,
                                              const SignalTools& tools) override {
    if (!tools.redirector.Send(stop.status.tgid, receiver_, stop.info)) return std::nullopt;
    return SignalLie{.taken = 0, .change = FromTo(stop.tid, receiver_)};
  }

 private:
  pid_t receiver_ = 0;  // found by Concerns for the Tell that follows
};

// signal.sibling: a signal for the process is taken by another of its threads.
class Sibling : public SignalFault {
 public:
  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools& tools) override {
    if (!IsCaught(stop) || !IsProcessDirected(stop)) return false;
    sibling_ = stop.call ? FindReceiver(stop, tools) : tools.find_sleeper(stop);
    return sibling_ != 0;
  }

  [[nodiscard]] std::optional<SignalLie> Tell(const SignalStop& stop,
                                              const SignalTools& tools) override {
    if (!stop.call) {
      tools.tracer.Wake(sibling_);
      return SignalLie{.taken = stop.signal, .change = FromTo(sibling_, stop.tid)};
    }
    if (!tools.redirector.Send(stop.status.tgid, sibling_, stop.info)) return std::nullopt;
    return SignalLie{.taken = 0, .change = FromTo(stop.tid, sibling_)};
  }

 private:
  pid_t sibling_ = 0;  // found by Concerns for the Tell that follows
};

// signal.delay: the thread takes the signal some calls later.
class Delay : public SignalFault {
 public:
  explicit Delay(const Spec& spec) {
    if (const Word* word = spec.Find("calls")) calls_ = ParseCount(*word);
  }
  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools&) override {
    return IsCaught(stop) && !IsOwnFault(stop);
  }
  [[nodiscard]] std::optional<SignalLie> Tell(const SignalStop& stop,
                                              const SignalTools& tools) override {
    Redirector& redirector = tools.redirector;
    // As in the kernel, a standard signal is merged with one of its kind that waits already.
    if (stop.signal >= kFirstRealtime || !redirector.Holds(stop.tid, stop.signal)) {
      uint64_t ticket = redirector.Hold(stop.status.tgid, stop.tid, stop.info,
                                        IsProcessDirected(stop), Redirector::Until::kRelease);
      tools.tracer.AfterCalls(stop.tid, calls_,
                              [&redirector, ticket] { redirector.Release(ticket); });
    }
    return SignalLie{.taken = 0, .change = {.what = "calls", .before = 0, .after = calls_}};
  }

 private:
  uint64_t calls_ = 1;
};

// signal.reorder: the thread takes the signal behind the one that is next.
class Reorder : public SignalFault {
 public:
  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools& tools) override {
    if (!IsCaught(stop) || IsOwnFault(stop)) return false;
    // One that was behind and is on its way again: it would come before this one once more.
    if (tools.redirector.Awaits(stop.tid)) return false;
    // The thread's own come first, and of those the lowest (kernel/signal.c, dequeue_signal).
    uint64_t own = stop.status.pending & ~stop.status.blocked;
    uint64_t next = own != 0 ? own : stop.status.Deliverable();
    if (next == 0 || (next & kFaults) != 0) return false;
    next_ = std::countr_zero(next) + 1;
    return (stop.status.caught & SignalBit(next_)) != 0;
  }
  [[nodiscard]] std::optional<SignalLie> Tell(const SignalStop& stop,
                                              const SignalTools& tools) override {
    Redirector& redirector = tools.redirector;
    uint64_t ticket = redirector.Hold(stop.status.tgid, stop.tid, stop.info,
                                      IsProcessDirected(stop), Redirector::Until::kNextSignal);
    // Should another thread take the next one before.
    tools.tracer.AfterCalls(stop.tid, 1, [&redirector, ticket] { redirector.Release(ticket); });
    return SignalLie{.taken = 0,
                     .change = {.what = "first",
                                .before = static_cast<uint64_t>(stop.signal),
                                .after = static_cast<uint64_t>(next_)}};
  }

 private:
  int next_ = 0;  // found by Concerns for the Tell that follows
};

// The signals that may be made, from send=; all without it.
uint64_t ParseSend(const Spec& spec) {
  const Word* word = spec.Find("send");
  if (word == nullptr) return ~kFaults;
  auto signal = ParseSignal(word->text);
  if (!signal || (SignalBit(*signal) & kFaults) != 0)
    throw SpecError(
        word->column,
        "expected a signal that can be sent, such as PROF or CHLD, found '" + word->text + "'");
  return SignalBit(*signal);
}

// Sends the lowest of the signals that it handles to one that has just been born, as `sender`
// would.
std::vector<Change> SendLowest(pid_t born, const ThreadStatus& status, uint64_t signals,
                               pid_t sender, const SignalTools& tools) {
  uint64_t caught = status.caught & signals;
  if (caught == 0) return {};
  siginfo_t info = {};
  info.si_signo = std::countr_zero(caught) + 1;
  info.si_code = SI_USER;
  info.si_pid = sender;
  if (!tools.redirector.Send(status.tgid, born, info)) return {};
  return {{.what = "signal", .before = 0, .after = static_cast<uint64_t>(info.si_signo)}};
}

// signal.newborn-thread: a signal comes to a thread that has not run yet.
class NewbornThread : public BirthFault {
 public:
  explicit NewbornThread(const Spec& spec) : signals_(ParseSend(spec)) {}
  std::vector<Change> Tell(const BirthStop& stop, const SignalTools& tools) override {
    if (stop.birth.kind != Birth::Kind::kThread) return {};
    auto status = ReadStatus(stop.birth.tid);
    if (!status) return {};
    return SendLowest(stop.birth.tid, *status, signals_, status->tgid, tools);
  }

 private:
  uint64_t signals_;
};

// What is pending for thread `tid`, or, `shared`, for its process.
std::vector<siginfo_t> Pending(pid_t tid, bool shared) {
  std::vector<siginfo_t> infos(64);
  __ptrace_peeksiginfo_args which = {
      .off = 0,
      .flags = shared ? static_cast<uint32_t>(PTRACE_PEEKSIGINFO_SHARED) : 0,
      .nr = static_cast<int32_t>(infos.size())};
  long count = ptrace(PTRACE_PEEKSIGINFO, tid, &which, infos.data());
  infos.resize(static_cast<size_t>(std::max(count, 0L)));
  return infos;
}

// signal.fork-child: a signal for the parent comes to its child, which has not begun another
// program.
class ForkChild : public BirthFault, public SignalFault, public CallWatcher {
 public:
  explicit ForkChild(const Spec& spec) : signals_(ParseSend(spec)) {
    const Word* word = spec.Find("from");
    if (word == nullptr) return;
    from_ = static_cast<From>(ParseChoice(*word, {"made", "pending", "parent"}));
    const Word* send = spec.Find("send");
    if (from_ != From::kMade && send != nullptr)
      throw SpecError(send->column, "send= is for from=made: otherwise it is the parent's signals");
  }

  std::vector<Change> Tell(const BirthStop& stop, const SignalTools& tools) override {
    if (from_ == From::kParent || stop.birth.kind == Birth::Kind::kThread) return {};
    auto status = ReadStatus(stop.birth.tid);
    if (!status) return {};
    if (from_ == From::kMade)
      return SendLowest(stop.birth.tid, *status, signals_, status->parent, tools);
    std::vector<Change> changes;
    for (bool shared : {false, true})
      for (const siginfo_t& info : Pending(stop.birth.parent, shared))
        if ((status->caught & ~kFaults & SignalBit(info.si_signo)) != 0 &&
            tools.redirector.Send(status->tgid, stop.birth.tid, info))
          changes.push_back(
              {.what = "signal", .before = 0, .after = static_cast<uint64_t>(info.si_signo)});
    return changes;
  }

  [[nodiscard]] std::vector<std::string_view> watched_calls() const override { return {}; }
  void OnBirth(const Birth& birth) override {
    if (from_ != From::kParent || birth.kind == Birth::Kind::kThread) return;
    if (auto status = ReadStatus(birth.tid)) parents_[birth.tid] = status->parent;
  }
  void OnGone(pid_t tid) override { parents_.erase(tid); }

  [[nodiscard]] bool Concerns(const SignalStop& stop, const SignalTools& tools) override {
    if (from_ != From::kParent || !IsCaught(stop) || !IsProcessDirected(stop)) return false;
    for (const auto& [child, parent] : parents_) {
      if (parent != stop.status.tgid || tools.tracer.Stop({child}).empty()) continue;
      // An exec that we have not been told of has taken the handler away.
      auto status = ReadStatus(child);
      uint64_t bit = SignalBit(stop.signal);
      if (!status || (status->caught & bit) == 0 ||
          ((status->blocked | status->pending) & bit) != 0)
        continue;
      child_ = child;
      return true;
    }
    return false;
  }
  [[nodiscard]] std::optional<SignalLie> Tell(const SignalStop& stop,
                                              const SignalTools& tools) override {
    if (!tools.redirector.Send(child_, child_, stop.info)) return std::nullopt;
    return SignalLie{.taken = 0, .change = FromTo(stop.tid, child_)};
  }

 private:
  enum class From : uint8_t { kMade, kPending, kParent };
  From from_ = From::kMade;
  uint64_t signals_;
  std::map<pid_t, pid_t> parents_;  // of processes that have not begun another program
  pid_t child_ = 0;                 // found by Concerns for the Tell that follows
};

}  // namespace

bool IsProcessDirected(const SignalStop& stop) {
  const siginfo_t& info = stop.info;
  if (info.si_code == SI_TKILL) return false;
  if (IsOwnFault(stop)) return false;
  switch (stop.signal) {
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
  return {
      {
          .id = "signal.sibling",
          .summary = "a signal for the process interrupts one thread and is taken by another",
          .effect =
              "A signal that was sent to the process and has a handler interrupts one thread's "
              "call, "
              "and\n"
              "another thread takes it. The call is then restarted with no handler having run "
              "there.\n"
              "If the thread that is about to take it was interrupted in a call, the first thread "
              "of "
              "the\n"
              "process that does not block the signal takes it instead, with the same siginfo. If "
              "it "
              "was not,\n"
              "it takes the signal, and another thread is woken from a call that it sleeps in.\n"
              "Signals sent to a thread (tgkill, pthread_kill), a thread's own faults, and signals "
              "for "
              "which\n"
              "there is no such other thread stay as they are. sigqueue and pthread_sigqueue look "
              "the "
              "same and\n"
              "count as sent to the process.",
          .parameters = {},
          .origin = "Every kernel, now and then: POSIX lets any thread that does not block a "
                    "signal take it. "
                    "It\n"
                    "is the condition under which FreeBSD's restart lost registers "
                    "(restart.fast-return).",
          .source = "POSIX.1-2017, System Interfaces 2.4.1; Linux kernel/signal.c, complete_signal",
          .harsher = "It happens at each signal, where a kernel does it in a race.",
          .make = MakeFault<Sibling>,
      },
      {
          .id = "signal.drop",
          .summary = "a signal is lost",
          .effect =
              "A signal that has a handler is not taken by anybody; a call that it interrupted is "
              "restarted.\n"
              "A thread's own faults are not lost: they would happen again at once.",
          .parameters = {},
          .origin = "gVisor lost SIGCHLD that came during vfork (wait.lost-sigchld).",
          .source = "gVisor commit 63d8c3537",
          .harsher = "There one signal was lost, in a race; here each one that the rule selects.",
          .make = MakeFault<Drop>,
      },
      {
          .id = "signal.duplicate",
          .summary = "a signal is taken twice",
          .effect =
              "A thread takes a signal that has a handler, and once more, with the same siginfo, "
              "as soon as it\n"
              "no longer blocks it: normally when the handler returns. Also signals that would "
              "not queue. One\n"
              "that has a further one pending behind it is no opportunity.",
          .parameters = {},
          .origin = "No kernel is known that delivers one signal twice. Senders do: a timer, a "
                    "supervisor or a\n"
                    "terminal that signals both the group and the process.",
          .source =
              "POSIX.1-2017, System Interfaces 2.4.1, lets a signal be generated any number of "
              "times",
          .harsher = "Each signal that the rule selects is taken twice.",
          .make = MakeFault<Duplicate>,
      },
      {
          .id = "signal.wrong-thread",
          .summary = "a signal for one thread is taken by another",
          .effect =
              "A signal that was sent to a thread (tgkill, pthread_kill, a timer of the thread, "
              "SIGPIPE of its\n"
              "own write) and has a handler is taken, with the same siginfo, by the first other "
              "thread of the\n"
              "process that does not block it. With no such thread it stays. A thread's own faults "
              "stay, and so\n"
              "do signals for the process (see signal.sibling).",
          .parameters = {},
          .origin =
              "macOS: SIGPROF on threads that did not run, SIGPIPE not on the thread that wrote.",
          .source = "https://golang.org/issue/6047, 13841 (SIGPROF) and 33384 (SIGPIPE)",
          .harsher = "There it was these two signals: signal=PROF+PIPE.",
          .make = MakeFault<WrongThread>,
      },
      {
          .id = "signal.delay",
          .summary = "a signal is taken some system calls later",
          .effect =
              "A signal that has a handler is held back until its thread has come to the end of "
              "calls= more\n"
              "system calls, and is then taken with the same siginfo. A call that it would have "
              "interrupted goes\n"
              "on as if it had not come: a program that waits for a signal in pause or sigsuspend "
              "goes on\n"
              "waiting until something else ends that. A call that is interrupted by another "
              "signal "
              "counts.\n"
              "Standard signals of the same kind that come meanwhile are merged with it. A signal "
              "for the\n"
              "process whose thread ends goes to another thread; one for the thread ends with it. "
              "One that is\n"
              "still held when the thread begins another program comes to that, as pending signals "
              "do.\n"
              "A thread's own faults are not held back.",
          .parameters = {{"calls", "1 and up",
                          "of the thread, that end before it takes the signal (default: 1)"}},
          .origin =
              "iSH and LKL looked for signals where a system call ends and nowhere else; a loop "
              "without calls\n"
              "took none. Lind did not wake calls that sleep: the signal came when they returned.",
          .source = "iSH issue 1510; sgx-lkl issue 709; lind-wasm pull request 1079 (April 2026)",
          .harsher = "There the next call that ended brought the signal: that is calls=1. More "
                     "calls are harsher.",
          .make = MakeFault<Delay>,
      },
      {
          .id = "signal.reorder",
          .summary = "two signals that are pending are taken in the other order",
          .effect =
              "When a thread is about to take one of several signals that it can take, and both "
              "this one and\n"
              "the next have handlers, it takes the next one first and then this one, each with "
              "its "
              "own siginfo.\n"
              "Normally the lowest number comes first, the thread's own before the process's, and "
              "real-time\n"
              "signals of one number as they were sent (of those sent to the thread, this one goes "
              "behind all).\n"
              "Where the masks let one handler interrupt the other, the one taken last runs first. "
              "With nothing else to take it is no opportunity; a "
              "thread's "
              "own faults\n"
              "stay first.",
          .parameters = {},
          .origin = "NuttX takes signals as they were sent, whatever their number. StarryOS took "
                    "SIGUSR1 before the\n"
                    "SIGSEGV of the instruction, until July 2026.",
          .source = "apache/nuttx issue 8899; rcore-os/tgoskits pull request 1700",
          .harsher = "There it was one order or the other by rule; here any two that are pending "
                     "change places.",
          .make = MakeFault<Reorder>,
      },
      {
          .id = "signal.fork-child",
          .summary = "a signal for the parent is taken by its child before exec",
          .effect =
              "The parent's handler runs in the child, which has a copy of it, or with vfork the "
              "parent's memory\n"
              "itself. from=made: in each new process, before its first instruction, there is a "
              "signal that the\n"
              "parent handles, as if the group had been signalled then; the lowest, or send=. "
              "from=pending: it\n"
              "has those that were pending for its parent, which keeps them. from=parent: a signal "
              "that was sent\n"
              "to a process, and that a thread of it is about to take, is taken by a child of it "
              "that has not\n"
              "begun another program and does not block the signal; the parent never hears of it.\n"
              "Only signals with a handler, and none that stands for a fault. A child that blocks "
              "a "
              "signal takes\n"
              "it when it no longer does: posix_spawn and Go reset their handlers before, and such "
              "a child may die\n"
              "of the signal, as it may without any lie.",
          .parameters = {{"from", "made, pending or parent",
                          "where the signal comes from (default: made)"},
                         {"send", "a signal by name or number",
                          "for from=made: only this one, and only if the parent handles it "
                          "(default: the lowest\nthat it handles)"}},
          .origin =
              "Every kernel, when a group is signalled: Go's children ran its handler. ELKS gave "
              "children the\n"
              "pending signals of their parents (from=pending). No kernel is known that takes them "
              "from the\nparent (from=parent).",
          .source = "https://golang.org/issue/18600; libuv pull request 3251; ghaerr/elks pull "
                    "request 2656\n(April 2026)",
          .harsher = "made: there it took a signal in that moment; here each child gets one.",
          .make = MakeFault<ForkChild>,
      },
      {
          .id = "signal.newborn-thread",
          .summary = "a signal comes to a thread that has not run yet",
          .effect = "When a thread is made, a signal that the process handles is sent to it before "
                    "its first\n"
                    "instruction, as if the process had been signalled and the kernel had chosen "
                    "this thread. It "
                    "is taken\n"
                    "as soon as the thread does not block it: with a C library that blocks all "
                    "while it makes "
                    "threads,\n"
                    "before the thread's own code. By default the lowest signal that has a "
                    "handler, but never "
                    "one that\n"
                    "stands for a fault; without such a one it is no opportunity.",
          .parameters =
              {{"send", "a signal by name or number",
                "only this one, and only if the process handles it (default: the lowest that "
                "it handles)"}},
          .origin =
              "Every kernel: a new thread is a thread like any other. Go's runtime and others died "
              "of signals on\n"
              "threads that they did not know yet, or had not set up.",
          .source = "https://golang.org/issue/3250, 13363, 50936",
          .harsher = "There it took a signal in that moment; here each thread gets one.",
          .make = MakeFault<NewbornThread>,
      },
      {
          .id = "wait.lost-sigchld",
          .summary = "a parent is not told of its child's end by SIGCHLD",
          .effect =
              "SIGCHLD that has a handler is lost, as by signal.drop,signal=CHLD. The child is "
              "there to be waited\n"
              "for; only programs that wait for the signal hang.",
          .parameters = {},
          .origin = "gVisor: SIGCHLD that came while the parent was in vfork was not delivered, "
                    "and later "
                    "ones were\n"
                    "merged with it; GNU make hung.",
          .source = "gVisor commit 63d8c3537 (January 2026)",
          .harsher = "There it took a vfork at that moment; here each SIGCHLD is lost.",
          .make = MakeFault<LostSigchld>,
      }};
}

}  // namespace faultline::kernel
