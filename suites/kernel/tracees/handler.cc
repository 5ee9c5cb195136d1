// handler: one signal, and what its handler finds on its first instruction.
//
//     handler HOW
//
// HOW:
//     plain     SIGUSR1, sent by the thread to itself from a leaf function that uses its red zone
//     altstack  the same, on an alternate stack
//     old       the same, without SA_SIGINFO
//     fault     SIGSEGV, from a read at address 0x1234
//     nested    SIGUSR1, whose handler sends it again
//
// The handlers block SIGUSR2. The interrupted code has MXCSR 0x9fc0 and x87 control word 0x27f.
// Prints: handlers=… and of the last one df=0|1, sp=… (the stack pointer modulo 16), signal=…
// info=right|wrong context=right|wrong (its arguments), code=… sender=self|none|other addr=…
// trapno=… err=… cr2=… mask=… mxcsr=… x87=…; then, of the interrupted code, zone=… (bytes of its
// red zone that are whole), back=… (MXCSR afterwards), after=… (the mask afterwards).

#include <signal.h>
#include <sys/ucontext.h>

#include "suites/kernel/tracees/tracee.h"

// Written by the handler's first instructions.
extern "C" {
unsigned long entry_sp, entry_flags, entry_arguments[3];
unsigned entry_mxcsr;
unsigned short entry_x87;
void OnEntry();
void Handler();
void Reader();        // reads at its argument
void AfterReading();  // its next instruction
#if defined(__x86_64__)
// Fills its red zone, sends `signal` to thread `tid` of process `pid`, and counts what is left.
long Leaf(long pid, long tid, long signal);
#endif
}

#if defined(__x86_64__)
__asm__(R"(
  .text
# A signal handler. In: rdi signal, rsi siginfo, rdx context. Stands on the signal frame, whatever
# its alignment. Keeps what the ABI asks for.
Handler:
  mov %rsp, entry_sp(%rip)
  pushf
  pop entry_flags(%rip)
  cld
  mov %rdi, entry_arguments(%rip)
  mov %rsi, entry_arguments+8(%rip)
  mov %rdx, entry_arguments+16(%rip)
  stmxcsr entry_mxcsr(%rip)
  fnstcw entry_x87(%rip)
  push %rbp
  mov %rsp, %rbp
  and $-16, %rsp
  call OnEntry
  leave
  ret

# In: rdi address.
Reader:
  movb (%rdi), %al
AfterReading:
  ret

# In: rdi pid, rsi tid, rdx signal. Out: rax. Uses rcx and r11.
Leaf:
  mov $-128, %rcx
1: movb $0x3c, (%rsp,%rcx)
  inc %rcx
  jnz 1b
  mov $234, %eax # tgkill
  syscall
  mov $-128, %rcx
  xor %eax, %eax
2: cmpb $0x3c, (%rsp,%rcx)
  jne 3f
  inc %eax
3: inc %rcx
  jnz 2b
  ret
)");
#else
__asm__(R"(
  .text
# A signal handler. In: on the stack signal, siginfo, context; eax, edx, ecx the same. Stands on the
# signal frame, whatever its alignment. Keeps what the ABI asks for.
Handler:
  mov %esp, entry_sp
  pushf
  pop entry_flags
  cld
  push %eax
  mov 8(%esp), %eax
  mov %eax, entry_arguments
  mov 12(%esp), %eax
  mov %eax, entry_arguments+4
  mov 16(%esp), %eax
  mov %eax, entry_arguments+8
  pop %eax
  stmxcsr entry_mxcsr
  fnstcw entry_x87
  push %ebp
  mov %esp, %ebp
  and $-16, %esp
  call OnEntry
  leave
  ret

# In: on the stack, the address.
Reader:
  mov 4(%esp), %eax
  movb (%eax), %al
AfterReading:
  ret
)");
#endif

namespace {

// Written by the handler.
int handlers, code, sender, nested;
unsigned long address, trapno, err, cr2;
unsigned long long mask;
bool info_right, context_right;
bool with_info = true, faulting;

unsigned long long Mask() {
  unsigned long long now = 0;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &now, sizeof now);
  return now;
}

void Send() { syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1); }

}  // namespace

// The frame is found from the stack pointer: the arguments may be wrong.
void OnEntry() {
  unsigned long sp = entry_sp, first = entry_flags, arguments[3];
  memcpy(arguments, entry_arguments, sizeof arguments);
  unsigned mxcsr = entry_mxcsr;
  unsigned short x87 = entry_x87;
  mask = Mask();
  if (nested > 0) {
    --nested;
    Send();
  }
  entry_sp = sp, entry_flags = first, entry_mxcsr = mxcsr, entry_x87 = x87;
  memcpy(entry_arguments, arguments, sizeof arguments);
  ++handlers;
#if defined(__x86_64__)
  auto* context = reinterpret_cast<ucontext_t*>(sp + 8);
  auto* info = reinterpret_cast<siginfo_t*>(sp + 8 + 304);
  auto* registers = context->uc_mcontext.gregs;
  if (faulting) registers[REG_RIP] = reinterpret_cast<long>(AfterReading);
#else
  auto* info = reinterpret_cast<siginfo_t*>(sp + 16);
  auto* context = reinterpret_cast<ucontext_t*>(sp + 16 + 128);
  if (!with_info) return;
  auto* registers = context->uc_mcontext.gregs;
  if (faulting) registers[REG_EIP] = reinterpret_cast<long>(AfterReading);
#endif
  info_right = arguments[1] == reinterpret_cast<unsigned long>(info);
  context_right = arguments[2] == reinterpret_cast<unsigned long>(context);
  code = info->si_code;
  sender = info->si_pid;
  address = reinterpret_cast<unsigned long>(info->si_addr);
  trapno = static_cast<unsigned long>(registers[REG_TRAPNO]);
  err = static_cast<unsigned long>(registers[REG_ERR]);
#if defined(__x86_64__)
  cr2 = static_cast<unsigned long>(registers[REG_CR2]);
#else
  cr2 = context->uc_mcontext.cr2;
#endif
}

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const char* how = argv[1];
  static char stack[64 * 1024];
  stack_t alternate = {.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
  struct sigaction action = {};
  action.sa_handler = reinterpret_cast<void (*)(int)>(Handler);
  sigaddset(&action.sa_mask, SIGUSR2);
  with_info = strcmp(how, "old") != 0;
  faulting = strcmp(how, "fault") == 0;
  nested = strcmp(how, "nested") == 0 ? 1 : 0;
  action.sa_flags = with_info ? SA_SIGINFO : 0;
  if (strcmp(how, "altstack") == 0) {
    if (sigaltstack(&alternate, nullptr) != 0) Die("sigaltstack");
    action.sa_flags |= SA_ONSTACK;
  }
  if (sigaction(faulting ? SIGSEGV : SIGUSR1, &action, nullptr) != 0) Die("sigaction");
  unsigned mxcsr = 0x9fc0, back = 0;
  unsigned short x87 = 0x27f;
  long zone = 128;
  __asm__ volatile("ldmxcsr %0\n fldcw %1" : : "m"(mxcsr), "m"(x87));
  if (faulting) {
    reinterpret_cast<void (*)(unsigned long)>(Reader)(0x1234);
  } else {
#if defined(__x86_64__)
    zone = Leaf(getpid(), syscall(SYS_gettid), SIGUSR1);
#else
    Send();
#endif
  }
  __asm__ volatile("stmxcsr %0" : "=m"(back));
  printf("handlers=%d df=%lu sp=%lu signal=%lu info=%s context=%s code=%d sender=%s addr=%lx ",
         handlers, entry_flags >> 10 & 1, entry_sp % 16, entry_arguments[0],
         info_right ? "right" : "wrong", context_right ? "right" : "wrong", code,
         sender == getpid() ? "self"
         : sender == 0      ? "none"
                            : "other",
         address);
  printf("trapno=%lu err=%lu cr2=%lx mask=%llx mxcsr=%x x87=%x zone=%ld back=%x after=%llx\n",
         trapno, err, cr2, mask, entry_mxcsr, entry_x87, zone, back, Mask());
  return 0;
}
