// What the tracees name alike on all systems, for FreeBSD.
#ifndef FAULTLINE_SUITES_MODEL_TRACEES_OS_FREEBSD_OS_H_
#define FAULTLINE_SUITES_MODEL_TRACEES_OS_FREEBSD_OS_H_

#include "abi/freebsd/native.h"

namespace tracee {

namespace abi = faultline::abi::native;
using Word = unsigned long;

// Calls that take the same arguments on all, whatever their names and numbers.
namespace call {
inline constexpr Word kNanoSleep = abi::k_nanosleep, kSetItimer = abi::k_setitimer,
                      kWait4 = abi::k_wait4, kPipe = abi::k_freebsd10_pipe,
                      kSigAltStack = abi::k_sigaltstack, kSigPending = abi::k_sigpending,
                      kSigProcMask = abi::k_sigprocmask, kThreadKill = abi::k_thr_kill,
                      kTimerCreate = abi::k_ktimer_create, kTimerDelete = abi::k_ktimer_delete,
                      kTimerGetOverrun = abi::k_ktimer_getoverrun,
                      kTimerSetTime = abi::k_ktimer_settime;
// One that the model lacks.
inline constexpr Word kMissing = abi::k_quotactl;
// One that switches threads, whatever else is there.
inline constexpr Word kYield = abi::k_sched_yield;
}  // namespace call

// Bits of start_registers that a program may find something in: rdi, rsp.
inline constexpr unsigned kStartRegisters = sizeof(Word) == 8 ? 1u << 5 | 1u << 7 : 1u << 7;
// The second result of a fork in the child, whose parent had this in the same register.
constexpr Word ForkedSecond(Word) { return 1; }
inline int TrapOf(const abi::SigInfo& info) { return info.trapno; }
// The address of a siginfo, in place of which a plain handler may be given something else.
inline bool IsInfo(Word at) { return at > 4096 && at != 0x10001; }

}  // namespace tracee

#endif  // FAULTLINE_SUITES_MODEL_TRACEES_OS_FREEBSD_OS_H_
