// Applies the rules at the tracer's stops.
#ifndef FAULTLINE_KERNEL_FAULT_ENGINE_H_
#define FAULTLINE_KERNEL_FAULT_ENGINE_H_

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "kernel/fault/call_lies.h"
#include "kernel/fault/fault.h"
#include "kernel/fault/redirect.h"
#include "kernel/fault/rule.h"
#include "kernel/fault/teller.h"
#include "kernel/fault/threads.h"
#include "kernel/record/log.h"
#include "kernel/tracer/frame.h"
#include "kernel/tracer/tracer.h"

namespace faultline::kernel {

// A stop becomes a lie in this order: signal rules decide which signal the thread really takes,
// then restart rules see what that means for the call that was interrupted, and handler rules what
// the handler finds. Rules of a kind apply in the order they were given; all that match fire.
// Stops at system calls are CallLies's.
class Engine : public Observer {
 public:
  Engine(std::vector<Rule> rules, Log* log);

  // The calls that have to stop for the rules; to be installed before the program runs.
  [[nodiscard]] CallFilter Filter() const { return call_lies_.Filter(); }

  // How many lies of a replayed log found no opportunity (so far).
  [[nodiscard]] size_t Outstanding() const;

  // The tracer that tells this engine of its stops; before the first of them.
  void set_tracer(Tracer* tracer);

  Resume OnSignal(pid_t tid, int signal) override;
  void OnHandlerEntry(pid_t tid) override;
  bool OnCallEntry(pid_t tid, const EnteredCall& call) override {
    return call_lies_.OnEntry(tid, call);
  }
  void OnCallExit(pid_t tid) override { call_lies_.OnExit(tid); }
  void OnBirth(const Birth& birth) override;
  [[nodiscard]] bool HoldsCreators() const override {
    return !birth_rules_.empty() || call_lies_.HoldsCreators();
  }
  void OnWake(pid_t tid) override;
  void OnExec(pid_t tid, pid_t former) override;
  void OnGone(pid_t tid) override;

 private:
  struct Told {
    Rule* rule;
    Ticket ticket;
    Lie lie;
  };

  // A lie told to a thread whose call will be restarted with no handler, for all that is known. If
  // another signal comes before the thread runs again, it has to be taken back.
  struct Tentative {
    // Where the thread stands, as the kernel left it and as we did. What we left tells, at the next
    // stop, whether the thread has run.
    struct Place {
      uint64_t rax;
      uint64_t rip;
      uint64_t orig_rax;
      bool operator==(const Place&) const = default;
    };
    static Place PlaceOf(const Registers& registers);
    Place kernel;
    Place ours;
    std::vector<std::pair<Reg, uint64_t>> before;
    std::vector<Told> lies;
    // Another stop before the thread runs is likely: the log hears of the lies when they are
    // certain.
    bool held;
  };

  // A thread on its way to a handler that may be followed by a restart, or is to be lied to.
  struct ToHandler {
    Opportunity opportunity;              // where the signal found it
    std::optional<InterruptedCall> call;  // the one that the signal interrupted, if it did
    bool restart;                         // and it may be restarted
    bool handler;                         // a handler rule is for it, or somebody watches frames
  };

  // The signal that `tid` takes after the signal rules: `signal` or 0.
  int ApplySignalRules(pid_t tid, int signal, std::optional<ThreadStatus>& status);
  // Whether the thread has to stop at its handler.
  bool ApplyRestartRules(pid_t tid, int signal, std::optional<ThreadStatus>& status);
  [[nodiscard]] bool WatchesFrames() const;
  // Whether the thread has to stop at its handler, if it is to take `signal` by one.
  bool WantHandler(pid_t tid, int signal, std::optional<ThreadStatus>& status);
  void TellRestartOverHandler(pid_t tid, const ToHandler& expected, const Registers& registers,
                              SignalFrame& frame);
  void TellHandler(pid_t tid, const ToHandler& expected, Registers& registers, SignalFrame& frame);
  // A thread that sleeps in a call which a restart rule is for; see SignalTools::find_sleeper.
  [[nodiscard]] pid_t FindSleeper(const SignalStop& stop) const;
  [[nodiscard]] bool WantsMoreRestarts() const;
  // Replaying, wakes a thread from the call over whose restart a lie was told that is late, and
  // comes again as long as there are such lies to come.
  void MakeLateRestarts();
  // Whether the thread sleeps in call `name`, and a restart of it concerns the fault.
  [[nodiscard]] static bool MayRestart(const Thread& thread, std::string_view name,
                                       const RestartFault& fault);
  // Ends a tentative lie, seen from the thread's next stop: true if it had to be taken back.
  bool TakeBack(pid_t tid, Registers& registers);
  // Marks a thread that was lied to and has not run since.
  static void Mark(const InterruptedCall& call, const Tentative::Place& kernel,
                   Registers& registers);
  // The same as TakeBack when the thread will not stop again.
  void Settle(pid_t tid);
  std::vector<Told> TellRestart(const Restart& restart, const Opportunity& opportunity,
                                RestartRegisters& registers, bool held);
  [[nodiscard]] bool AnyConcerns(const Restart& restart, const Opportunity& opportunity) const;
  // What a thread that takes `signal`, or none, is at.
  Opportunity At(pid_t tid, int signal, const Registers& registers,
                 const std::optional<InterruptedCall>& call);
  SignalTools Tools();

  std::vector<Rule> rules_;
  std::vector<RuleFor<RestartFault>> restart_rules_;
  std::vector<RuleFor<SignalFault>> signal_rules_;
  std::vector<RuleFor<HandlerFault>> handler_rules_;
  std::vector<RuleFor<FrameWatcher>> frame_watchers_;
  std::vector<RuleFor<BirthFault>> birth_rules_;
  std::vector<RuleFor<ExecFault>> exec_rules_;
  Log* log_;
  Threads threads_;
  CallLies call_lies_;
  Tracer* tracer_ = nullptr;
  Redirector redirector_;
  std::unordered_map<pid_t, Tentative> tentative_;
  std::unordered_map<pid_t, ToHandler> to_handler_;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_ENGINE_H_
