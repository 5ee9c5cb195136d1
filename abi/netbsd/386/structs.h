// NetBSD structures on 386, as the kernel lays them out. Sources: the kernel's headers of 8.99
// (lparkes/netbsd-ZYBO), named at each; the offsets that are asserted here are those that a program
// on a real kernel of 7.99 finds.
#ifndef FAULTLINE_ABI_NETBSD_386_STRUCTS_H_
#define FAULTLINE_ABI_NETBSD_386_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/netbsd/constants.h"

namespace faultline::abi::netbsd_386 {

using namespace netbsd_common;  // NOLINT(google-build-using-namespace): this arch has them too.

// Pointers and longs are spelled uint32_t and int32_t, and 64-bit members are packed to 4 bytes, so
// that a 64-bit tracer can use these layouts too.
typedef int64_t Time __attribute__((aligned(4)));  // NOLINT(modernize-use-using)
struct Timespec {                                  // sys/time.h: 64-bit time
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
static_assert(sizeof(Timespec) == 12 && sizeof(Timeval) == 12 && sizeof(Itimerval) == 24 &&
              sizeof(Itimerspec) == 24);
struct Rusage {  // sys/resource.h
  Timeval utime;
  Timeval stime;
  int32_t rest[14];  // maxrss … nivcsw
};
static_assert(sizeof(Rusage) == 80);

// A file's numbers are packed to 4 bytes, too.
typedef uint64_t Wide __attribute__((aligned(4)));  // NOLINT(modernize-use-using)
struct Stat {  // sys/stat.h, struct stat: __fstat50 and its like
  Wide dev;
  uint32_t mode;
  Wide ino;
  uint32_t nlink;
  uint32_t uid;
  uint32_t gid;
  Wide rdev;
  Timespec atim, mtim, ctim, birthtim;
  Time size;
  Time blocks;  // of 512 bytes
  int32_t blksize;
  uint32_t flags;
  uint32_t gen;
  uint32_t spare[2];
};
static_assert(offsetof(Stat, ino) == 12 && offsetof(Stat, uid) == 24 &&
              offsetof(Stat, rdev) == 32 && offsetof(Stat, atim) == 40 &&
              offsetof(Stat, size) == 88 && offsetof(Stat, blksize) == 104 && sizeof(Stat) == 124);

struct Kevent {  // sys/event.h, struct kevent
  uint32_t ident;
  uint32_t filter;
  uint32_t flags;
  uint32_t fflags;
  Time data;
  uint32_t udata;
};
static_assert(offsetof(Kevent, fflags) == 12 && offsetof(Kevent, data) == 16 &&
              sizeof(Kevent) == 28);

struct SigAction {  // sys/signal.h, struct sigaction
  uint32_t handler;
  SigSet mask;
  uint32_t flags;
};
static_assert(offsetof(SigAction, mask) == 4 && offsetof(SigAction, flags) == 20 &&
              sizeof(SigAction) == 24);

struct StackT {  // sys/sigtypes.h, stack_t
  uint32_t sp;
  uint32_t size;
  int32_t flags;
};
static_assert(offsetof(StackT, size) == 4 && offsetof(StackT, flags) == 8 && sizeof(StackT) == 12);

struct SigInfo {  // sys/siginfo.h, siginfo_t
  int32_t signo;
  int32_t code;
  int32_t err;
  union {     // _reason
    struct {  // what was sent, and a child's
      int32_t pid;
      uint32_t uid;
      union {
        uint32_t value;
        int32_t status;
      };
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
              offsetof(SigInfo, status) == 20 && offsetof(SigInfo, value) == 20 &&
              offsetof(SigInfo, addr) == 12 && offsetof(SigInfo, trap) == 16 &&
              sizeof(SigInfo) == 128);

struct SigEvent {  // sys/signal.h, struct sigevent
  int32_t notify;
  int32_t signo;
  uint32_t value;
  uint32_t function;
  uint32_t attributes;
};
static_assert(offsetof(SigEvent, value) == 8 && sizeof(SigEvent) == 20);

// arch/i386/include/mcontext.h, mcontext_t: __gregs, __fpregs, _mc_tlsbase. `esp` is the one of the
// program (_REG_UESP); the other is PUSHA's.
struct MContext {
  uint32_t gs, fs, es, ds, edi, esi, ebp, esp_in_kernel, ebx, edx, ecx, eax;
  uint32_t trapno, err, eip, cs, eflags, esp, ss;
  uint8_t fpstate[512];  // as FXSAVE stores it, with kUC_FXSAVE
  uint32_t fppad[33];
  uint32_t tlsbase;
};
static_assert(offsetof(MContext, edi) == 4 * 4 && offsetof(MContext, ebx) == 8 * 4 &&
              offsetof(MContext, eax) == 11 * 4 && offsetof(MContext, eip) == 14 * 4 &&
              offsetof(MContext, eflags) == 16 * 4 && offsetof(MContext, esp) == 17 * 4 &&
              offsetof(MContext, fpstate) == 76 && offsetof(MContext, tlsbase) == 720 &&
              sizeof(MContext) == 724);

struct UContext {  // sys/ucontext.h, ucontext_t
  uint32_t flags;
  uint32_t link;
  SigSet sigmask;
  StackT stack;
  MContext mcontext;
  uint32_t pad[4];
};
static_assert(offsetof(UContext, link) == 4 && offsetof(UContext, sigmask) == 8 &&
              offsetof(UContext, stack) == 24 && offsetof(UContext, mcontext) == 36 &&
              sizeof(UContext) == 776);

// arch/i386/include/frame.h, struct sigframe_siginfo: what a handler finds at its esp.
struct SigFrame {
  uint32_t ra;  // the program's trampoline
  uint32_t signum;
  uint32_t siginfo_at;
  uint32_t ucontext_at;
  SigInfo info;
  UContext ucontext;
};
static_assert(offsetof(SigFrame, ucontext_at) == 12 && offsetof(SigFrame, info) == 16 &&
              offsetof(SigFrame, ucontext) == 144 && sizeof(SigFrame) == 920);

struct PsStrings {  // sys/exec.h, struct ps_strings
  uint32_t argvstr;
  int32_t nargvstr;
  uint32_t envstr;
  int32_t nenvstr;
};
static_assert(sizeof(PsStrings) == 16);

// arch/i386/include/vmparam.h: the most that a stack limit can be, what it is at first, and where
// the first thread's stack ends; bytes.
inline constexpr uint64_t kMaxStack = 64u << 20;
inline constexpr uint64_t kDefaultStack = 2u << 20;
inline constexpr uint64_t kUsrStack = 0xbfc00000;

// The bytes of a system call instruction: INT 0x80 is CD 80.
inline constexpr int kSyscallInsnBytes = 2;

}  // namespace faultline::abi::netbsd_386

#endif  // FAULTLINE_ABI_NETBSD_386_STRUCTS_H_
