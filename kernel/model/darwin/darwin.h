// Darwin on amd64 and i386, as a System.
#ifndef FAULTLINE_KERNEL_MODEL_DARWIN_DARWIN_H_
#define FAULTLINE_KERNEL_MODEL_DARWIN_DARWIN_H_

#include <string>

#include "kernel/model/bsd/errors.h"
#include "kernel/model/darwin/abi.h"
#include "kernel/model/darwin/release.h"
#include "kernel/model/machine.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model::darwin {

// A thread's number has the class of the call above that of the call, as amd64 has it in eax.
inline constexpr int64_t Number(int cls, int64_t number) { return int64_t{cls} << 24 | number; }
inline constexpr int ClassOf(int64_t number) { return static_cast<int>(number >> 24 & 0xff); }

class Darwin : public System {
 public:
  explicit Darwin(const Release& release)
      : release_(release), name_("darwin-" + std::string(release.name)) {}

  [[nodiscard]] const Release& release() const { return release_; }

  [[nodiscard]] std::string_view name() const override { return name_; }
  bool Accepts(const load::Image& image, std::string* why) const override;
  Value Start(Machine& machine, Thread& thread, const Launch& launch) override;
  void EnterCall(Thread& thread) const override;
  bool EnterCallByFault(Thread& thread, const siginfo_t& host) const override;
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
  [[nodiscard]] bool IgnoresByDefault(int) const override { return false; }
  // They are names of ports, which begin behind those that every task has.
  [[nodiscard]] int first_thread_id() const override { return 16; }
  [[nodiscard]] bool process_numbers_threads() const override { return false; }
  [[nodiscard]] int last_pid() const override { return 99999; }  // PID_MAX, sys/proc_internal.h
  [[nodiscard]] bool fork_single_threads() const override { return false; }
  [[nodiscard]] bool queues_signals() const override { return false; }
  [[nodiscard]] bool binds_signals() const override { return true; }
  [[nodiscard]] bool profiles_running_thread() const override {
    return !release_.profiles_first_thread;
  }

  // sigreturn: loads the context at `address`. kJustReturn or -errno.
  Value SetContext(Machine& machine, Thread& thread, uint64_t address) const;
  // Sets the base of gs. 0 or -errno.
  static Value SetCthreadSelf(Thread& thread, uint64_t base);
  // The limit of the main stack changed: that much of it is open.
  static void LimitStack(Thread& thread, uint64_t before, uint64_t now);

 private:
  const Release& release_;
  std::string name_;
};

}  // namespace faultline::kernel::model::darwin

#endif  // FAULTLINE_KERNEL_MODEL_DARWIN_DARWIN_H_
