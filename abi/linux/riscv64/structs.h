// Linux structures on riscv64, as the kernel lays them out. Sources: named at each; offsets
// computed from the user headers of 6.1 and asserted here.
#ifndef FAULTLINE_ABI_LINUX_RISCV64_STRUCTS_H_
#define FAULTLINE_ABI_LINUX_RISCV64_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/linux/amd64/structs.h"
#include "abi/linux/constants.h"
#include "abi/linux/generic/constants.h"

namespace faultline::abi::linux_riscv64 {

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

// asm-generic/signal.h, without SA_RESTORER: handlers return to the kernel's own page.
struct SigAction {
  uintptr_t handler;
  uint64_t flags;
  SigSet mask;
};
static_assert(offsetof(SigAction, mask) == 16 && sizeof(SigAction) == 24);

struct MContext {  // asm/ptrace.h, struct user_regs_struct: the start of struct sigcontext
  uint64_t pc, ra, sp, gp, tp;
  uint64_t t0, t1, t2, s0, s1;
  uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
  uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
  uint64_t t3, t4, t5, t6;
};
static_assert(offsetof(MContext, s0) == 64 && offsetof(MContext, a0) == 80 &&
              offsetof(MContext, a7) == 136 && offsetof(MContext, t6) == 248 &&
              sizeof(MContext) == 256);

struct UContext {  // asm/ucontext.h
  uint64_t flags;
  uintptr_t link;
  StackT stack;
  SigSet sigmask;
  char unused[120];
  alignas(16) MContext mcontext;
  alignas(16) char floating[528];  // asm/ptrace.h, union __riscv_fp_state
};
static_assert(offsetof(UContext, sigmask) == 40 && offsetof(UContext, mcontext) == 176 &&
              offsetof(UContext, floating) == 432 && sizeof(UContext) == 960);

// ECALL, the system call instruction (RISC-V Instruction Set Manual, volume I, 2.8).
inline constexpr uint32_t kSyscallInsn = 0x00000073;
inline constexpr int kSyscallInsnBytes = 4;

}  // namespace faultline::abi::linux_riscv64

#endif  // FAULTLINE_ABI_LINUX_RISCV64_STRUCTS_H_
