// Darwin structures on amd64, as the kernel lays them out. Sources: the kernel's headers of
// xnu-2050.18.24 and xnu-4570.51.1 (apple/darwin-xnu), named at each.
#ifndef FAULTLINE_ABI_DARWIN_AMD64_STRUCTS_H_
#define FAULTLINE_ABI_DARWIN_AMD64_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/darwin/constants.h"

namespace faultline::abi::darwin_amd64 {

using namespace darwin_common;  // NOLINT(google-build-using-namespace): this arch has them too.

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
static_assert(sizeof(Timespec) == 16 && sizeof(Timeval) == 16 && sizeof(Itimerval) == 32);
struct Rusage {  // sys/resource.h
  Timeval utime;
  Timeval stime;
  int64_t rest[14];  // maxrss … nivcsw
};
static_assert(sizeof(Rusage) == 144);

struct SigAction {  // sys/signal.h, struct sigaction: what sigaction(2) tells of the old action
  uint64_t handler;
  SigSet mask;
  uint32_t flags;
};
static_assert(offsetof(SigAction, mask) == 8 && offsetof(SigAction, flags) == 12 &&
              sizeof(SigAction) == 16);
struct NewSigAction {  // sys/signal.h, struct __sigaction: what it is told of the new one
  uint64_t handler;
  uint64_t trampoline;
  SigSet mask;
  uint32_t flags;
};
static_assert(offsetof(NewSigAction, trampoline) == 8 && offsetof(NewSigAction, mask) == 16 &&
              offsetof(NewSigAction, flags) == 20 && sizeof(NewSigAction) == 24);

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
  int64_t band;
  uint64_t pad[7];  // the first: rsp of the interrupted code (unix_signal.c, sendsig)
};
static_assert(offsetof(SigInfo, code) == 8 && offsetof(SigInfo, pid) == 12 &&
              offsetof(SigInfo, status) == 20 && offsetof(SigInfo, addr) == 24 &&
              offsetof(SigInfo, value) == 32 && offsetof(SigInfo, pad) == 48 &&
              sizeof(SigInfo) == 104);

// bsd/i386/_mcontext.h, osfmk/mach/i386/_structs.h: the exception state, the thread state, and as
// much of the vector state as the kernel of the release and the processor have.
struct MContext {
  uint16_t trapno;
  uint16_t cpu;
  uint32_t err;
  uint64_t faultvaddr;
  uint64_t rax, rbx, rcx, rdx, rdi, rsi, rbp, rsp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rip, rflags, cs, fs, gs;
  uint32_t fpreserved[2];
  uint8_t fpstate[512];  // as FXSAVE stores it
  uint32_t fpreserved1;
};
static_assert(offsetof(MContext, faultvaddr) == 8 && offsetof(MContext, rax) == 16 &&
              offsetof(MContext, rsp) == 72 && offsetof(MContext, r8) == 80 &&
              offsetof(MContext, r15) == 136 && offsetof(MContext, rip) == 144 &&
              offsetof(MContext, gs) == 176 && offsetof(MContext, fpreserved) == 184 &&
              offsetof(MContext, fpstate) == 192 && offsetof(MContext, fpreserved1) == 704 &&
              sizeof(MContext) == 712);
// With AVX, and with AVX-512 (x86_avx_state64_t, x86_avx512_state64_t). The last record begins in
// the padding of the one before.
struct AvxState {
  uint8_t reserved[64];
  uint8_t ymmh[16][16];
};
struct Avx512State {
  uint64_t opmask[8];
  uint8_t zmmh[16][32];
  uint8_t zmm[16][64];  // 16 to 31
};
inline constexpr size_t kAvxAt = 708;
inline constexpr size_t kAvx512At = kAvxAt + sizeof(AvxState);
inline constexpr size_t kMContextAvx = 1032;
inline constexpr size_t kMContextAvx512 = 2632;
static_assert(sizeof(AvxState) == 320 && sizeof(Avx512State) == 1600 &&
              (kAvxAt + sizeof(AvxState) + 7) / 8 * 8 == kMContextAvx &&
              (kAvx512At + sizeof(Avx512State) + 7) / 8 * 8 == kMContextAvx512);

struct UContext {  // bsd/i386/ucontext.h, struct user_ucontext64
  int32_t onstack;
  SigSet sigmask;
  StackT stack;
  uint64_t link;
  uint64_t mcsize;
  uint64_t mcontext;  // where it is
};
static_assert(offsetof(UContext, stack) == 8 && offsetof(UContext, link) == 32 &&
              offsetof(UContext, mcontext) == 48 && sizeof(UContext) == 56);

// bsd/i386/vmparam.h, osfmk/mach/i386/vm_param.h: the most that a stack limit can be and what it is
// at first; bytes.
inline constexpr uint64_t kMaxStack = 64u << 20;
inline constexpr uint64_t kDefaultStack = 8u << 20;

// The bytes of a system call instruction: SYSCALL is 0F 05.
inline constexpr int kSyscallInsnBytes = 2;

}  // namespace faultline::abi::darwin_amd64

#endif  // FAULTLINE_ABI_DARWIN_AMD64_STRUCTS_H_
