// OpenBSD on amd64 and i386, as a System.
#ifndef FAULTLINE_KERNEL_MODEL_OPENBSD_OPENBSD_H_
#define FAULTLINE_KERNEL_MODEL_OPENBSD_OPENBSD_H_

#include <map>
#include <string>

#include "kernel/model/bsd/errors.h"
#include "kernel/model/machine.h"
#include "kernel/model/openbsd/abi.h"
#include "kernel/model/openbsd/release.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model::openbsd {

// What it keeps of a process's memory (Space::of_system).
struct Memory {
  std::map<uint64_t, uint64_t> stacks;  // low -> high: what may be under a stack pointer
  std::map<int, uint64_t> pins;         // call -> where it is made; 0: anywhere in the text
  uint64_t text = 0, text_end = 0;
  uint64_t cookie = 0;     // the process's secret
  uint64_t sigreturn = 0;  // where the trampoline's call ends
  // Takes [low, high) out of what may be a stack, or puts it in.
  void Forget(uint64_t low, uint64_t high);
  void Allow(uint64_t low, uint64_t high);
  [[nodiscard]] bool IsStack(uint64_t at) const;
};
Memory& MemoryOf(const Thread& thread);

class OpenBsd : public System {
 public:
  explicit OpenBsd(const Release& release)
      : release_(release), name_("openbsd-" + std::string(release.name)) {}

  [[nodiscard]] const Release& release() const { return release_; }

  [[nodiscard]] std::string_view name() const override { return name_; }
  bool Accepts(const load::Image& image, std::string* why) const override;
  Value Start(Machine& machine, Thread& thread, const Launch& launch) override;
  void EnterCall(Thread& thread) const override;
  void EnterInterrupt(Thread& thread) const override;
  std::optional<Value> CallNow(Machine& machine, Thread& thread) override;
  Task<Value> Call(Machine& machine, Thread& thread) override;
  [[nodiscard]] std::string CallName(const Thread& thread) const override;
  void SetResult(Machine& machine, Thread& thread, Value value) const override;
  void Leave(Machine& machine, Thread& thread) const override;
  bool PushHandler(Thread& thread, const SignalInfo& info, const Disposition& action,
                   const SignalSet& mask_to_restore) override;
  [[nodiscard]] SignalInfo Fault(const Thread& thread, const siginfo_t& host) const override;
  void StartForkedChild(Thread& child) const override;
  [[nodiscard]] int SignalFromHost(int host) const override { return model::SignalFromHost(host); }
  [[nodiscard]] int SignalToHost(int signal) const override { return model::SignalToHost(signal); }
  [[nodiscard]] int last_signal() const override { return common::kNSIG - 1; }
  [[nodiscard]] bool IgnoresByDefault(int signal) const override {
    return signal == common::kSIGTHR;
  }
  [[nodiscard]] int first_thread_id() const override { return common::kThreadPidOffset + 1; }
  [[nodiscard]] bool process_numbers_threads() const override { return false; }
  [[nodiscard]] int last_pid() const override { return 32766; }  // PID_MAX, sys/proc.h
  [[nodiscard]] bool fork_single_threads() const override { return false; }

  // sigreturn: loads what is at `address`. kJustReturn or -errno; kGone: not from the trampoline.
  Value SigReturn(Machine& machine, Thread& thread, uint64_t address) const;
  // __set_tcb: the base of fs or, in 386 code, of gs. 0 or -errno.
  static Value SetTcb(Thread& thread, uint64_t base);
  // The limit of the main stack changed: that much of it is open.
  static void LimitStack(Thread& thread, uint64_t before, uint64_t now);

 private:
  const Release& release_;
  std::string name_;
};

}  // namespace faultline::kernel::model::openbsd

#endif  // FAULTLINE_KERNEL_MODEL_OPENBSD_OPENBSD_H_
