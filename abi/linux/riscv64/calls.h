// Linux system call numbers, riscv64 ECALL: the table that late arches share, and a few of its own.
// Source: asm/unistd.h of the kernel's user headers, 6.1.
#ifndef FAULTLINE_ABI_LINUX_RISCV64_CALLS_H_
#define FAULTLINE_ABI_LINUX_RISCV64_CALLS_H_

#include "abi/linux/generic/calls.h"

// X(name, number) for each call.
// clang-format off
#define FAULTLINE_LINUX_RISCV64_CALLS(X) \
  FAULTLINE_LINUX_GENERIC_CALLS(X) \
  X(riscv_flush_icache, 259)
// clang-format on

namespace faultline::abi::linux_riscv64 {

enum Call : int {
#define FAULTLINE_X(name, number) k_##name = number,
  FAULTLINE_LINUX_RISCV64_CALLS(FAULTLINE_X)
#undef FAULTLINE_X
};

}  // namespace faultline::abi::linux_riscv64

#endif  // FAULTLINE_ABI_LINUX_RISCV64_CALLS_H_
