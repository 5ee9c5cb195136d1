// OpenBSD structures on 386, as the kernel lays them out. Sources: the kernel's headers of 5.5,
// and of 7.5 for what is said to be newer (openbsd/src), named at each.
#ifndef FAULTLINE_ABI_OPENBSD_386_STRUCTS_H_
#define FAULTLINE_ABI_OPENBSD_386_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/openbsd/constants.h"

namespace faultline::abi::openbsd_386 {

using namespace openbsd_common;  // NOLINT(google-build-using-namespace): this arch has them too.

// Pointers and longs are spelled uint32_t and int32_t, and 64-bit members are packed to 4 bytes, so
// that a 64-bit tracer can use these layouts too.
typedef int64_t Time __attribute__((aligned(4)));  // NOLINT(modernize-use-using)
struct Timespec {                                  // sys/time.h: 64-bit time since 5.5
  Time sec;
  int32_t nsec;
};
struct Timeval {  // sys/time.h
  Time sec;
  int32_t usec;
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
  int32_t rest[14];  // maxrss … nivcsw
};

struct SigAction {  // sys/signal.h, struct sigaction
  uint32_t handler;
  SigSet mask;
  uint32_t flags;
};

struct StackT {  // sys/signal.h, stack_t
  uint32_t sp;
  uint32_t size;
  int32_t flags;
};

struct SigInfo {  // sys/siginfo.h, siginfo_t
  int32_t signo;
  int32_t code;
  int32_t err;
  union {
    struct {
      int32_t pid;
      uint32_t uid;
      uint32_t value;
    };
    struct {  // a fault's
      uint32_t addr;
      int32_t trap;
    };
    char bytes[116];
  };
};
static_assert(offsetof(SigInfo, code) == 4 && offsetof(SigInfo, err) == 8 &&
              offsetof(SigInfo, pid) == 12 && offsetof(SigInfo, uid) == 16 &&
              offsetof(SigInfo, value) == 20 && offsetof(SigInfo, addr) == 12 &&
              offsetof(SigInfo, trap) == 16 && sizeof(SigInfo) == 128);

// arch/i386/include/signal.h, struct sigcontext. `cookie` is there since 6.0.
struct MContext {
  uint32_t gs, fs, es, ds, edi, esi, ebp, ebx, edx, ecx, eax;
  uint32_t eip, cs, eflags, esp, ss;
  uint32_t unused;
  uint32_t mask;
  uint32_t trapno, err;
  uint32_t fpstate;  // where what FXSAVE stored lies; 0: nowhere
  uint32_t cookie;
};
static_assert(offsetof(MContext, edi) == 16 && offsetof(MContext, eax) == 40 &&
              offsetof(MContext, eip) == 44 && offsetof(MContext, esp) == 56 &&
              offsetof(MContext, mask) == 68 && offsetof(MContext, fpstate) == 80 &&
              sizeof(MContext) == 88);

// arch/i386/include/frame.h, struct sigframe: what the trampoline finds at its esp. A sigcontext
// follows, then a SigInfo.
struct SigFrame {
  uint32_t signum;
  uint32_t siginfo_at;
  uint32_t context_at;
  uint32_t handler;
};
static_assert(sizeof(SigFrame) == 16);

struct UContext {  // sys/signal.h: ucontext_t is struct sigcontext itself
  MContext mcontext;
};

struct Tfork {  // sys/proc.h, struct __tfork
  uint32_t tcb;
  uint32_t tid_at;
  uint32_t stack;
};

struct PsStrings {  // sys/exec.h, struct ps_strings
  uint32_t argvstr;
  int32_t nargvstr;
  uint32_t envstr;
  int32_t nenvstr;
};

static_assert(sizeof(Timespec) == 12 && sizeof(Timeval) == 12 && sizeof(Rusage) == 80 &&
              sizeof(SigAction) == 12 && sizeof(StackT) == 12 && sizeof(Tfork) == 12 &&
              sizeof(PsStrings) == 16);

// arch/i386/include/vmparam.h: the most that a stack limit can be, what the default login class
// makes of it, and where the first thread's stack ends at the latest; bytes.
inline constexpr uint64_t kMaxStack = 32u << 20;
inline constexpr uint64_t kDefaultStack = 4u << 20;
inline constexpr uint64_t kUsrStack = 0xcfbfe000;
// lib/librthread/rthread.h, RTHREAD_STACK_SIZE_DEF.
inline constexpr uint64_t kThreadStackDefault = 256u << 10;

}  // namespace faultline::abi::openbsd_386

#endif  // FAULTLINE_ABI_OPENBSD_386_STRUCTS_H_
