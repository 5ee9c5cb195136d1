// FreeBSD structures on amd64, as the kernel lays them out. Sources: the kernel's headers of 10.4
// (coder03/freebsd10.4), named at each; offsets computed by compiling them for
// x86_64-unknown-freebsd10, and asserted here. What came with 12.0: sys/sys/stat.h of
// kenrap/freebsd-src (newer than 14.0) and sys/sys/event.h of rcslab/aurora-12.3.
#ifndef FAULTLINE_ABI_FREEBSD_AMD64_STRUCTS_H_
#define FAULTLINE_ABI_FREEBSD_AMD64_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/freebsd/constants.h"

namespace faultline::abi::freebsd_amd64 {

using namespace freebsd_common;  // NOLINT(google-build-using-namespace): this arch has them too.

struct Timespec {  // sys/_timespec.h
  int64_t sec;
  int64_t nsec;
};
struct Timeval {  // sys/_timeval.h
  int64_t sec;
  int64_t usec;
};
struct Itimerval {  // sys/time.h
  Timeval interval;
  Timeval value;
};
struct Itimerspec {  // sys/timespec.h
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

struct SigAction {  // sys/signal.h, struct sigaction
  uint64_t handler;
  uint32_t flags;
  SigSet mask;
};
static_assert(offsetof(SigAction, flags) == 8 && offsetof(SigAction, mask) == 12 &&
              sizeof(SigAction) == 32);

struct StackT {  // sys/signal.h, stack_t
  uint64_t sp;
  uint64_t size;
  int32_t flags;
};
static_assert(offsetof(StackT, size) == 8 && offsetof(StackT, flags) == 16 && sizeof(StackT) == 24);

struct SigInfo {  // sys/signal.h, siginfo_t
  int32_t signo;
  int32_t err;
  int32_t code;
  int32_t pid;
  uint32_t uid;
  int32_t status;
  uint64_t addr;
  uint64_t value;
  union {  // _reason
    int32_t trapno;
    struct {
      int32_t timerid;
      int32_t overrun;
    };
    char bytes[40];
  };
};
static_assert(offsetof(SigInfo, pid) == 12 && offsetof(SigInfo, status) == 20 &&
              offsetof(SigInfo, addr) == 24 && offsetof(SigInfo, value) == 32 &&
              offsetof(SigInfo, trapno) == 40 && sizeof(SigInfo) == 80);

struct SigEvent {  // sys/signal.h, struct sigevent
  int32_t notify;
  int32_t signo;
  uint64_t value;
  union {
    int32_t tid;
    char bytes[64];
  };
};
static_assert(offsetof(SigEvent, value) == 8 && offsetof(SigEvent, tid) == 16 &&
              sizeof(SigEvent) == 80);

struct MContext {  // x86/include/ucontext.h, mcontext_t; rdi to ss are a trapframe
  uint64_t onstack;
  uint64_t rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
  uint32_t trapno;
  uint16_t fs, gs;
  uint64_t addr;
  uint32_t flags;
  uint16_t es, ds;
  uint64_t err, rip, cs, rflags, rsp, ss;
  uint64_t len;  // sizeof(MContext), or setcontext and sigreturn refuse it
  uint64_t fpformat;
  uint64_t ownedfp;
  alignas(16) uint8_t fpstate[512];  // as FXSAVE stores it
  uint64_t fsbase, gsbase;
  uint64_t xfpustate, xfpustate_len;  // the rest of an XSAVE area
  uint64_t spare[4];
};
static_assert(offsetof(MContext, rdi) == 8 && offsetof(MContext, r8) == 40 &&
              offsetof(MContext, rax) == 56 && offsetof(MContext, rbp) == 72 &&
              offsetof(MContext, r10) == 80 && offsetof(MContext, r15) == 120 &&
              offsetof(MContext, trapno) == 128 && offsetof(MContext, fs) == 132 &&
              offsetof(MContext, addr) == 136 && offsetof(MContext, flags) == 144 &&
              offsetof(MContext, err) == 152 && offsetof(MContext, rip) == 160 &&
              offsetof(MContext, rflags) == 176 && offsetof(MContext, rsp) == 184 &&
              offsetof(MContext, ss) == 192 && offsetof(MContext, len) == 200 &&
              offsetof(MContext, fpformat) == 208 && offsetof(MContext, ownedfp) == 216 &&
              offsetof(MContext, fpstate) == 224 && offsetof(MContext, fsbase) == 736 &&
              offsetof(MContext, xfpustate) == 752 && sizeof(MContext) == 800);

struct UContext {  // sys/_ucontext.h, ucontext_t
  SigSet sigmask;
  MContext mcontext;
  uint64_t link;
  StackT stack;
  int32_t flags;
  int32_t spare[4];
};
static_assert(offsetof(UContext, mcontext) == 16 && offsetof(UContext, link) == 816 &&
              offsetof(UContext, stack) == 824 && offsetof(UContext, flags) == 848 &&
              sizeof(UContext) == 880);

struct SigFrame {  // x86/include/sigframe.h, struct sigframe: what a handler's trampoline finds
  uint64_t handler;
  uint64_t pad;
  UContext ucontext;
  SigInfo info;
};
static_assert(offsetof(SigFrame, ucontext) == 16 && offsetof(SigFrame, info) == 896 &&
              sizeof(SigFrame) == 976);

struct ThrParam {  // sys/thr.h, struct thr_param: thr_new
  uint64_t start_func;
  uint64_t arg;
  uint64_t stack_base;  // the low end
  uint64_t stack_size;
  uint64_t tls_base;
  uint64_t tls_size;
  uint64_t child_tid;   // where the thread's number is stored, as a long, before it runs
  uint64_t parent_tid;  // the same
  int32_t flags;
  uint64_t rtp;
  uint64_t spare[3];
};
static_assert(offsetof(ThrParam, stack_base) == 16 && offsetof(ThrParam, tls_base) == 32 &&
              offsetof(ThrParam, child_tid) == 48 && offsetof(ThrParam, flags) == 64 &&
              offsetof(ThrParam, rtp) == 72 && sizeof(ThrParam) == 104);

struct UmtxTime {  // sys/_umtx.h, struct _umtx_time
  Timespec timeout;
  uint32_t flags;
  uint32_t clockid;
};
static_assert(sizeof(UmtxTime) == 24);

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
  Timespec atim, mtim, ctim, birthtim;
  int64_t size;
  int64_t blocks;  // of 512 bytes
  int32_t blksize;
  uint32_t flags;
  uint64_t gen;
  uint64_t spare[10];
};
static_assert(offsetof(Stat, mode) == 24 && offsetof(Stat, uid) == 28 &&
              offsetof(Stat, rdev) == 40 && offsetof(Stat, atim) == 48 &&
              offsetof(Stat, birthtim) == 96 && offsetof(Stat, size) == 112 &&
              offsetof(Stat, blksize) == 128 && offsetof(Stat, gen) == 136 && sizeof(Stat) == 224);

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
};
static_assert(offsetof(Stat11, mode) == 8 && offsetof(Stat11, rdev) == 20 &&
              offsetof(Stat11, atim) == 24 && offsetof(Stat11, size) == 72 &&
              offsetof(Stat11, blksize) == 88 && offsetof(Stat11, birthtim) == 104 &&
              sizeof(Stat11) == 120);

struct Kevent {  // sys/event.h, struct kevent since 12.0: kevent is call 560
  uint64_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  int64_t data;
  uint64_t udata;
  uint64_t ext[4];
};
static_assert(offsetof(Kevent, flags) == 10 && offsetof(Kevent, data) == 16 &&
              offsetof(Kevent, udata) == 24 && sizeof(Kevent) == 64);

struct Kevent11 {  // sys/event.h, struct kevent up to 11.x: kevent is call 363
  uint64_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  int64_t data;
  uint64_t udata;
};
static_assert(offsetof(Kevent11, data) == 16 && sizeof(Kevent11) == 32);

struct MsgHdr {  // sys/socket.h, struct msghdr: sendmsg and recvmsg
  uint64_t name;
  uint32_t namelen;
  uint64_t iov;
  int32_t iovlen;
  uint64_t control;
  uint32_t controllen;
  int32_t flags;
};
static_assert(offsetof(MsgHdr, iov) == 16 && offsetof(MsgHdr, control) == 32 &&
              offsetof(MsgHdr, controllen) == 40 && offsetof(MsgHdr, flags) == 44 &&
              sizeof(MsgHdr) == 48);

struct PsStrings {  // sys/exec.h, struct ps_strings
  uint64_t argvstr;
  uint32_t nargvstr;
  uint64_t envstr;
  uint32_t nenvstr;
};
static_assert(sizeof(PsStrings) == 32);

// x86/include/ucontext.h: mc_flags, mc_fpformat, mc_ownedfp.
inline constexpr uint32_t kMcHasSegs = 1;
inline constexpr uint32_t kMcHasBases = 2;
inline constexpr uint32_t kMcHasFpxstate = 4;
inline constexpr uint64_t kMcFpfmtXmm = 0x10002;
inline constexpr uint64_t kMcFpownedNone = 0x20000;
inline constexpr uint64_t kMcFpownedFpu = 0x20001;
inline constexpr uint64_t kMcFpownedPcb = 0x20002;

// amd64/include/vmparam.h: the most that a stack limit can be; bytes.
inline constexpr uint64_t kMaxStack = 512u << 20;
// lib/libthr/thread/thr_private.h: THR_STACK_DEFAULT, a new pthread's stack; bytes.
inline constexpr uint64_t kThreadStackDefault = 2u << 20;

// The bytes of a system call instruction: SYSCALL is 0F 05, INT 0x80 is CD 80.
inline constexpr int kSyscallInsnBytes = 2;

}  // namespace faultline::abi::freebsd_amd64

#endif  // FAULTLINE_ABI_FREEBSD_AMD64_STRUCTS_H_
