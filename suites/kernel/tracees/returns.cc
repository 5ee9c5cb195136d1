// returns: one signal, and what the interrupted code gets back from its handler.
//
//     returns HOW
//
// HOW:
//     plain   SIGUSR1, sent by the thread to itself; registers and flags hold known values
//     zero    the same, with all vector registers zero
//     old     the same as plain, with a handler without SA_SIGINFO
//     pc      the same; the handler goes on elsewhere
//     call    the same; the handler goes on at the instruction of getppid, the number in rax
//     fault   SIGILL, of an undefined instruction; rcx and r11 hold known values
//     twice   SIGUSR1, whose handler sends it again
//
// The handler blocks SIGUSR2, and runs on the stack it is on; a stack for other handlers is there.
// It leaves 0x0101… in the upper half of ymm0, which plain has as 0x2222…
// Prints: handlers=… xmm=same|zero|junk|other xmm8=… ymm=… opmask=… zmm=… zmm16=… (none: this CPU
// has no such registers), mxcsr=… x87=… flags=… mask=… stack=…|none (its size), arrived=here|there,
// call=right|ENOSYS|none, rcx=same|pc|other r11=same|flags|other.

#include <cpuid.h>
#include <errno.h>
#include <signal.h>
#include <sys/ucontext.h>

#include "suites/kernel/tracees/tracee.h"

#if defined(__x86_64__)
constexpr int kVectors = 16;  // that every mode has
#else
constexpr int kVectors = 8;
#endif

// How wide the vector registers are that the CPU and the kernel give us.
enum Width : unsigned char { kSse, kAvx, kAvx512 };

extern "C" {
// What the interrupted code has before the signal and, after Cross, what it got back. Cross knows
// the layout.
struct State {
  unsigned char vectors[32][64];  // xmm, ymm or zmm
  unsigned long long masks[8];    // k0 to k7
  unsigned long flags;
  unsigned mxcsr;
  unsigned short x87;
  unsigned short padding;
} __attribute__((aligned(64)));
static_assert(__builtin_offsetof(State, masks) == 2048 && __builtin_offsetof(State, flags) == 2112);
unsigned width;                                // Width
unsigned long arrived;                         // 1: where the handler sent it
long Cross(State* state, long pid, long tid);  // result of the last call
void CrossFault(unsigned long* rcx_r11);       // rcx and r11, in and out; SIGILL
extern const char Elsewhere[], AtCall[], AfterFault[];
}

// Loads the state, sends SIGUSR1, stores the state. Flags are loaded last and stored first: what is
// in between changes none. After tgkill rax is a call's number: at AtCall, where only a handler
// goes, that call is made.
#if defined(__x86_64__)
__asm__(R"(
  .text
# In: rdi state, rsi pid, rdx tid. Out: rax. Keeps what the ABI asks for.
Cross:
  push %rbx
  mov %rdi, %rbx
  mov width(%rip), %eax
  test %eax, %eax
  jz 1f
  cmp $1, %eax
  je 2f
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  vmovdqu64 64*\n(%rbx), %zmm\n
  .endr
  .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  vmovdqu64 64*\n(%rbx), %zmm\n
  .endr
  .irp n, 0,1,2,3,4,5,6,7
  kmovw 2048+8*\n(%rbx), %k\n
  .endr
  jmp 3f
2:.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  vmovdqu 64*\n(%rbx), %ymm\n
  .endr
  jmp 3f
1:.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movdqu 64*\n(%rbx), %xmm\n
  .endr
3:
  ldmxcsr 2120(%rbx)
  fldcw 2124(%rbx)
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov $10, %edx  # SIGUSR1
  mov $234, %eax # tgkill
  push 2112(%rbx)
  popf
  syscall
  jmp 4f
AtCall:
  syscall
  jmp 4f
Elsewhere:
  movq $1, arrived(%rip)
4:
  pushf
  cld
  pop 2112(%rbx)
  stmxcsr 2120(%rbx)
  fnstcw 2124(%rbx)
  mov width(%rip), %ecx
  test %ecx, %ecx
  jz 1f
  cmp $1, %ecx
  je 2f
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  vmovdqu64 %zmm\n, 64*\n(%rbx)
  .endr
  .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  vmovdqu64 %zmm\n, 64*\n(%rbx)
  .endr
  .irp n, 0,1,2,3,4,5,6,7
  kmovw %k\n, 2048+8*\n(%rbx)
  .endr
  vzeroupper
  jmp 3f
2:.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  vmovdqu %ymm\n, 64*\n(%rbx)
  .endr
  vzeroupper
  jmp 3f
1:.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movdqu %xmm\n, 64*\n(%rbx)
  .endr
3:
  pop %rbx
  ret

# In: rdi address of rcx and r11. Uses both.
CrossFault:
  mov (%rdi), %rcx
  mov 8(%rdi), %r11
  ud2
AfterFault:
  mov %rcx, (%rdi)
  mov %r11, 8(%rdi)
  ret
)");
#else
__asm__(R"(
  .text
# In, on the stack: state, pid, tid. Out: eax. Keeps what the ABI asks for.
Cross:
  push %ebx
  push %ebp
  mov 12(%esp), %ebp
  mov width, %eax
  test %eax, %eax
  jz 1f
  cmp $1, %eax
  je 2f
  .irp n, 0,1,2,3,4,5,6,7
  vmovdqu64 64*\n(%ebp), %zmm\n
  kmovw 2048+8*\n(%ebp), %k\n
  .endr
  jmp 3f
2:.irp n, 0,1,2,3,4,5,6,7
  vmovdqu 64*\n(%ebp), %ymm\n
  .endr
  jmp 3f
1:.irp n, 0,1,2,3,4,5,6,7
  movdqu 64*\n(%ebp), %xmm\n
  .endr
3:
  ldmxcsr 2116(%ebp)
  fldcw 2120(%ebp)
  mov 16(%esp), %ebx
  mov 20(%esp), %ecx
  mov $10, %edx  # SIGUSR1
  mov $270, %eax # tgkill
  push 2112(%ebp)
  popf
  int $0x80
  jmp 4f
AtCall:
  int $0x80
  jmp 4f
Elsewhere:
  movl $1, arrived
4:
  pushf
  cld
  pop 2112(%ebp)
  stmxcsr 2116(%ebp)
  fnstcw 2120(%ebp)
  mov width, %ecx
  test %ecx, %ecx
  jz 1f
  cmp $1, %ecx
  je 2f
  .irp n, 0,1,2,3,4,5,6,7
  vmovdqu64 %zmm\n, 64*\n(%ebp)
  kmovw %k\n, 2048+8*\n(%ebp)
  .endr
  vzeroupper
  jmp 3f
2:.irp n, 0,1,2,3,4,5,6,7
  vmovdqu %ymm\n, 64*\n(%ebp)
  .endr
  vzeroupper
  jmp 3f
1:.irp n, 0,1,2,3,4,5,6,7
  movdqu %xmm\n, 64*\n(%ebp)
  .endr
3:
  pop %ebp
  pop %ebx
  ret

# In, on the stack: address of ecx. Uses it.
CrossFault:
  mov 4(%esp), %eax
  mov (%eax), %ecx
  ud2
AfterFault:
  mov 4(%esp), %eax
  mov %ecx, (%eax)
  ret
)");
#endif

namespace {

enum class Target : unsigned char { kStay, kElsewhere, kCall, kAfterFault };

// Read by the handler, and written by it.
Target target = Target::kStay;
int handlers, to_send;

// __get_cpuid_count knows no XCR0.
Width FindWidth() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & bit_OSXSAVE) == 0) return kSse;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6 || (ecx & bit_AVX) == 0) return kSse;
  if ((low & 0xe6) != 0xe6 || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) ||
      (ebx & bit_AVX512F) == 0)
    return kAvx;
  return kAvx512;
}

void Send() { syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1); }

// Uses vector registers, as any handler may.
void OnSignal(int, siginfo_t*, void* context) {
  ++handlers;
  if (to_send > 0) {
    --to_send;
    Send();
  }
  if (width != kSse) {
    static unsigned char ones[32];
    memset(ones, 1, sizeof ones);
    __asm__ volatile("vmovdqu %0, %%ymm0" : : "m"(ones) : "xmm0");
  }
  if (context == nullptr || target == Target::kStay) return;
  auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
#if defined(__x86_64__)
  constexpr int kPc = REG_RIP, kAccumulator = REG_RAX;
#else
  constexpr int kPc = REG_EIP, kAccumulator = REG_EAX;
#endif
  const char* pc = target == Target::kElsewhere ? Elsewhere
                   : target == Target::kCall    ? AtCall
                                                : AfterFault;
  registers[kPc] = reinterpret_cast<greg_t>(pc);
  if (target == Target::kCall) registers[kAccumulator] = SYS_getppid;
}

void OnSignalWithoutInfo(int) { OnSignal(0, nullptr, nullptr); }

// `size` bytes from `from` of the first `count` registers.
const char* Compare(const State& before, const State& after, int first, int count, size_t from,
                    size_t size) {
  bool same = true, zero = true, junk = true, handlers_own = true;
  for (int i = first; i < first + count; ++i) {
    const unsigned char* is = after.vectors[i] + from;
    same = same && memcmp(before.vectors[i] + from, is, size) == 0;
    for (size_t at = 0; at < size; ++at) {
      zero = zero && is[at] == 0;
      junk = junk && is[at] == (at % 2 == 0 ? 0xfa : 0x17);
      handlers_own = handlers_own && is[at] == (i == 0 ? 1 : 0);
    }
  }
  return same ? "same" : zero ? "zero" : junk ? "junk" : handlers_own ? "handler" : "other";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const char* how = argv[1];
  width = FindWidth();
  static char stack[64 * 1024];
  stack_t alternate = {.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
  if (sigaltstack(&alternate, nullptr) != 0) Die("sigaltstack");

  bool old = strcmp(how, "old") == 0, fault = strcmp(how, "fault") == 0;
  if (strcmp(how, "pc") == 0) target = Target::kElsewhere;
  if (strcmp(how, "call") == 0) target = Target::kCall;
  if (fault) target = Target::kAfterFault;
  if (strcmp(how, "twice") == 0) to_send = 1;
  struct sigaction action = {};
  sigaddset(&action.sa_mask, SIGUSR2);
  action.sa_flags = old ? 0 : SA_SIGINFO;
  if (old) {
    action.sa_handler = OnSignalWithoutInfo;
  } else {
    action.sa_sigaction = OnSignal;
  }
  if (sigaction(fault ? SIGILL : SIGUSR1, &action, nullptr) != 0) Die("sigaction");

  static State before, after;
  if (strcmp(how, "zero") != 0) {
    for (int i = 0; i < 32; ++i) memset(before.vectors[i], 0x22 + i, sizeof before.vectors[i]);
    for (int i = 0; i < 8; ++i) before.masks[i] = 0x1234u + static_cast<unsigned>(i);
  }
  before.flags = 0xcd7;  // all that a program may set, but for those that trap
  before.mxcsr = 0x9fc0;
  before.x87 = 0x27f;
  after = before;
  unsigned long lost[2] = {0x1111, 0x2222};
  long result = 0;
  if (fault) {
    CrossFault(lost);
  } else {
    result = Cross(&after, getpid(), syscall(SYS_gettid));
  }

  unsigned long long mask = 0;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, sizeof mask);
  stack_t left = {};
  sigaltstack(nullptr, &left);
  const char* masks = "same";
  for (int i = 0; i < 8; ++i)
    if (after.masks[i] != before.masks[i]) masks = after.masks[i] == 0 ? "zero" : "other";
  bool avx = width != kSse, avx512 = width == kAvx512;
  printf("handlers=%d xmm=%s ", handlers, Compare(before, after, 0, 8, 0, 16));
  printf("xmm8=%s ymm=%s opmask=%s zmm=%s zmm16=%s ",
         kVectors > 8 ? Compare(before, after, 8, 8, 0, 16) : "none",
         avx ? Compare(before, after, 0, kVectors, 16, 16) : "none", avx512 ? masks : "none",
         avx512 ? Compare(before, after, 0, kVectors, 32, 32) : "none",
         avx512 && kVectors > 8 ? Compare(before, after, 16, 16, 0, 64) : "none");
  printf("mxcsr=%x x87=%x flags=%lx mask=%llx ", after.mxcsr, after.x87, after.flags & 0xcd5, mask);
  if (left.ss_flags & SS_DISABLE) {
    printf("stack=none ");
  } else {
    printf("stack=%zu ", left.ss_size);
  }
  printf("arrived=%s call=%s rcx=%s r11=%s\n", arrived ? "there" : "here",
         target != Target::kCall ? "none"
         : result == getppid()   ? "right"
         : result == -ENOSYS     ? "ENOSYS"
                                 : "wrong",
         lost[0] == 0x1111                                        ? "same"
         : lost[0] == reinterpret_cast<unsigned long>(AfterFault) ? "pc"
                                                                  : "other",
         lost[1] == 0x2222                                                  ? "same"
         : (lost[1] & ~0xcd5ul) == 0x10202 || (lost[1] & ~0xcd5ul) == 0x202 ? "flags"
                                                                            : "other");
  return 0;
}
