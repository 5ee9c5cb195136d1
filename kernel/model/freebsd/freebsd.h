// FreeBSD on amd64 and i386, as a System.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_FREEBSD_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_FREEBSD_H_

#include <random>
#include <string>

#include "kernel/model/freebsd/abi.h"
#include "kernel/model/freebsd/release.h"
#include "kernel/model/machine.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model::freebsd {

class FreeBsd : public System {
 public:
  explicit FreeBsd(const Release& release);

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
  [[nodiscard]] int SignalFromHost(int host) const override;
  [[nodiscard]] int SignalToHost(int signal) const override;
  [[nodiscard]] int last_signal() const override { return 128; }
  [[nodiscard]] bool IgnoresByDefault(int signal) const override {
    return signal == common::kSIGTHR || signal == common::kSIGLIBRT;
  }
  [[nodiscard]] bool process_numbers_threads() const override { return false; }
  [[nodiscard]] int first_thread_id() const override { return common::kFirstThread; }
  [[nodiscard]] int last_pid() const override { return common::kPID_MAX; }
  [[nodiscard]] bool exec_resets_alt_stack(bool first) const override {
    return first || !release_.exec_resets_first;
  }
  [[nodiscard]] bool fork_single_threads() const override { return release_.fork_single_threads; }

  // sigreturn, setcontext: loads the context at `address`. kJustReturn or -errno.
  Value SetContext(Machine& machine, Thread& thread, uint64_t address) const;
  // getcontext: what is at `address` afterwards is the thread's state. 0 or -errno.
  Value GetContext(Thread& thread, uint64_t address) const;
  // The registers of a thread that thr_new has made; 0 or -errno.
  Value StartThread(Thread& thread, uint64_t start, uint64_t argument, uint64_t stack_end,
                    uint64_t tls) const;
  // The limit of the main stack changed: a higher one lets it grow, what is open stays open.
  void LimitStack(Thread& thread, uint64_t before, uint64_t now) const {
    if (now > before) OpenStack(thread, now);
  }
  // Lets the main stack grow to `limit` bytes. 0 or -errno.
  Value OpenStack(Thread& thread, uint64_t limit) const;
  // 386: i386_set_ldt, its parameters at `at`. The slot, or -errno.
  Value SetLdt(Thread& thread, uint64_t at) const;

 private:
  const Release& release_;
  std::string name_;
};

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_FREEBSD_H_
