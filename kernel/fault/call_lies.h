// Applies the rules at the entry and the end of system calls; a part of the engine.
#ifndef FAULTLINE_KERNEL_FAULT_CALL_LIES_H_
#define FAULTLINE_KERNEL_FAULT_CALL_LIES_H_

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernel/fault/fault.h"
#include "kernel/fault/rule.h"
#include "kernel/fault/teller.h"
#include "kernel/fault/threads.h"
#include "kernel/record/log.h"
#include "kernel/tracer/call_filter.h"
#include "kernel/tracer/tracer.h"

namespace faultline::kernel {

class CallLies {
 public:
  CallLies(std::vector<Rule>& rules, Log* log, Threads* threads);

  // The calls that have to stop for the rules.
  [[nodiscard]] CallFilter Filter() const;

  // As the Observer's.
  bool OnEntry(pid_t tid, const EnteredCall& entered);
  void OnExit(pid_t tid);
  void OnBirth(const Birth& birth);
  [[nodiscard]] bool HoldsCreators() const { return !call_rules_.empty() || !watchers_.empty(); }
  void OnGone(pid_t tid);
  void OnExec(pid_t tid, pid_t former);

 private:
  // A thread whose call is to be looked at when it is over.
  struct InCall {
    std::string name;
    Arch arch;
    Path path;
    std::array<uint64_t, 6> arguments;
    uint64_t pc;
    std::vector<std::pair<CallFault*, Lie>> begun;  // lies told at the entry
    std::vector<std::pair<Reg, uint64_t>> before;   // registers that they changed
  };

  struct Watcher {
    CallWatcher* fault;
    std::vector<std::string_view> calls;
  };
  struct CallRule : RuleFor<CallFault> {
    std::vector<std::string_view> able;  // the calls that its fault is for; empty: all
    // The calls at which it has to stop; empty: all.
    [[nodiscard]] std::vector<std::string_view> Calls() const;
    [[nodiscard]] bool IsFor(const Opportunity& call) const;
  };

  // Whether it watches this call.
  [[nodiscard]] static bool Watches(const Watcher& watcher, std::string_view call);
  void OnSigreturn(pid_t tid, Thread& thread, const Opportunity& call);

  std::vector<CallRule> call_rules_;
  std::vector<RuleFor<SigreturnFault>> sigreturn_rules_;
  std::vector<Watcher> watchers_;
  bool foreign_ = false;  // somebody has to know which threads are
  Log* log_;
  Threads* threads_;
  std::unordered_map<pid_t, InCall> in_call_;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_CALL_LIES_H_
