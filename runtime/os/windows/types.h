// What the system's structures are called in runtime::sys, for Windows.
//
// Windows knows no signals. Those here are the port's own: what an exception or a console control
// event means (os/windows/exception.cc). There is no mask and no alternate stack.
#ifndef FAULTLINE_RUNTIME_OS_WINDOWS_TYPES_H_
#define FAULTLINE_RUNTIME_OS_WINDOWS_TYPES_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/windows/imports.h"
#include "abi/windows/native.h"
#include "runtime/nosplit.h"

namespace runtime::sys {

namespace os {
using namespace faultline::abi::native;          // NOLINT(google-build-using-namespace)
using namespace faultline::abi::windows_common;  // NOLINT(google-build-using-namespace)
using MContext = faultline::abi::native::Context;
}  // namespace os

// Errors are the port's own too: -errno, with the values of Linux.
inline constexpr int kEINTR = 4;
inline constexpr int kEIO = 5;
inline constexpr int kEAGAIN = 11;
inline constexpr int kENOMEM = 12;
inline constexpr int kEINVAL = 22;
inline constexpr int kENOSYS = 38;
inline constexpr int kETIMEDOUT = 110;

// Numbers: those of Microsoft's C library where it has them (signal.h).
inline constexpr int kSIGINT = 2;
inline constexpr int kSIGILL = 4;
inline constexpr int kSIGBUS = 7;
inline constexpr int kSIGFPE = 8;
inline constexpr int kSIGSEGV = 11;
inline constexpr int kSIGBREAK = 21;
inline constexpr int kNSIG = 32;

inline constexpr uintptr_t kSIG_DFL = 0;
inline constexpr uintptr_t kSIG_IGN = 1;
inline constexpr int kSIG_BLOCK = 0;
inline constexpr int kSIG_SETMASK = 2;
inline constexpr uint32_t kSA_SIGINFO = 4;
inline constexpr uint32_t kSA_ONSTACK = 8;
inline constexpr uint32_t kSA_RESTART = 16;
inline constexpr int kSS_ONSTACK = 1;
inline constexpr int kSS_DISABLE = 2;

// A signal's code: that of the exception, or 0 for an event.
inline constexpr int kFPE_INTDIV = static_cast<int>(os::kEXCEPTION_INT_DIVIDE_BY_ZERO);

inline constexpr int kPROT_NONE = 0;
inline constexpr int kPROT_READ = 1;
inline constexpr int kPROT_WRITE = 2;
inline constexpr int kPROT_EXEC = 4;
inline constexpr int kMAP_PRIVATE = 2;
inline constexpr int kMAP_ANONYMOUS = 0x20;
inline constexpr int kMAP_NORESERVE = 0x4000;

struct Timespec {
  int64_t sec;
  int64_t nsec;
};
using SigSet = uint32_t;  // bit n-1 is signal n
GO_NOSPLIT inline constexpr SigSet sigmask(int sig) { return 1u << (sig - 1); }
struct SigAction {
  uintptr_t handler;
  SigSet mask;
  uint32_t flags;
};
struct SigInfo {
  int32_t signo;
  int32_t code;
  uintptr_t addr;  // of an access that failed
};
struct StackT {
  uintptr_t sp;
  uintptr_t size;
  int32_t flags;
};
struct UContext {
  os::MContext mcontext;
};

// What Windows has no counterpart of: sys.h names them, nothing here has them.
struct PollFd;
struct Rlimit;
struct Rusage;
struct Itimerval;
struct Itimerspec;
struct SigEvent;

GO_NOSPLIT inline bool synchronous(const SigInfo& info) { return info.code != 0; }

// No program here makes system calls of its own.
GO_NOSPLIT inline uintptr_t argument(const os::MContext&, int) { return 0; }

// The stack of the calling thread, as the system has it: the lowest address that can be used
// without an overflow, and one past the highest.
struct ThreadStack {
  uintptr_t low;
  uintptr_t high;
};
ThreadStack threadstack();

// A thread of this process, by CreateThread: it runs fn(arg) on a stack of the system's, with so
// many bytes reserved for it. Returns its id, or -errno.
long osthread(size_t bytes, struct ThreadLife* life, void (*fn)(void*), void* arg);

}  // namespace runtime::sys

namespace runtime {

struct ThreadTls {
  void* g = nullptr;
  void* m = nullptr;
};

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_OS_WINDOWS_TYPES_H_
