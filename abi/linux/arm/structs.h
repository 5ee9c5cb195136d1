// Linux structures on arm (EABI), as the kernel lays them out. Sources: named at each; offsets
// asserted here, and held against glibc's headers by suites/runtime/abi_layout.cc.
#ifndef FAULTLINE_ABI_LINUX_ARM_STRUCTS_H_
#define FAULTLINE_ABI_LINUX_ARM_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/linux/386/structs.h"
#include "abi/linux/constants.h"

namespace faultline::abi::linux_arm {

// What asm-generic/ and linux/ say for every arch of 32 bits.
using linux_386::Itimerspec;
using linux_386::Itimerval;
using linux_386::kRlimInfinity;
using linux_386::Rlimit;
using linux_386::Rusage;
using linux_386::SigEvent;
using linux_386::SigInfo;
using linux_386::SigSet32;
using linux_386::StackT;
using linux_386::Timespec;
using linux_386::Timeval;
// include/linux/signal_types.h: as on every arch that has SA_RESTORER.
using linux_386::SigAction;

struct MContext {  // asm/sigcontext.h
  uint32_t trap_no, error_code, oldmask;
  uint32_t r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10;
  uint32_t fp, ip, sp, lr, pc, cpsr;
  uint32_t fault_address;
};
static_assert(offsetof(MContext, r0) == 12 && offsetof(MContext, r7) == 40 &&
              offsetof(MContext, sp) == 64 && offsetof(MContext, pc) == 72 &&
              sizeof(MContext) == 84);

struct UContext {  // arch/arm/include/asm/ucontext.h, up to its records
  uint32_t flags;
  uint32_t link;
  StackT stack;
  MContext mcontext;
  SigSet32 sigmask;
};
static_assert(offsetof(UContext, mcontext) == 20 && offsetof(UContext, sigmask) == 104);

// SVC #0, the system call instruction (Arm ARM, A8.8.229, encoding A1, always executed).
inline constexpr uint32_t kSyscallInsn = 0xef000000;
inline constexpr int kSyscallInsnBytes = 4;

}  // namespace faultline::abi::linux_arm

#endif  // FAULTLINE_ABI_LINUX_ARM_STRUCTS_H_
