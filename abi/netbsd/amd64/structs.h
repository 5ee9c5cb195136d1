// NetBSD structures on amd64, as the kernel lays them out. Sources: the kernel's headers of 8.99
// (lparkes/netbsd-ZYBO), named at each; the offsets that are asserted here are those that a program
// on a real kernel of 7.99 finds.
#ifndef FAULTLINE_ABI_NETBSD_AMD64_STRUCTS_H_
#define FAULTLINE_ABI_NETBSD_AMD64_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/netbsd/constants.h"

namespace faultline::abi::netbsd_amd64 {

using namespace netbsd_common;  // NOLINT(google-build-using-namespace): this arch has them too.

struct Timespec {  // sys/time.h
  int64_t sec;
  int64_t nsec;
};
struct Timeval {  // sys/time.h
  int64_t sec;
  int32_t usec;
  int32_t pad;
};
struct Itimerval {  // sys/time.h
  Timeval interval;
  Timeval value;
};
struct Itimerspec {  // sys/time.h
  Timespec interval;
  Timespec value;
};
static_assert(sizeof(Timespec) == 16 && sizeof(Timeval) == 16 && sizeof(Itimerval) == 32 &&
              sizeof(Itimerspec) == 32);
struct Rusage {  // sys/resource.h
  Timeval utime;
  Timeval stime;
  int64_t rest[14];  // maxrss … nivcsw
};
static_assert(sizeof(Rusage) == 144);

struct Stat {  // sys/stat.h, struct stat: __fstat50 and its like
  uint64_t dev;
  uint32_t mode;
  uint64_t ino;
  uint32_t nlink;
  uint32_t uid;
  uint32_t gid;
  uint64_t rdev;
  Timespec atim, mtim, ctim, birthtim;
  int64_t size;
  int64_t blocks;  // of 512 bytes
  int32_t blksize;
  uint32_t flags;
  uint32_t gen;
  uint32_t spare[2];
};
static_assert(offsetof(Stat, ino) == 16 && offsetof(Stat, uid) == 28 &&
              offsetof(Stat, rdev) == 40 && offsetof(Stat, atim) == 48 &&
              offsetof(Stat, size) == 112 && offsetof(Stat, blksize) == 128 && sizeof(Stat) == 152);

struct Kevent {  // sys/event.h, struct kevent
  uint64_t ident;
  uint32_t filter;
  uint32_t flags;
  uint32_t fflags;
  int64_t data;
  uint64_t udata;
};
static_assert(offsetof(Kevent, fflags) == 16 && offsetof(Kevent, data) == 24 &&
              sizeof(Kevent) == 40);

struct SigAction {  // sys/signal.h, struct sigaction
  uint64_t handler;
  SigSet mask;
  uint32_t flags;
};
static_assert(offsetof(SigAction, mask) == 8 && offsetof(SigAction, flags) == 24 &&
              sizeof(SigAction) == 32);

struct StackT {  // sys/sigtypes.h, stack_t
  uint64_t sp;
  uint64_t size;
  int32_t flags;
};
static_assert(offsetof(StackT, size) == 8 && offsetof(StackT, flags) == 16 && sizeof(StackT) == 24);

struct SigInfo {  // sys/siginfo.h, siginfo_t
  int32_t signo;
  int32_t code;
  int32_t err;
  int32_t pad;
  union {     // _reason
    struct {  // what was sent, and a child's
      int32_t pid;
      uint32_t uid;
      union {
        uint64_t value;
        int32_t status;
      };
    };
    struct {  // a fault's
      uint64_t addr;
      int32_t trap;
    };
    char bytes[112];
  };
};
static_assert(offsetof(SigInfo, code) == 4 && offsetof(SigInfo, err) == 8 &&
              offsetof(SigInfo, pid) == 16 && offsetof(SigInfo, uid) == 20 &&
              offsetof(SigInfo, status) == 24 && offsetof(SigInfo, value) == 24 &&
              offsetof(SigInfo, addr) == 16 && offsetof(SigInfo, trap) == 24 &&
              sizeof(SigInfo) == 128);

struct SigEvent {  // sys/signal.h, struct sigevent
  int32_t notify;
  int32_t signo;
  uint64_t value;
  uint64_t function;
  uint64_t attributes;
};
static_assert(offsetof(SigEvent, value) == 8 && sizeof(SigEvent) == 32);

// arch/amd64/include/mcontext.h, mcontext_t: __gregs in the order of frame_regs.h, _mc_tlsbase,
// __fpregs.
struct MContext {
  uint64_t rdi, rsi, rdx, rcx, r8, r9, r10, r11, r12, r13, r14, r15, rbp, rbx, rax;
  uint64_t gs, fs, es, ds;
  uint64_t trapno, err, rip, cs, rflags, rsp, ss;
  uint64_t tlsbase;
  uint8_t fpstate[512];  // as FXSAVE stores it
};
static_assert(offsetof(MContext, rcx) == 3 * 8 && offsetof(MContext, r10) == 6 * 8 &&
              offsetof(MContext, r15) == 11 * 8 && offsetof(MContext, rax) == 14 * 8 &&
              offsetof(MContext, trapno) == 19 * 8 && offsetof(MContext, rip) == 21 * 8 &&
              offsetof(MContext, rflags) == 23 * 8 && offsetof(MContext, rsp) == 24 * 8 &&
              offsetof(MContext, tlsbase) == 208 && offsetof(MContext, fpstate) == 216 &&
              sizeof(MContext) == 728);

struct UContext {  // sys/ucontext.h, ucontext_t
  uint32_t flags;
  uint64_t link;
  SigSet sigmask;
  StackT stack;
  MContext mcontext;
};
static_assert(offsetof(UContext, link) == 8 && offsetof(UContext, sigmask) == 16 &&
              offsetof(UContext, stack) == 32 && offsetof(UContext, mcontext) == 56 &&
              sizeof(UContext) == 784);

// arch/amd64/include/frame.h, struct sigframe_siginfo: what a handler finds at its rsp.
struct SigFrame {
  uint64_t ra;  // the program's trampoline
  SigInfo info;
  UContext ucontext;
};
static_assert(offsetof(SigFrame, info) == 8 && offsetof(SigFrame, ucontext) == 136 &&
              sizeof(SigFrame) == 920);

struct PsStrings {  // sys/exec.h, struct ps_strings
  uint64_t argvstr;
  int32_t nargvstr;
  uint64_t envstr;
  int32_t nenvstr;
};
static_assert(sizeof(PsStrings) == 32);

// arch/amd64/include/vmparam.h: the most that a stack limit can be, what it is at first, and where
// the first thread's stack ends; bytes.
inline constexpr uint64_t kMaxStack = 128u << 20;
inline constexpr uint64_t kDefaultStack = 4u << 20;
inline constexpr uint64_t kUsrStack = 0x7f8000000000;

// The bytes of a system call instruction: SYSCALL is 0F 05, INT 0x80 is CD 80.
inline constexpr int kSyscallInsnBytes = 2;

}  // namespace faultline::abi::netbsd_amd64

#endif  // FAULTLINE_ABI_NETBSD_AMD64_STRUCTS_H_
