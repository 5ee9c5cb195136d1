// What the kernel's structures are called in runtime::sys, for FreeBSD.
#ifndef FAULTLINE_RUNTIME_OS_FREEBSD_TYPES_H_
#define FAULTLINE_RUNTIME_OS_FREEBSD_TYPES_H_

#include "abi/freebsd/native.h"
#include "runtime/nosplit.h"
#include "runtime/os/bsd/sigset.h"

namespace runtime::sys {

namespace os = faultline::abi::native;

using faultline::abi::freebsd_common::PollFd;
using faultline::abi::freebsd_common::Rlimit;
using os::Itimerspec;
using os::Itimerval;
using os::Rusage;
using os::SigAction;
using os::SigEvent;
using os::SigInfo;
using os::StackT;
using os::Timespec;
using os::Timeval;
using os::UContext;

// The constants: signal numbers, errno values, flags.
using namespace faultline::abi::freebsd_common;  // NOLINT(google-build-using-namespace): it is the
                                                 // port's vocabulary.

// The kernel's set of signals, with the operations of a set.
using SigSet = SetOf<faultline::abi::freebsd_common::SigSet>;
static_assert(sizeof(SigSet) == sizeof(faultline::abi::freebsd_common::SigSet));
GO_NOSPLIT inline constexpr SigSet sigmask(int sig) {
  SigSet set = {};
  set.word[(sig - 1) / 32] = 1u << ((sig - 1) % 32);
  return set;
}

// Names that other ports have for the same.
inline constexpr int kMAP_ANONYMOUS = kMAP_ANON;
inline constexpr int kMAP_NORESERVE = 0;  // the flag of that name never did a thing, and is gone
inline constexpr int kSI_TKILL = kSI_LWP;
// Whether calls take and give a set of signals as a word.
inline constexpr bool kMasksAreWords = false;
// Whether what a signal that was sent tells names its sender.
inline constexpr bool kSentNamesSender = true;
// Of a timer of the process: the one signal that it can send; 0: any.
inline constexpr int kOnlyTimerSignal = 0;
inline constexpr auto kNoLimit = kRLIM_INFINITY;

// wait4's number.
inline constexpr long kWait4Number = k_wait4;

// The call that signals one thread; its arguments are the process, where it asks for that, the
// thread and the signal.
inline constexpr long kThreadKill = k_thr_kill2;
inline constexpr bool kThreadKillHasProcess = true;

// The numbers of calls that have other names on other BSDs.
namespace numbers {
inline constexpr long kSigprocmask = k_sigprocmask;
inline constexpr long kSigaltstack = k_sigaltstack;
inline constexpr long kSigpending = k_sigpending;
inline constexpr long kSigsuspend = k_sigsuspend;
inline constexpr long kSigtimedwait = k_sigtimedwait;
inline constexpr long kSetitimer = k_setitimer;
inline constexpr long kTimerCreate = k_ktimer_create;
inline constexpr long kTimerSettime = k_ktimer_settime;
inline constexpr long kTimerDelete = k_ktimer_delete;
inline constexpr long kNanosleep = k_nanosleep;
inline constexpr long kClockGettime = k_clock_gettime;
}  // namespace numbers

// How large a new thread's stack is by default, given the main thread's limit.
inline uintptr_t threadstacksize(uintptr_t) { return os::kThreadStackDefault; }

// The kernel raised it for an instruction, nobody sent it: what is sent has a code from SI_USER on.
GO_NOSPLIT inline bool synchronous(const SigInfo& info) {
  return info.code > 0 && info.code < kSI_USER;
}

// Argument n (0…5) of a system call that stands in these registers, and is about to run or to be
// restarted, by SYSCALL on amd64 (INT 0x80 has the fourth in rcx). On 386 they are on the stack,
// above a word that is the return address of whoever called a function for it.
GO_NOSPLIT inline uintptr_t argument(const os::MContext& m, int n) {
#if defined(__x86_64__)
  return n == 0 ? m.rdi : n == 1 ? m.rsi : n == 2 ? m.rdx : n == 3 ? m.r10 : n == 4 ? m.r8 : m.r9;
#else
  return reinterpret_cast<const uintptr_t*>(m.esp)[1 + n];
#endif
}

}  // namespace runtime::sys

namespace runtime {

struct ThreadTls {
  uintptr_t base = 0;
  uint32_t selector = 0;
};

#if defined(__i386__)
// The GS selector of threads that have a thread pointer.
uint32_t tlsselector();
#endif

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_OS_FREEBSD_TYPES_H_
