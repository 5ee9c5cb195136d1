// Linux structures on arm64, as the kernel lays them out. Sources: named at each; offsets
// asserted here, and held against glibc's headers by suites/runtime/abi_layout.cc.
#ifndef FAULTLINE_ABI_LINUX_ARM64_STRUCTS_H_
#define FAULTLINE_ABI_LINUX_ARM64_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/linux/amd64/structs.h"
#include "abi/linux/constants.h"
#include "abi/linux/generic/constants.h"

namespace faultline::abi::linux_arm64 {

// What asm-generic/ and linux/ say for every arch of 64 bits.
using linux_amd64::Itimerspec;
using linux_amd64::Itimerval;
using linux_amd64::kRlimInfinity;
using linux_amd64::Rlimit;
using linux_amd64::Rusage;
using linux_amd64::SigEvent;
using linux_amd64::SigInfo;
using linux_amd64::StackT;
using linux_amd64::Timespec;
using linux_amd64::Timeval;
using linux_common::SigSet;
using linux_generic::kAT_FDCWD;
using linux_generic::kF_GETFD;
// include/linux/signal_types.h: as on every arch that has SA_RESTORER.
using linux_amd64::SigAction;

struct MContext {  // asm/sigcontext.h, struct sigcontext up to its records
  uint64_t fault_address;
  uint64_t regs[31];
  uint64_t sp, pc, pstate;
};
static_assert(offsetof(MContext, regs) == 8 && offsetof(MContext, sp) == 256 &&
              offsetof(MContext, pc) == 264 && offsetof(MContext, pstate) == 272 &&
              sizeof(MContext) == 280);

struct UContext {  // asm/ucontext.h
  uint64_t flags;
  uintptr_t link;
  StackT stack;
  SigSet sigmask;
  char unused[120];
  alignas(16) MContext mcontext;
  // Vector registers and what else there is, each with a head of magic and size.
  alignas(16) char records[4096];
};
static_assert(offsetof(UContext, sigmask) == 40 && offsetof(UContext, mcontext) == 176 &&
              offsetof(UContext, records) == 464 && sizeof(UContext) == 4560);

// SVC #0, the system call instruction (Arm ARM, C6.2: 1101 0100 000 imm16 00001).
inline constexpr uint32_t kSyscallInsn = 0xd4000001;
inline constexpr int kSyscallInsnBytes = 4;

}  // namespace faultline::abi::linux_arm64

#endif  // FAULTLINE_ABI_LINUX_ARM64_STRUCTS_H_
