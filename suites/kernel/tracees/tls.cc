// tls: what a thread's segment bases are where a kernel has to keep or to set them.
//
//     tls signal      in a handler, and back from it
//     tls clone       in a new thread, which was given a base of its own
//     tls exec PATH   in this program, started by another copy of it: PATH is its own
//
// 64-bit code: fs=right|… gs=right|… (hexadecimal); after_fs=… after_gs=… behind the handler. A
// right base is the one before; of the new thread its own fs base and its creator's gs base; of a
// new program 0; creators: what a new thread's creator has. 386 code: gs=right|… for the selector,
// in a new thread for what lies at its base.

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#if defined(__x86_64__)
#include <asm/prctl.h>
#else
#include <asm/ldt.h>
#endif

#include "suites/kernel/tracees/tracee.h"

extern "C" {
// What was seen, and what is right: fs base and gs base, or the selector.
unsigned long tls_seen[2], tls_right[2], tls_after[2];
unsigned long tls_start[2];        // seen by the program's first instructions
unsigned long tls_block[8];        // the new thread's storage: its first word is its address
alignas(16) char tls_stack[4096];  // the new thread's
int tls_alive;                     // cleared by the kernel at its end
void TlsHandler();
void TlsStart();
// Makes a thread that looks at its bases and ends. In: the flags and the kernel's TLS argument.
long TlsClone(unsigned long flags, unsigned long tls);
}

#if defined(__x86_64__)
__asm__(R"(
  .text
# The program's entry, before the C library's. In: the first stack of a program. Keeps rdx and rsp,
# which mean something there.
  .globl TlsStart
TlsStart:
  mov $158, %eax
  mov $0x1003, %edi
  lea tls_start(%rip), %rsi
  syscall
  mov $158, %eax
  mov $0x1004, %edi
  lea tls_start+8(%rip), %rsi
  syscall
  jmp _start
# A signal handler that stands on no local storage, and repairs it. Keeps what the ABI asks for.
TlsHandler:
  mov $158, %eax
  mov $0x1003, %edi
  lea tls_seen(%rip), %rsi
  syscall
  mov $158, %eax
  mov $0x1004, %edi
  lea tls_seen+8(%rip), %rsi
  syscall
  ret
# In: rdi flags, rsi the new base. Out: rax. The child does not return.
TlsClone:
  mov %rsi, %r8
  lea tls_stack+4096(%rip), %rsi
  lea tls_alive(%rip), %r10
  mov $56, %eax
  syscall
  test %rax, %rax
  jz 1f
  ret
1:
  call TlsHandler
  mov $60, %eax
  xor %edi, %edi
  syscall
  ud2
# In: nothing. Out: tls_after. Puts both bases right, whatever they are.
TlsRepair:
  mov $158, %eax
  mov $0x1003, %edi
  lea tls_after(%rip), %rsi
  syscall
  mov $158, %eax
  mov $0x1004, %edi
  lea tls_after+8(%rip), %rsi
  syscall
  mov $158, %eax
  mov $0x1002, %edi
  mov tls_right(%rip), %rsi
  syscall
  mov $158, %eax
  mov $0x1001, %edi
  mov tls_right+8(%rip), %rsi
  syscall
  ret
# In: rdi process, rsi thread, rdx signal. Sends the signal, which is handled before the next
# instruction, and puts the bases right.
  .globl TlsRaise
TlsRaise:
  mov $234, %eax
  syscall
  jmp TlsRepair
)");
#else
__asm__(R"(
  .text
  .globl TlsStart
TlsStart:
  jmp _start
# A signal handler that stands on no local storage. Keeps what the ABI asks for.
TlsHandler:
  xor %eax, %eax
  mov %gs, %ax
  mov %eax, tls_seen+4
  ret
# In: flags, the kernel's descriptor. Out: eax. The child does not return.
TlsClone:
  push %ebx
  push %esi
  push %edi
  mov 16(%esp), %ebx
  mov $tls_stack+4096, %ecx
  mov 20(%esp), %esi
  mov $tls_alive, %edi
  mov $120, %eax
  int $0x80
  test %eax, %eax
  jz 1f
  pop %edi
  pop %esi
  pop %ebx
  ret
1:
  mov %gs:0, %eax
  mov %eax, tls_seen+4
  mov $1, %eax
  xor %ebx, %ebx
  int $0x80
  ud2
# In: process, thread, signal on the stack. Sends the signal, which is handled before the next
# instruction.
  .globl TlsRaise
TlsRaise:
  push %ebx
  mov 8(%esp), %ebx
  mov 12(%esp), %ecx
  mov 16(%esp), %edx
  mov $270, %eax
  int $0x80
  xor %eax, %eax
  mov %gs, %ax
  mov %eax, tls_after+4
  pop %ebx
  ret
)");
#endif
extern "C" void TlsRaise(long pid, long tid, long signal);

namespace {

// What local storage hangs on in the thread that makes another.
unsigned long creators = ~0ul;

void Say(const char* name, unsigned long seen, unsigned long right) {
  if (seen == right) {
    printf("%s=right ", name);
  } else if (seen == creators) {
    printf("%s=creators ", name);
  } else {
    printf("%s=%lx ", name, seen);
  }
}

void NoteRight() {
#if defined(__x86_64__)
  syscall(SYS_arch_prctl, ARCH_SET_GS, reinterpret_cast<unsigned long>(tls_block));
  syscall(SYS_arch_prctl, ARCH_GET_FS, &tls_right[0]);
  syscall(SYS_arch_prctl, ARCH_GET_GS, &tls_right[1]);
#else
  unsigned short selector;
  __asm__("mov %%gs, %0" : "=r"(selector));
  tls_right[1] = selector;
#endif
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  if (strcmp(argv[1], "started") == 0) {
    Say("fs", tls_start[0], 0);
    Say("gs", tls_start[1], 0);
    printf("\n");
    return 0;
  }
  NoteRight();
  if (strcmp(argv[1], "exec") == 0) {
    execl(argv[2], argv[2], "started", nullptr);
    Die("exec");
  }
  if (strcmp(argv[1], "signal") == 0) {
    struct sigaction action = {};
    action.sa_handler = reinterpret_cast<void (*)(int)>(TlsHandler);
    if (sigaction(SIGUSR1, &action, nullptr) != 0) Die("sigaction");
    TlsRaise(getpid(), syscall(SYS_gettid), SIGUSR1);
#if defined(__x86_64__)
    Say("after_fs", tls_after[0], tls_right[0]);
#endif
    Say("after_gs", tls_after[1], tls_right[1]);
  } else {
    constexpr unsigned long kFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                     CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                                     CLONE_CHILD_CLEARTID;
    auto block = reinterpret_cast<unsigned long>(tls_block);
    tls_block[0] = block;
    tls_alive = 1;
#if defined(__x86_64__)
    creators = tls_right[0];
    tls_right[0] = block;
    long tid = TlsClone(kFlags, block);
#else
    user_desc descriptor = {};
    descriptor.entry_number = static_cast<unsigned>(tls_right[1]) >> 3;
    descriptor.base_addr = static_cast<unsigned>(block);
    descriptor.limit = 0xfffff;
    descriptor.seg_32bit = 1;
    descriptor.limit_in_pages = 1;
    descriptor.useable = 1;
    __asm__("mov %%gs:0, %0" : "=r"(creators));  // its own address
    tls_right[1] = block;
    long tid = TlsClone(kFlags, reinterpret_cast<unsigned long>(&descriptor));
#endif
    if (tid < 0) return 70;
    Await([] { return __atomic_load_n(&tls_alive, __ATOMIC_SEQ_CST) == 0; });
  }
#if defined(__x86_64__)
  Say("fs", tls_seen[0], tls_right[0]);
#endif
  Say("gs", tls_seen[1], tls_right[1]);
  printf("\n");
  return 0;
}
