// Linux structures on x86-64, as the kernel lays them out. Sources: named at each; offsets computed
// from the user headers of 6.1 and asserted here.
#ifndef FAULTLINE_ABI_LINUX_AMD64_STRUCTS_H_
#define FAULTLINE_ABI_LINUX_AMD64_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/linux/constants.h"

namespace faultline::abi::linux_amd64 {

using linux_common::SigSet;

struct Timespec {  // asm-generic/posix_types.h: 64-bit time
  int64_t sec;
  int64_t nsec;
};
struct Timeval {
  int64_t sec;
  int64_t usec;
};
struct Itimerval {
  Timeval interval;
  Timeval value;
};
struct Itimerspec {
  Timespec interval;
  Timespec value;
};
struct Rlimit {  // linux/resource.h
  uint64_t cur;
  uint64_t max;
};
inline constexpr uint64_t kRlimInfinity = ~0ull;
struct Rusage {  // linux/resource.h
  Timeval utime;
  Timeval stime;
  int64_t rest[14];  // maxrss … nivcsw
};
static_assert(sizeof(Rusage) == 144);

struct SigAction {  // asm/signal.h, struct sigaction of the rt_ calls
  uintptr_t handler;
  uint64_t flags;
  uintptr_t restorer;
  SigSet mask;
};
static_assert(offsetof(SigAction, mask) == 24 && sizeof(SigAction) == 32);

struct StackT {  // asm-generic/signal.h, stack_t
  uintptr_t sp;
  int32_t flags;
  uint64_t size;
};
static_assert(offsetof(StackT, size) == 16 && sizeof(StackT) == 24);

struct SigInfo {  // asm-generic/siginfo.h
  int32_t signo;
  int32_t err;
  int32_t code;
  int32_t pad;
  union {
    struct {
      int32_t pid;
      uint32_t uid;
      uintptr_t value;
    };
    uintptr_t addr;
    char bytes[112];
  };
};
static_assert(offsetof(SigInfo, addr) == 16 && offsetof(SigInfo, value) == 24 &&
              sizeof(SigInfo) == 128);

struct SigEvent {  // asm-generic/siginfo.h, sigevent_t
  uintptr_t value;
  int32_t signo;
  int32_t notify;
  int32_t tid;
  char pad[44];
};
static_assert(offsetof(SigEvent, tid) == 16 && sizeof(SigEvent) == 64);

struct MContext {  // asm/sigcontext.h, struct sigcontext_64
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
  uint16_t cs, gs, fs, ss;
  uint64_t err, trapno, oldmask, cr2;
  uint64_t fpstate;
  uint64_t reserved[8];
};
static_assert(offsetof(MContext, rdi) == 64 && offsetof(MContext, rsp) == 120 &&
              offsetof(MContext, rip) == 128 && offsetof(MContext, cs) == 144 &&
              offsetof(MContext, cr2) == 176 && offsetof(MContext, fpstate) == 184 &&
              sizeof(MContext) == 256);

struct UContext {  // asm-generic/ucontext.h
  uint64_t flags;
  uintptr_t link;
  StackT stack;
  MContext mcontext;
  SigSet sigmask;
};
static_assert(offsetof(UContext, stack) == 16 && offsetof(UContext, mcontext) == 40 &&
              offsetof(UContext, sigmask) == 296 && sizeof(UContext) == 304);

// arch/x86/include/uapi/asm/prctl.h
inline constexpr int kARCH_SET_GS = 0x1001;
inline constexpr int kARCH_SET_FS = 0x1002;
inline constexpr int kARCH_GET_FS = 0x1003;
inline constexpr int kARCH_GET_GS = 0x1004;
// arch/x86/include/uapi/asm/hwcap2.h: RDFSBASE and WRFSBASE work in user mode.
inline constexpr unsigned long kHWCAP2_FSGSBASE = 1 << 1;

// The bytes of a system call instruction: SYSCALL is 0F 05, INT 0x80 is CD 80.
inline constexpr int kSyscallInsnBytes = 2;

}  // namespace faultline::abi::linux_amd64

#endif  // FAULTLINE_ABI_LINUX_AMD64_STRUCTS_H_
