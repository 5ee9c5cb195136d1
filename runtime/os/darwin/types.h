// What the kernel's structures are called in runtime::sys, for Darwin.
#ifndef FAULTLINE_RUNTIME_OS_DARWIN_TYPES_H_
#define FAULTLINE_RUNTIME_OS_DARWIN_TYPES_H_

#include "abi/darwin/native.h"
#include "runtime/nosplit.h"
#include "runtime/os/bsd/sigset.h"

namespace runtime::sys {

namespace os = faultline::abi::native;

using faultline::abi::darwin_common::PollFd;
using faultline::abi::darwin_common::Rlimit;
using os::Itimerval;
using os::Rusage;
using os::SigAction;
using os::SigInfo;
using os::StackT;
using os::Timespec;
using os::Timeval;

// The constants: signal numbers, errno values, flags.
using namespace faultline::abi::darwin_common;  // NOLINT(google-build-using-namespace): it is the
                                                // port's vocabulary.

// The context lies beside its registers, and says where they are.
struct UContext : os::UContext {
  GO_NOSPLIT os::MContext& registers() const {
    return *reinterpret_cast<os::MContext*>(static_cast<uintptr_t>(mcontext));
  }
};
GO_NOSPLIT inline os::MContext& registersof(const UContext& u) { return u.registers(); }

// The kernel's set of signals, one word, with the operations of a set.
using SigSet = SetOf<faultline::abi::darwin_common::SigSet>;
static_assert(sizeof(SigSet) == 4);
GO_NOSPLIT inline constexpr SigSet sigmask(int sig) { return {{{1u << (sig - 1)}}}; }

// Names that other ports have for the same.
inline constexpr int kMAP_ANONYMOUS = kMAP_ANON;
inline constexpr bool kMasksAreWords = false;
inline constexpr bool kSentNamesSender = false;  // no call tells
inline constexpr auto kNoLimit = kRLIM_INFINITY;
inline constexpr int kSI_TKILL = 0;  // whatever is sent has it

// There is one clock.
inline constexpr int kCLOCK_REALTIME = 0;
inline constexpr int kCLOCK_MONOTONIC = 0;

// There are no POSIX timers but one of the process, which sends one signal.
inline constexpr int kOnlyTimerSignal = kSIGALRM;
inline constexpr int kSIGEV_SIGNAL = 1;
inline constexpr int kSIGEV_THREAD_ID = -1;  // there is no such thing
struct SigEvent {
  int32_t notify;
  int32_t signo;
};
struct Itimerspec {
  Timespec interval;
  Timespec value;
};

// wait4's number, as it stands in eax.
inline constexpr long kWait4Number = NR_wait4;

// The call that signals one thread; its arguments are the thread and the signal.
inline constexpr long kThreadKill = CLASS_UNIX | k___pthread_kill;
inline constexpr bool kThreadKillHasProcess = false;

// The numbers of calls that have other names on other BSDs.
namespace numbers {
inline constexpr long kSigprocmask = k___pthread_sigmask;
inline constexpr long kSigaltstack = k_sigaltstack;
inline constexpr long kSigpending = k_sigpending;
inline constexpr long kSetitimer = k_setitimer;
// Not there (kOnlyTimerSignal).
inline constexpr long kTimerCreate = -1;
inline constexpr long kTimerSettime = -1;
inline constexpr long kTimerDelete = -1;
}  // namespace numbers

// How large a new thread's stack is by default: libpthread's 512 KB, whatever the main thread's
// limit (Libc's pthread.c, _PTHREAD_DEFAULT_STACKSIZE).
inline uintptr_t threadstacksize(uintptr_t) { return 512 << 10; }

// The kernel raised it for an instruction, nobody sent it. Of SIGTRAP and SIGBUS it has the same
// code for both (bsd/dev/i386/unix_signal.c, sendsig); what was sent of the others has none.
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

#endif  // FAULTLINE_RUNTIME_OS_DARWIN_TYPES_H_
