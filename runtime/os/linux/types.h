// What the kernel's structures are called in runtime::sys, for Linux.
#ifndef FAULTLINE_RUNTIME_OS_LINUX_TYPES_H_
#define FAULTLINE_RUNTIME_OS_LINUX_TYPES_H_

#include "abi/linux/native.h"
#include "runtime/nosplit.h"

namespace runtime::sys {

namespace os = faultline::abi::native;

using faultline::abi::linux_common::PollFd;
using faultline::abi::linux_common::SigSet;  // bit n-1 is signal n
using os::Itimerspec;
using os::Itimerval;
using os::Rlimit;
using os::Rusage;
using os::SigAction;
using os::SigEvent;
using os::SigInfo;
using os::StackT;
using os::Timespec;
using os::Timeval;
using os::UContext;

// The constants: signal numbers, errno values, flags.
using namespace faultline::abi::linux_common;  // NOLINT(google-build-using-namespace): it is the
                                               // port's vocabulary.

// Limits that mean none.
// Whether what a signal that was sent tells names its sender.
inline constexpr bool kSentNamesSender = true;
// Of a timer of the process: the one signal that it can send; 0: any.
inline constexpr int kOnlyTimerSignal = 0;
inline constexpr auto kNoLimit = os::kRlimInfinity;

// glibc's <signal.h> has a deprecated macro of this name.
#undef sigmask
GO_NOSPLIT inline constexpr SigSet sigmask(int sig) { return 1ull << (sig - 1); }

// wait4's number.
inline constexpr long kWait4Number = os::k_wait4;

// The call that signals one thread; its arguments are the process, where it asks for that, the
// thread and the signal.
inline constexpr long kThreadKill = os::k_tgkill;
inline constexpr bool kThreadKillHasProcess = true;

// The kernel raised it for an instruction (SI_KERNEL included), nobody sent it.
GO_NOSPLIT inline bool synchronous(const SigInfo& info) { return info.code > 0; }

// Argument n (0…5) of a system call that stands in these registers.
GO_NOSPLIT inline uintptr_t argument(const os::MContext& m, int n) {
#if defined(__x86_64__)
  return n == 0 ? m.rdi : n == 1 ? m.rsi : n == 2 ? m.rdx : n == 3 ? m.r10 : n == 4 ? m.r8 : m.r9;
#elif defined(__aarch64__)
  return m.regs[n];
#elif defined(__arm__)
  return n == 0 ? m.r0 : n == 1 ? m.r1 : n == 2 ? m.r2 : n == 3 ? m.r3 : n == 4 ? m.r4 : m.r5;
#elif defined(__riscv)
  return n == 0 ? m.a0 : n == 1 ? m.a1 : n == 2 ? m.a2 : n == 3 ? m.a3 : n == 4 ? m.a4 : m.a5;
#else
  return n == 0 ? m.ebx : n == 1 ? m.ecx : n == 2 ? m.edx : n == 3 ? m.esi : n == 4 ? m.edi : m.ebp;
#endif
}

}  // namespace runtime::sys

namespace runtime {

struct ThreadTls {
  uintptr_t base = 0;
  uint32_t selector = 0;
#if defined(__i386__)
  sys::os::UserDesc slot = {};  // what the GDT slot held that installtls writes
  bool haveslot = false;
#endif
};

#if defined(__i386__)
// The GDT slot that is the program's: the one GS selects at start, or, when it selects none, the
// one that the kernel picks at the first installtls.
uint32_t tlsslot();
#endif

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_OS_LINUX_TYPES_H_
