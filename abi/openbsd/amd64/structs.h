// OpenBSD structures on amd64, as the kernel lays them out. Sources: the kernel's headers of 5.5,
// and of 7.5 for what is said to be newer (openbsd/src), named at each.
#ifndef FAULTLINE_ABI_OPENBSD_AMD64_STRUCTS_H_
#define FAULTLINE_ABI_OPENBSD_AMD64_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/openbsd/constants.h"

namespace faultline::abi::openbsd_amd64 {

using namespace openbsd_common;  // NOLINT(google-build-using-namespace): this arch has them too.

struct Timespec {  // sys/time.h
  int64_t sec;
  int64_t nsec;
};
struct Timeval {  // sys/time.h
  int64_t sec;
  int64_t usec;
};
struct Itimerval {  // sys/time.h
  Timeval interval;
  Timeval value;
};
struct Itimerspec {  // sys/time.h
  Timespec interval;
  Timespec value;
};
struct Rusage {  // sys/resource.h
  Timeval utime;
  Timeval stime;
  int64_t rest[14];  // maxrss … nivcsw
};

struct SigAction {  // sys/signal.h, struct sigaction
  uint64_t handler;
  SigSet mask;
  uint32_t flags;
};

struct StackT {  // sys/signal.h, stack_t
  uint64_t sp;
  uint64_t size;
  int32_t flags;
};

struct SigInfo {  // sys/siginfo.h, siginfo_t
  int32_t signo;
  int32_t code;
  int32_t err;
  int32_t pad;
  union {
    struct {
      int32_t pid;
      int32_t pad_pid;
      uint32_t uid;
      int32_t pad_uid;
      uint64_t value;
    };
    struct {  // a fault's
      uint64_t addr;
      int32_t trap;
    };
    char bytes[120];
  };
};
static_assert(offsetof(SigInfo, code) == 4 && offsetof(SigInfo, err) == 8 &&
              offsetof(SigInfo, pid) == 16 && offsetof(SigInfo, uid) == 24 &&
              offsetof(SigInfo, value) == 32 && offsetof(SigInfo, addr) == 16 &&
              offsetof(SigInfo, trap) == 24 && sizeof(SigInfo) == 136);

// arch/amd64/include/signal.h, struct sigcontext. The kernel's frame, from rsp up: this (up to 5.9
// without the cookie), a SigInfo, what FXSAVE stored.
struct MContext {
  uint64_t rdi, rsi, rdx, rcx, r8, r9, r10, r11, r12, r13, r14, r15, rbp, rbx, rax;
  uint64_t gs, fs, es, ds;
  uint64_t trapno, err, rip, cs, rflags, rsp, ss;
  uint64_t fpstate;  // where that lies; 0: nowhere
  uint32_t unused;
  uint32_t mask;
  uint64_t cookie;  // since 6.0: the place of it, exclusive-or a secret of the process
};
static_assert(offsetof(MContext, r10) == 48 && offsetof(MContext, rbp) == 96 &&
              offsetof(MContext, rax) == 112 && offsetof(MContext, trapno) == 152 &&
              offsetof(MContext, rip) == 168 && offsetof(MContext, rflags) == 184 &&
              offsetof(MContext, rsp) == 192 && offsetof(MContext, fpstate) == 208 &&
              offsetof(MContext, mask) == 220 && offsetof(MContext, cookie) == 224 &&
              sizeof(MContext) == 232);

struct UContext {  // sys/signal.h: ucontext_t is struct sigcontext itself
  MContext mcontext;
};

struct Tfork {  // sys/proc.h, struct __tfork
  uint64_t tcb;
  uint64_t tid_at;
  uint64_t stack;
};

struct PsStrings {  // sys/exec.h, struct ps_strings
  uint64_t argvstr;
  int32_t nargvstr;
  uint64_t envstr;
  int32_t nenvstr;
};

static_assert(sizeof(Timespec) == 16 && sizeof(Timeval) == 16 && sizeof(Rusage) == 144 &&
              sizeof(SigAction) == 16 && sizeof(StackT) == 24 && sizeof(Tfork) == 24 &&
              sizeof(PsStrings) == 32);

// arch/amd64/include/vmparam.h: the most that a stack limit can be, what the default login class
// makes of it, and where the first thread's stack ends at the latest; bytes.
inline constexpr uint64_t kMaxStack = 32u << 20;
inline constexpr uint64_t kDefaultStack = 4u << 20;
inline constexpr uint64_t kUsrStack = 0x7f7fffffc000;
// lib/librthread/rthread.h, RTHREAD_STACK_SIZE_DEF.
inline constexpr uint64_t kThreadStackDefault = 512u << 10;

}  // namespace faultline::abi::openbsd_amd64

#endif  // FAULTLINE_ABI_OPENBSD_AMD64_STRUCTS_H_
