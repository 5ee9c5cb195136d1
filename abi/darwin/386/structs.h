// Darwin structures on 386, as the kernel lays them out. Sources: the kernel's headers of
// xnu-2050.18.24 and xnu-4570.51.1 (apple/darwin-xnu), named at each.
#ifndef FAULTLINE_ABI_DARWIN_386_STRUCTS_H_
#define FAULTLINE_ABI_DARWIN_386_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/darwin/constants.h"

namespace faultline::abi::darwin_386 {

using namespace darwin_common;  // NOLINT(google-build-using-namespace): this arch has them too.

// Pointers and longs are spelled uint32_t and int32_t, so that a 64-bit tracer can use these
// layouts too.
struct Timespec {  // sys/time.h
  int32_t sec;
  int32_t nsec;
};
struct Timeval {  // sys/time.h
  int32_t sec;
  int32_t usec;
};
struct Itimerval {  // sys/time.h
  Timeval interval;
  Timeval value;
};
static_assert(sizeof(Timespec) == 8 && sizeof(Timeval) == 8 && sizeof(Itimerval) == 16);
struct Rusage {  // sys/resource.h
  Timeval utime;
  Timeval stime;
  int32_t rest[14];  // maxrss … nivcsw
};
static_assert(sizeof(Rusage) == 72);

struct SigAction {  // sys/signal.h, struct sigaction: what sigaction(2) tells of the old action
  uint32_t handler;
  SigSet mask;
  uint32_t flags;
};
static_assert(offsetof(SigAction, mask) == 4 && offsetof(SigAction, flags) == 8 &&
              sizeof(SigAction) == 12);
struct NewSigAction {  // sys/signal.h, struct __sigaction: what it is told of the new one
  uint32_t handler;
  uint32_t trampoline;
  SigSet mask;
  uint32_t flags;
};
static_assert(offsetof(NewSigAction, trampoline) == 4 && offsetof(NewSigAction, mask) == 8 &&
              offsetof(NewSigAction, flags) == 12 && sizeof(NewSigAction) == 16);

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
  int32_t band;
  uint32_t pad[7];  // the first: esp of the interrupted code (unix_signal.c, sendsig)
};
static_assert(offsetof(SigInfo, code) == 8 && offsetof(SigInfo, pid) == 12 &&
              offsetof(SigInfo, status) == 20 && offsetof(SigInfo, addr) == 24 &&
              offsetof(SigInfo, value) == 28 && offsetof(SigInfo, pad) == 36 &&
              sizeof(SigInfo) == 64);

// bsd/i386/_mcontext.h, osfmk/mach/i386/_structs.h: the exception state, the thread state, and as
// much of the vector state as the kernel of the release and the processor have.
struct MContext {
  uint16_t trapno;
  uint16_t cpu;
  uint32_t err;
  uint32_t faultvaddr;
  uint32_t eax, ebx, ecx, edx, edi, esi, ebp, esp;
  uint32_t ss, eflags, eip, cs, ds, es, fs, gs;
  uint32_t fpreserved[2];
  uint8_t fpstate[512];  // as FXSAVE stores it
  uint32_t fpreserved1;
};
static_assert(offsetof(MContext, faultvaddr) == 8 && offsetof(MContext, eax) == 12 &&
              offsetof(MContext, esp) == 40 && offsetof(MContext, eip) == 52 &&
              offsetof(MContext, gs) == 72 && offsetof(MContext, fpreserved) == 76 &&
              offsetof(MContext, fpstate) == 84 && sizeof(MContext) == 600);
// With AVX, and with AVX-512 (x86_avx_state32_t, x86_avx512_state32_t).
struct AvxState {
  uint8_t reserved[64];
  uint8_t ymmh[8][16];
};
struct Avx512State {
  uint64_t opmask[8];
  uint8_t zmmh[8][32];
};
inline constexpr size_t kAvxAt = 600;
inline constexpr size_t kAvx512At = kAvxAt + sizeof(AvxState);
inline constexpr size_t kMContextAvx = 792;
inline constexpr size_t kMContextAvx512 = 1112;
static_assert(kAvxAt + sizeof(AvxState) == kMContextAvx &&
              kAvx512At + sizeof(Avx512State) == kMContextAvx512);

struct UContext {  // bsd/i386/ucontext.h, struct user_ucontext32
  int32_t onstack;
  SigSet sigmask;
  StackT stack;
  uint32_t link;
  uint32_t mcsize;
  uint32_t mcontext;  // where it is
};
static_assert(offsetof(UContext, stack) == 8 && offsetof(UContext, link) == 20 &&
              offsetof(UContext, mcontext) == 28 && sizeof(UContext) == 32);

// bsd/dev/i386/unix_signal.c, struct sigframe32: what the trampoline finds at its esp; the token
// since 10.15.
struct SigFrame {
  uint32_t retaddr;  // -1
  uint32_t catcher;
  uint32_t sigstyle;
  uint32_t sig;
  uint32_t siginfo_at;
  uint32_t ucontext_at;
  uint32_t token;
};
static_assert(sizeof(SigFrame) == 28);

// bsd/i386/vmparam.h: the most that a stack limit can be and what it is at first; bytes.
inline constexpr uint64_t kMaxStack = 64u << 20;
inline constexpr uint64_t kDefaultStack = 8u << 20;

// The bytes of a system call instruction: INT 0x80 is CD 80.
inline constexpr int kSyscallInsnBytes = 2;

}  // namespace faultline::abi::darwin_386

#endif  // FAULTLINE_ABI_DARWIN_386_STRUCTS_H_
