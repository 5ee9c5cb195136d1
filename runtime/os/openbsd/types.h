// What the kernel's structures are called in runtime::sys, for OpenBSD.
#ifndef FAULTLINE_RUNTIME_OS_OPENBSD_TYPES_H_
#define FAULTLINE_RUNTIME_OS_OPENBSD_TYPES_H_

#include "abi/openbsd/native.h"
#include "runtime/nosplit.h"
#include "runtime/os/bsd/sigset.h"

namespace runtime::sys {

namespace os = faultline::abi::native;

using faultline::abi::openbsd_common::PollFd;
using faultline::abi::openbsd_common::Rlimit;
using os::Itimerspec;
using os::Itimerval;
using os::Rusage;
using os::SigAction;
using os::SigInfo;
using os::StackT;
using os::Timespec;
using os::Timeval;
using os::UContext;

// The constants: signal numbers, errno values, flags.
using namespace faultline::abi::openbsd_common;  // NOLINT(google-build-using-namespace): it is the
                                                 // port's vocabulary.

// The kernel's set of signals, with the operations of a set.
using SigSet = SetOf<faultline::abi::openbsd_common::SigSet>;
static_assert(sizeof(SigSet) == sizeof(faultline::abi::openbsd_common::SigSet));
GO_NOSPLIT inline constexpr SigSet sigmask(int sig) {
  SigSet set = {};
  set.word[(sig - 1) / 32] = 1u << ((sig - 1) % 32);
  return set;
}

// Names that other ports have for the same.
inline constexpr int kMAP_ANONYMOUS = kMAP_ANON;
inline constexpr int kRLIMIT_AS = kRLIMIT_DATA;
inline constexpr int kMAP_NORESERVE = 0;  // it does nothing where it is there
inline constexpr int kSI_TKILL = kSI_USER;
inline constexpr auto kNoLimit = kRLIM_INFINITY;

// Whether calls take and give a set of signals as a word.
inline constexpr bool kMasksAreWords = true;
// Whether what a signal that was sent tells names its sender.
inline constexpr bool kSentNamesSender = false;
// Of a timer of the process: the one signal that it can send; 0: any.
inline constexpr int kOnlyTimerSignal = kSIGALRM;
// There are no timers of POSIX; this is what one is asked for with.
struct SigEvent {
  int notify;
  int signo;
};
inline constexpr int kSIGEV_SIGNAL = 1;
inline constexpr int kSIGEV_THREAD_ID = -1;  // no timer signals one thread

// wait4's number.
inline constexpr long kWait4Number = k_wait4;

// The call that signals one thread; its arguments are the thread and the signal (and since 5.9 the
// thread's TCB, or 0). Which one it is depends on the release.
extern long threadkill;
inline const long& kThreadKill = threadkill;
inline constexpr bool kThreadKillHasProcess = false;

// The numbers of calls that have other names on other BSDs.
namespace numbers {
inline constexpr long kSigprocmask = k_sigprocmask;
inline constexpr long kSigaltstack = k_sigaltstack;
inline constexpr long kSigpending = k_sigpending;
inline constexpr long kSigsuspend = k_sigsuspend;
inline constexpr long kSigtimedwait = k___thrsigdivert;
inline constexpr long kSetitimer = k_setitimer;
inline constexpr long kTimerCreate = 0;
inline constexpr long kTimerSettime = 0;
inline constexpr long kTimerDelete = 0;
inline constexpr long kNanosleep = k_nanosleep;
inline constexpr long kClockGettime = k_clock_gettime;
}  // namespace numbers

// How large a new thread's stack is by default, given the main thread's limit.
inline uintptr_t threadstacksize(uintptr_t) { return os::kThreadStackDefault; }

// The kernel raised it for an instruction, nobody sent it.
GO_NOSPLIT inline bool synchronous(const SigInfo& info) { return info.code > 0; }

// Argument n (0…5) of a system call that stands in these registers, and is about to run or to be
// restarted. On 386 they are on the stack, above a word that is the return address of whoever
// called a function for it.
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

#endif  // FAULTLINE_RUNTIME_OS_OPENBSD_TYPES_H_
