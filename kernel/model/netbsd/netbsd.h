// NetBSD on amd64 and i386, as a System.
#ifndef FAULTLINE_KERNEL_MODEL_NETBSD_NETBSD_H_
#define FAULTLINE_KERNEL_MODEL_NETBSD_NETBSD_H_

#include <string>

#include "kernel/model/bsd/errors.h"
#include "kernel/model/machine.h"
#include "kernel/model/netbsd/abi.h"
#include "kernel/model/netbsd/release.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model::netbsd {

class NetBsd : public System {
 public:
  explicit NetBsd(const Release& release)
      : release_(release), name_("netbsd-" + std::string(release.name)) {}

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
    return signal == common::kSIGPWR;
  }
  // sigput, sys/kern/kern_sig.c of trees of 2014 and 2017-12 ("notyet"); kern_exit.c, proc_free.
  [[nodiscard]] bool queues_signals() const override { return false; }
  [[nodiscard]] int continued_status() const override { return common::kContinuedStatus; }
  // Each process counts its own.
  [[nodiscard]] int first_thread_id() const override { return 1; }
  [[nodiscard]] bool process_numbers_threads() const override { return true; }
  [[nodiscard]] int last_pid() const override { return 30000; }  // PID_MAX, sys/proc.h
  [[nodiscard]] bool fork_single_threads() const override { return false; }

  // setcontext: loads the context at `address`. kJustReturn or -errno.
  Value SetContext(Machine& machine, Thread& thread, uint64_t address) const;
  // getcontext: what is at `address` afterwards is the thread's state. 0 or -errno.
  Value GetContext(Thread& thread, uint64_t address) const;
  // _lwp_create: what the context at `address` says of a new thread. 0 or -errno.
  Value StartThread(Machine& machine, Thread& thread, uint64_t address) const;
  // Sets the private pointer, which is the base of fs or, in 386 code, of gs. 0 or -errno.
  static Value SetPrivate(Thread& thread, uint64_t base);
  // The limit of the main stack changed: that much of it is open.
  static void LimitStack(Thread& thread, uint64_t before, uint64_t now);

 private:
  const Release& release_;
  std::string name_;
  // Where the last page fault was: the processor does not forget (CR2).
  mutable uint64_t last_fault_ = 0;
};

}  // namespace faultline::kernel::model::netbsd

#endif  // FAULTLINE_KERNEL_MODEL_NETBSD_NETBSD_H_
