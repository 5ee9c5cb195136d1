// FreeBSD structures on i386, as the kernel lays them out. Sources: the kernel's headers of 10.4
// (coder03/freebsd10.4), named at each; offsets computed by compiling them for
// i386-unknown-freebsd10, and asserted here. What came with 12.0: sys/sys/stat.h of
// kenrap/freebsd-src (newer than 14.0) and sys/sys/event.h of rcslab/aurora-12.3.
#ifndef FAULTLINE_ABI_FREEBSD_386_STRUCTS_H_
#define FAULTLINE_ABI_FREEBSD_386_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/freebsd/constants.h"

namespace faultline::abi::freebsd_386 {

using namespace freebsd_common;  // NOLINT(google-build-using-namespace): this arch has them too.

// Pointers and longs are spelled uint32_t and int32_t, so that a 64-bit tracer can use these
// layouts too.
struct Timespec {  // sys/_timespec.h: 32-bit time
  int32_t sec;
  int32_t nsec;
};
struct Timeval {  // sys/_timeval.h
  int32_t sec;
  int32_t usec;
};
struct Itimerval {  // sys/time.h
  Timeval interval;
  Timeval value;
};
struct Itimerspec {  // sys/timespec.h
  Timespec interval;
  Timespec value;
};
static_assert(sizeof(Timespec) == 8 && sizeof(Timeval) == 8 && sizeof(Itimerval) == 16 &&
              sizeof(Itimerspec) == 16);
struct Rusage {  // sys/resource.h
  Timeval utime;
  Timeval stime;
  int32_t rest[14];  // maxrss … nivcsw
};
static_assert(sizeof(Rusage) == 72);

struct SigAction {  // sys/signal.h, struct sigaction
  uint32_t handler;
  uint32_t flags;
  SigSet mask;
};
static_assert(offsetof(SigAction, flags) == 4 && offsetof(SigAction, mask) == 8 &&
              sizeof(SigAction) == 24);

struct StackT {  // sys/signal.h, stack_t
  uint32_t sp;
  uint32_t size;
  int32_t flags;
};
static_assert(offsetof(StackT, size) == 4 && offsetof(StackT, flags) == 8 && sizeof(StackT) == 12);

struct SigInfo {  // sys/signal.h, siginfo_t
  int32_t signo;
  int32_t err;
  int32_t code;
  int32_t pid;
  uint32_t uid;
  int32_t status;
  uint32_t addr;
  uint32_t value;
  union {  // _reason
    int32_t trapno;
    struct {
      int32_t timerid;
      int32_t overrun;
    };
    char bytes[32];
  };
};
static_assert(offsetof(SigInfo, pid) == 12 && offsetof(SigInfo, status) == 20 &&
              offsetof(SigInfo, addr) == 24 && offsetof(SigInfo, value) == 28 &&
              offsetof(SigInfo, trapno) == 32 && sizeof(SigInfo) == 64);

struct SigEvent {  // sys/signal.h, struct sigevent
  int32_t notify;
  int32_t signo;
  uint32_t value;
  union {
    int32_t tid;
    char bytes[32];
  };
};
static_assert(offsetof(SigEvent, value) == 8 && offsetof(SigEvent, tid) == 12 &&
              sizeof(SigEvent) == 44);

struct MContext {  // x86/include/ucontext.h, mcontext_t; gs to ss are a trapframe
  uint32_t onstack;
  uint32_t gs, fs, es, ds;
  uint32_t edi, esi, ebp, isp, ebx, edx, ecx, eax;
  uint32_t trapno, err, eip, cs, eflags, esp, ss;
  uint32_t len;  // sizeof(MContext), or setcontext and sigreturn refuse it
  uint32_t fpformat;
  uint32_t ownedfp;
  uint32_t flags;
  alignas(16) uint8_t fpstate[512];  // as FXSAVE stores it
  uint32_t fsbase, gsbase;
  uint32_t xfpustate, xfpustate_len;  // the rest of an XSAVE area
  uint32_t spare[4];
};
static_assert(offsetof(MContext, gs) == 4 && offsetof(MContext, edi) == 20 &&
              offsetof(MContext, ebp) == 28 && offsetof(MContext, ebx) == 36 &&
              offsetof(MContext, eax) == 48 && offsetof(MContext, trapno) == 52 &&
              offsetof(MContext, eip) == 60 && offsetof(MContext, eflags) == 68 &&
              offsetof(MContext, esp) == 72 && offsetof(MContext, len) == 80 &&
              offsetof(MContext, fpformat) == 84 && offsetof(MContext, flags) == 92 &&
              offsetof(MContext, fpstate) == 96 && offsetof(MContext, fsbase) == 608 &&
              offsetof(MContext, xfpustate) == 616 && sizeof(MContext) == 640);

struct UContext {  // sys/_ucontext.h, ucontext_t
  SigSet sigmask;
  MContext mcontext;
  uint32_t link;
  StackT stack;
  int32_t flags;
  int32_t spare[4];
};
static_assert(offsetof(UContext, mcontext) == 16 && offsetof(UContext, link) == 656 &&
              offsetof(UContext, stack) == 660 && offsetof(UContext, flags) == 672 &&
              sizeof(UContext) == 704);

struct SigFrame {  // x86/include/sigframe.h, struct sigframe: what a handler's trampoline finds
  uint32_t signum;
  uint32_t siginfo;
  uint32_t ucontext_at;
  uint32_t addr;
  uint32_t handler;
  alignas(16) UContext ucontext;
  SigInfo info;
};
static_assert(offsetof(SigFrame, handler) == 16 && offsetof(SigFrame, ucontext) == 32 &&
              offsetof(SigFrame, info) == 736 && sizeof(SigFrame) == 800);

struct ThrParam {  // sys/thr.h, struct thr_param: thr_new
  uint32_t start_func;
  uint32_t arg;
  uint32_t stack_base;  // the low end
  uint32_t stack_size;
  uint32_t tls_base;
  uint32_t tls_size;
  uint32_t child_tid;   // where the thread's number is stored, as a long, before it runs
  uint32_t parent_tid;  // the same
  int32_t flags;
  uint32_t rtp;
  uint32_t spare[3];
};
static_assert(offsetof(ThrParam, stack_base) == 8 && offsetof(ThrParam, tls_base) == 16 &&
              offsetof(ThrParam, child_tid) == 24 && offsetof(ThrParam, flags) == 32 &&
              offsetof(ThrParam, rtp) == 36 && sizeof(ThrParam) == 52);

struct UmtxTime {  // sys/_umtx.h, struct _umtx_time
  Timespec timeout;
  uint32_t flags;
  uint32_t clockid;
};
static_assert(sizeof(UmtxTime) == 16);

// i386 aligns what is 64 bits wide to 4 bytes, whoever compiles this.
#pragma pack(push, 4)
struct Stat {  // sys/stat.h, struct stat since 12.0 (64-bit inode numbers): fstat is call 551
  uint64_t dev;
  uint64_t ino;
  uint64_t nlink;
  uint16_t mode;
  int16_t pad0;
  uint32_t uid;
  uint32_t gid;
  int32_t pad1;
  uint64_t rdev;
  int32_t atim_ext;  // the upper half of a time_t to come
  Timespec atim;
  int32_t mtim_ext;
  Timespec mtim;
  int32_t ctim_ext;
  Timespec ctim;
  int32_t birthtim_ext;
  Timespec birthtim;
  int64_t size;
  int64_t blocks;  // of 512 bytes
  int32_t blksize;
  uint32_t flags;
  uint64_t gen;
  uint64_t spare[10];
};
static_assert(offsetof(Stat, mode) == 24 && offsetof(Stat, uid) == 28 &&
              offsetof(Stat, rdev) == 40 && offsetof(Stat, atim) == 52 &&
              offsetof(Stat, birthtim) == 88 && offsetof(Stat, size) == 96 &&
              offsetof(Stat, blksize) == 112 && offsetof(Stat, gen) == 120 && sizeof(Stat) == 208);

struct Stat11 {  // sys/stat.h, struct stat up to 11.x: fstat is call 189
  uint32_t dev;
  uint32_t ino;
  uint16_t mode;
  uint16_t nlink;
  uint32_t uid;
  uint32_t gid;
  uint32_t rdev;
  Timespec atim, mtim, ctim;
  int64_t size;
  int64_t blocks;
  uint32_t blksize;
  uint32_t flags;
  uint32_t gen;
  int32_t lspare;
  Timespec birthtim;
  char pad[8];
};
static_assert(offsetof(Stat11, mode) == 8 && offsetof(Stat11, rdev) == 20 &&
              offsetof(Stat11, atim) == 24 && offsetof(Stat11, size) == 48 &&
              offsetof(Stat11, blksize) == 64 && offsetof(Stat11, birthtim) == 80 &&
              sizeof(Stat11) == 96);

struct Kevent {  // sys/event.h, struct kevent since 12.0: kevent is call 560
  uint32_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  int64_t data;
  uint32_t udata;
  uint64_t ext[4];
};
static_assert(offsetof(Kevent, flags) == 6 && offsetof(Kevent, data) == 12 &&
              offsetof(Kevent, udata) == 20 && sizeof(Kevent) == 56);

#pragma pack(pop)

struct Kevent11 {  // sys/event.h, struct kevent up to 11.x: kevent is call 363
  uint32_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  int32_t data;
  uint32_t udata;
};
static_assert(offsetof(Kevent11, data) == 12 && sizeof(Kevent11) == 20);

struct MsgHdr {  // sys/socket.h, struct msghdr: sendmsg and recvmsg
  uint32_t name;
  uint32_t namelen;
  uint32_t iov;
  int32_t iovlen;
  uint32_t control;
  uint32_t controllen;
  int32_t flags;
};
static_assert(offsetof(MsgHdr, iov) == 8 && offsetof(MsgHdr, control) == 16 &&
              offsetof(MsgHdr, controllen) == 20 && offsetof(MsgHdr, flags) == 24 &&
              sizeof(MsgHdr) == 28);

struct PsStrings {  // sys/exec.h, struct ps_strings
  uint32_t argvstr;
  uint32_t nargvstr;
  uint32_t envstr;
  uint32_t nenvstr;
};
static_assert(sizeof(PsStrings) == 16);

// x86/include/ucontext.h: mc_flags, mc_fpformat, mc_ownedfp.
inline constexpr uint32_t kMcHasSegs = 1;
inline constexpr uint32_t kMcHasBases = 2;
inline constexpr uint32_t kMcHasFpxstate = 4;
inline constexpr uint32_t kMcFpfmtXmm = 0x10002;
inline constexpr uint32_t kMcFpownedNone = 0x20000;
inline constexpr uint32_t kMcFpownedFpu = 0x20001;
inline constexpr uint32_t kMcFpownedPcb = 0x20002;

// i386/include/segments.h, GUGS_SEL: the selector that sysarch(I386_SET_GSBASE) loads into GS, on
// an i386 kernel and, for a 386 program, on an amd64 one (measured on 9.3).
inline constexpr uint32_t kGsSelector = 0x1b;

// i386/include/vmparam.h: the most that a stack limit can be; bytes.
inline constexpr uint32_t kMaxStack = 64u << 20;
// lib/libthr/thread/thr_private.h: THR_STACK_DEFAULT, a new pthread's stack; bytes.
inline constexpr uint32_t kThreadStackDefault = 1u << 20;

// The bytes of a system call instruction: INT 0x80 is CD 80.
inline constexpr int kSyscallInsnBytes = 2;

}  // namespace faultline::abi::freebsd_386

#endif  // FAULTLINE_ABI_FREEBSD_386_STRUCTS_H_
