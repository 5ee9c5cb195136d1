// Linux structures on i386, as the kernel lays them out. Sources: named at each; offsets computed
// from the user headers of 6.1 and asserted here. (On this arch 64-bit members are aligned to 4.)
#ifndef FAULTLINE_ABI_LINUX_386_STRUCTS_H_
#define FAULTLINE_ABI_LINUX_386_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/linux/constants.h"

namespace faultline::abi::linux_386 {

// Pointers and longs are spelled uint32_t, and 64-bit members as two words, so that a 64-bit tracer
// can use these layouts too.
struct SigSet32 {
  uint32_t lo;
  uint32_t hi;
};

struct Timespec {  // asm-generic/posix_types.h: 32-bit time, for the calls without _time64
  int32_t sec;
  int32_t nsec;
};
struct Timeval {
  int32_t sec;
  int32_t usec;
};
struct Itimerval {
  Timeval interval;
  Timeval value;
};
struct Itimerspec {
  Timespec interval;
  Timespec value;
};
struct Rlimit {  // linux/resource.h, for ugetrlimit (191)
  uint32_t cur;
  uint32_t max;
};
inline constexpr uint32_t kRlimInfinity = ~0u;
struct Rusage {  // linux/resource.h
  Timeval utime;
  Timeval stime;
  int32_t rest[14];  // maxrss … nivcsw
};
static_assert(sizeof(Rusage) == 72);

struct SigAction {  // asm/signal.h, struct sigaction of the rt_ calls; the kernel's mask has 8
                    // bytes
  uint32_t handler;
  uint32_t flags;
  uint32_t restorer;
  SigSet32 mask;
};
static_assert(offsetof(SigAction, mask) == 12 && sizeof(SigAction) == 20);

struct StackT {  // asm-generic/signal.h, stack_t
  uint32_t sp;
  int32_t flags;
  uint32_t size;
};
static_assert(offsetof(StackT, size) == 8 && sizeof(StackT) == 12);

struct SigInfo {  // asm-generic/siginfo.h
  int32_t signo;
  int32_t err;
  int32_t code;
  union {
    struct {
      int32_t pid;
      uint32_t uid;
      uint32_t value;
    };
    uint32_t addr;
    char bytes[116];
  };
};
static_assert(offsetof(SigInfo, addr) == 12 && offsetof(SigInfo, value) == 20 &&
              sizeof(SigInfo) == 128);

struct SigEvent {  // asm-generic/siginfo.h, sigevent_t
  uint32_t value;
  int32_t signo;
  int32_t notify;
  int32_t tid;
  char pad[48];
};
static_assert(offsetof(SigEvent, tid) == 12 && sizeof(SigEvent) == 64);

struct MContext {  // asm/sigcontext.h, struct sigcontext_32
  uint16_t gs, gsh, fs, fsh, es, esh, ds, dsh;
  uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
  uint32_t trapno, err, eip;
  uint16_t cs, csh;
  uint32_t eflags, esp_at_signal;
  uint16_t ss, ssh;
  uint32_t fpstate, oldmask, cr2;
};
static_assert(offsetof(MContext, edi) == 16 && offsetof(MContext, eip) == 56 &&
              offsetof(MContext, cs) == 60 && offsetof(MContext, cr2) == 84 &&
              sizeof(MContext) == 88);

struct UContext {  // asm-generic/ucontext.h
  uint32_t flags;
  uint32_t link;
  StackT stack;
  MContext mcontext;
  SigSet32 sigmask;
};
static_assert(offsetof(UContext, mcontext) == 20 && offsetof(UContext, sigmask) == 108 &&
              sizeof(UContext) == 116);

struct UserDesc {  // asm/ldt.h, struct user_desc
  uint32_t entry_number;
  uint32_t base_addr;
  uint32_t limit;
  uint32_t flags;  // bit 0 seg_32bit, 1-2 contents, 3 read_exec_only, 4 limit_in_pages, 5
                   // seg_not_present, 6 useable
};
static_assert(sizeof(UserDesc) == 16);
// A flat 4 GB data segment; an empty slot (LDT_empty in asm/desc.h: what set_thread_area clears an
// entry by).
inline constexpr uint32_t kUserDescFlat = 1u | 1u << 4 | 1u << 6;
inline constexpr uint32_t kUserDescEmpty = 1u << 3 | 1u << 5;

// The bytes of a system call instruction: INT 0x80 is CD 80.
inline constexpr int kSyscallInsnBytes = 2;

}  // namespace faultline::abi::linux_386

#endif  // FAULTLINE_ABI_LINUX_386_STRUCTS_H_
