// Follows a program and all that comes of it: threads, children, execs. What happens at a stop is
// an Observer's affair; that every stop ends, job control works and nobody is forgotten is this
// one's.
#ifndef FAULTLINE_KERNEL_TRACER_TRACER_H_
#define FAULTLINE_KERNEL_TRACER_TRACER_H_

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/tracer/affinity.h"
#include "kernel/tracer/registers.h"

namespace faultline::kernel {

// How a thread goes on after a signal-delivery stop.
struct Resume {
  int signal = 0;  // the signal it takes; 0: none
  // Stop again on the first instruction of the signal's handler, before it runs (OnHandlerEntry).
  bool stop_at_handler = false;
};

// A thread or process that has just come to be, before its first instruction. Its creator is still
// in the call that made it. (Of a vfork by clone(2) with another signal than SIGCHLD: kFork.)
struct Birth {
  enum class Kind : uint8_t { kThread, kFork, kVfork };
  pid_t tid = 0;
  pid_t parent = 0;      // the thread that made it. 0: killed in the meantime
  uint32_t ordinal = 0;  // how many `parent` has made, with this one
  // kFork: any new process whose creator does not wait for it, by whatever call.
  Kind kind = Kind::kFork;
};

// A system call that a thread is about to enter.
struct EnteredCall {
  Arch arch;  // whose table and registers it uses
  int number;
  std::array<uint64_t, 6> arguments;
  uint64_t pc;  // behind the instruction
};

// Looks at stops and may change what the thread will see. Every tid is stopped while it is told of,
// and may have been killed all the same: operations on it fail then, and nothing has to be done.
class Observer {
 public:
  virtual ~Observer() = default;

  // `tid` is about to take `signal`.
  virtual Resume OnSignal(pid_t tid, int signal) {
    (void)tid;
    return {.signal = signal};
  }

  // `tid` stands on the first instruction of the handler that OnSignal wanted to stop at.
  virtual void OnHandlerEntry(pid_t tid) { (void)tid; }

  // `tid` is about to enter a system call of the filter (CallFilter). Returns whether it is to stop
  // again when the call is over.
  virtual bool OnCallEntry(pid_t tid, const EnteredCall& call) {
    (void)tid, (void)call;
    return false;
  }

  // `tid` is at the end of the call, its result in rax; also if the call was interrupted and will
  // be restarted.
  virtual void OnCallExit(pid_t tid) { (void)tid; }

  virtual void OnBirth(const Birth& birth) { (void)birth; }
  // Whether creators have to stand still until OnBirth is over. That delays them.
  [[nodiscard]] virtual bool HoldsCreators() const { return false; }

  // `tid` leaves a stop that had no signal: a group stop that ended, or an interruption.
  virtual void OnWake(pid_t tid) { (void)tid; }

  // The process of `tid` runs a new program. All its other threads are gone, also one that was
  // `former` before it took over the number of the thread group's leader.
  virtual void OnExec(pid_t tid, pid_t former) { (void)tid, (void)former; }

  // `tid` is no more.
  virtual void OnGone(pid_t tid) { (void)tid; }
};

class Tracer {
 public:
  explicit Tracer(Observer* observer) : observer_(observer) {}
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Begins to trace `root` and whatever it will start. All of it dies when the tracer does
  // (PTRACE_O_EXITKILL). False with errno if that is refused.
  bool Seize(pid_t root);

  // Follows until no tracee is left.
  void Run();

  // The root process ended with this wait status. `last`: and nothing else is left.
  std::function<void(int status, bool last)> on_root_end;
  // The root process was stopped by this signal, or went on (0).
  std::function<void(int signal)> on_root_stop;
  // A signal interrupted the tracer's wait.
  std::function<void()> on_interrupt;

  [[nodiscard]] bool Follows(pid_t tid) const { return tracees_.contains(tid); }

  // Calls `action` after `delay` ns, between stops. Not after Run has returned.
  void After(int64_t delay, std::function<void()> action);

  // Calls `action` when thread `tid` is at the end of its `count`-th system call from now (1: the
  // next), an interrupted one that will be made again counting too. Each of its calls stops twice
  // until then. Not if the thread ends before; what was wanted of an exec's threads holds for the
  // new program. Only from Observer::OnSignal, of the thread.
  void AfterCalls(pid_t tid, uint64_t count, std::function<void()> action);

  // Wakes a thread from the call that it sleeps in, as a signal would that another thread then
  // takes: it comes by OnWake, and starts the call again.
  void Wake(pid_t tid);

  // Lets a thread that was just born make a call of its arch's table (remote_call.h), and returns
  // its result. Only from Observer::OnBirth, of the new one.
  std::optional<int64_t> CallInNewborn(pid_t tid, std::string_view call,
                                       const std::array<uint64_t, 6>& arguments);

  // Stops those of `tids` that run. Returns those which are stopped and can be looked at; a thread
  // in an uninterruptible sleep cannot. They go on by themselves when the caller returns to Run.
  std::vector<pid_t> Stop(const std::vector<pid_t>& tids);

 private:
  struct Countdown {
    uint64_t calls;  // that have to end
    std::function<void()> action;
  };
  struct Tracee {
    pid_t tgid = 0;              // 0: not known yet
    uint32_t made = 0;           // threads and processes
    bool born = false;           // past the stop that every new thread begins with
    bool delivered = false;      // the observer has heard of its birth
    bool stopped = false;        // in a stop that we know of and have not ended
    bool in_call = false;        // resumed with the wish to stop at the end of its call
    bool to_handler = false;     // resumed with Resume::stop_at_handler
    bool group_stop = false;     // its first stop is one
    bool own_interrupt = false;  // Stop() asked for an interruption that has not come yet
    bool lost_threads = false;   // of a process: threads of it were killed, by an exec
    std::vector<Countdown> countdowns = {};
  };
  // A new tracee's first stop and its creator's event come in any order, each waits for the other.
  struct Arrival {
    std::optional<Birth> announced;  // by its creator's event
    bool arrived = false;            // in its first stop
  };
  struct Timer {
    int64_t when;  // CLOCK_MONOTONIC, ns
    std::function<void()> action;
    bool operator>(const Timer& other) const { return when > other.when; }
  };
  struct Event {
    pid_t tid;
    int status;
  };

  // As waitpid, for whatever comes next.
  pid_t Await(int* status);
  bool Next(Event* event);
  void OnEvent(const Event& event);
  void OnEnd(pid_t tid, int status);
  [[nodiscard]] bool AnyLeft() const;
  void OnSignalStop(pid_t tid, Tracee& tracee, int signal);
  void OnEventStop(pid_t tid, Tracee& tracee, int signal);
  void OnExecStop(pid_t tid);
  void OnCallStop(pid_t tid, Tracee& tracee);
  // At the end of a call, or, with countdowns, at its entry.
  void OnCallTrap(pid_t tid, Tracee& tracee);
  void OnFirstStop(pid_t tid);
  void Announce(const Birth& birth);
  // Tells the observer, and ends the stops of the new one and, if it was held, of its creator.
  void Deliver(Birth birth);
  // `tid` is gone and need not be told of what it made.
  void ForgetCreator(pid_t tid);
  // Delivers those who have arrived and whom nobody will announce: their creator was killed before
  // it could. To be called when no event is waiting.
  void DeliverOrphans();
  // Whether a thread of `creator`, which lost some, is about to announce `born`. May interrupt
  // them.
  bool WillAnnounce(pid_t creator, pid_t born);
  void RunTimers();
  void Go(pid_t tid, Tracee& tracee, int request, int signal);

  Observer* observer_;
  pid_t root_ = 0;
  bool root_stopped_ = false;
  std::unordered_map<pid_t, Tracee> tracees_;
  std::unordered_map<pid_t, Arrival> arrivals_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::deque<Event> deferred_;
  Affinity affinity_;
  Eagerness eagerness_;
  bool polled_ = false;  // whether the last event was found by polls
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_TRACER_H_
