// What the tracees name alike on all systems, for NetBSD.
#ifndef FAULTLINE_SUITES_MODEL_TRACEES_OS_NETBSD_OS_H_
#define FAULTLINE_SUITES_MODEL_TRACEES_OS_NETBSD_OS_H_

#include "abi/netbsd/native.h"

namespace tracee {

namespace abi = faultline::abi::native;
using Word = unsigned long;

// Calls that take the same arguments on all, whatever their names and numbers.
namespace call {
inline constexpr Word kNanoSleep = abi::k___nanosleep50, kSetItimer = abi::k___setitimer50,
                      kWait4 = abi::k___wait450, kPipe = abi::k_pipe,
                      kSigAltStack = abi::k___sigaltstack14, kSigPending = abi::k___sigpending14,
                      kSigProcMask = abi::k___sigprocmask14, kThreadKill = abi::k__lwp_kill,
                      kTimerCreate = abi::k_timer_create, kTimerDelete = abi::k_timer_delete,
                      kTimerGetOverrun = abi::k_timer_getoverrun,
                      kTimerSetTime = abi::k___timer_settime50;
// One that the model lacks.
inline constexpr Word kMissing = abi::k_acct;
// One that switches threads, whatever else is there.
inline constexpr Word kYield = abi::k_sched_yield;
}  // namespace call

// Bits of start_registers that a program may find something in: rbx, rcx, rsp, r11.
inline constexpr unsigned kStartRegisters =
    sizeof(Word) == 8 ? 1u << 1 | 1u << 2 | 1u << 7 | 1u << 11 : 1u << 1 | 1u << 7;
// The second result of a fork in the child, whose parent had this in the same register.
constexpr Word ForkedSecond(Word before) { return before; }
inline int TrapOf(const abi::SigInfo& info) { return info.trap; }
inline bool IsInfo(Word at) { return at > 4096; }

}  // namespace tracee

#endif  // FAULTLINE_SUITES_MODEL_TRACEES_OS_NETBSD_OS_H_
