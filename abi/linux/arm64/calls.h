// Linux system call numbers, arm64 SVC 0: the table that late arches share, and an older one.
// Source: asm/unistd.h of the kernel's user headers, 6.1.
#ifndef FAULTLINE_ABI_LINUX_ARM64_CALLS_H_
#define FAULTLINE_ABI_LINUX_ARM64_CALLS_H_

#include "abi/linux/generic/calls.h"

// X(name, number) for each call.
// clang-format off
#define FAULTLINE_LINUX_ARM64_CALLS(X) \
  FAULTLINE_LINUX_GENERIC_CALLS(X) \
  X(renameat, 38)
// clang-format on

namespace faultline::abi::linux_arm64 {

enum Call : int {
#define FAULTLINE_X(name, number) k_##name = number,
  FAULTLINE_LINUX_ARM64_CALLS(FAULTLINE_X)
#undef FAULTLINE_X
};

}  // namespace faultline::abi::linux_arm64

#endif  // FAULTLINE_ABI_LINUX_ARM64_CALLS_H_
