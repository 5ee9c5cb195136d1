// The signal frame that the kernel has just built, seen from the handler's first instruction.
#ifndef FAULTLINE_KERNEL_TRACER_FRAME_H_
#define FAULTLINE_KERNEL_TRACER_FRAME_H_

#include <optional>

#include "kernel/tracer/registers.h"

namespace faultline::kernel {

class SignalFrame {
 public:
  // For a thread stopped on the first instruction of a handler, `registers` being those of that
  // moment. Nothing when the stack does not hold such a frame.
  static std::optional<SignalFrame> AtHandlerEntry(pid_t tid, const Registers& registers);

  // The interrupted code's register as saved, to be loaded again by sigreturn. General registers
  // and kRip only.
  [[nodiscard]] std::optional<uint64_t> Saved(Reg reg) const;
  bool SetSaved(Reg reg, uint64_t value);

 private:
  SignalFrame(pid_t tid, Arch arch, uint64_t context) : tid_(tid), arch_(arch), context_(context) {}

  pid_t tid_;
  Arch arch_;
  uint64_t context_;  // address of the mcontext
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_FRAME_H_
