// stack_t in a tracee's memory: what sigaltstack(2) takes and gives, and what a frame keeps.
#ifndef FAULTLINE_KERNEL_TRACER_ALTERNATE_STACK_H_
#define FAULTLINE_KERNEL_TRACER_ALTERNATE_STACK_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "kernel/tracer/registers.h"

namespace faultline::kernel {

struct AlternateStack {
  uint64_t address = 0;  // its lowest
  int32_t flags = 0;     // SS_DISABLE, SS_AUTODISARM
  uint64_t size = 0;

  [[nodiscard]] bool IsEnabled() const;
  // Whether code with this stack pointer is on it (include/linux/sched/signal.h, __on_sig_stack).
  [[nodiscard]] bool Holds(uint64_t sp) const { return sp > address && sp - address <= size; }
};

// As a program of `arch` lays it out. Nothing, or false, when the memory is not there.
std::optional<AlternateStack> ReadAlternateStack(pid_t tid, Arch arch, uint64_t at);
bool WriteAlternateStack(pid_t tid, Arch arch, uint64_t at, const AlternateStack& stack);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_ALTERNATE_STACK_H_
