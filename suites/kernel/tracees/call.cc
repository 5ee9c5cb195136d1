// call: one system call, and what all registers hold behind it.
//
//     call PATH WHAT [carry]
//
// PATH: syscall (64-bit code only) or int80. carry: that flag is set before the call.
// WHAT:
//     getpid    succeeds
//     close     fails: descriptor -1 (EBADF)
//     access    fails: a null path (EFAULT)
//     getuid    a filter of the program's own wants a tracer to see it (SECCOMP_RET_TRACE)
//     mmap      succeeds with an address beyond 4 GB (syscall only)
//
// Before the call each register but rax, rsp and the call's arguments holds
// 0x1111111122222200 plus its number in the instruction encoding (32-bit code: 0x22222200 plus).
// Prints: result=… (hexadecimal), carry=0|1, pid=right when the result is the process's number, and
// for each other register its name with "kept" or what it holds; steps=…, how many of the four
// two-byte instructions behind the call were left out.

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "suites/kernel/tracees/tracee.h"

extern "C" {
// In the order of the instruction encoding, then the flags.
unsigned long call_before[17], call_after[17], call_steps;
void CallBySyscall();
void CallByInt80();
}

#if defined(__x86_64__)
constexpr int kRegisters = 16;
constexpr const char* kNames[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                  "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr unsigned long kSentinel = 0x1111111122222200;
__asm__(R"(
  .text
# In: call_before. Out: call_after, call_steps. Keeps what the ABI asks for; any stack.
  .macro CALL name, instruction:vararg
\name:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  push call_before+128(%rip)
  popf
  mov call_before(%rip), %rax
  mov call_before+8(%rip), %rcx
  mov call_before+16(%rip), %rdx
  mov call_before+24(%rip), %rbx
  mov call_before+40(%rip), %rbp
  mov call_before+48(%rip), %rsi
  mov call_before+56(%rip), %rdi
  mov call_before+64(%rip), %r8
  mov call_before+72(%rip), %r9
  mov call_before+80(%rip), %r10
  mov call_before+88(%rip), %r11
  mov call_before+96(%rip), %r12
  mov call_before+104(%rip), %r13
  mov call_before+112(%rip), %r14
  mov call_before+120(%rip), %r15
  \instruction
  jmp 1f
  jmp 2f
  jmp 3f
  jmp 4f
# Steps left out: 0 to 4. None of this touches a register or the flags.
  movb $4, call_steps(%rip)
  jmp 5f
1:
  movb $0, call_steps(%rip)
  jmp 5f
2:
  movb $1, call_steps(%rip)
  jmp 5f
3:
  movb $2, call_steps(%rip)
  jmp 5f
4:
  movb $3, call_steps(%rip)
5:
  mov %rax, call_after(%rip)
  mov %rcx, call_after+8(%rip)
  mov %rdx, call_after+16(%rip)
  mov %rbx, call_after+24(%rip)
  mov %rbp, call_after+40(%rip)
  mov %rsi, call_after+48(%rip)
  mov %rdi, call_after+56(%rip)
  mov %r8, call_after+64(%rip)
  mov %r9, call_after+72(%rip)
  mov %r10, call_after+80(%rip)
  mov %r11, call_after+88(%rip)
  mov %r12, call_after+96(%rip)
  mov %r13, call_after+104(%rip)
  mov %r14, call_after+112(%rip)
  mov %r15, call_after+120(%rip)
  pushf
  pop call_after+128(%rip)
  cld
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
  .endm
  CALL CallBySyscall, syscall
  CALL CallByInt80, int $0x80
)");
#else
constexpr int kRegisters = 8;
constexpr const char* kNames[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
constexpr unsigned long kSentinel = 0x22222200;
__asm__(R"(
  .text
# In: call_before. Out: call_after, call_steps. Keeps what the ABI asks for; any stack.
CallByInt80:
  push %ebx
  push %ebp
  push %esi
  push %edi
  push call_before+64
  popf
  mov call_before, %eax
  mov call_before+4, %ecx
  mov call_before+8, %edx
  mov call_before+12, %ebx
  mov call_before+20, %ebp
  mov call_before+24, %esi
  mov call_before+28, %edi
  int $0x80
  jmp 1f
  jmp 2f
  jmp 3f
  jmp 4f
# Steps left out: 0 to 4. None of this touches a register or the flags.
  movb $4, call_steps
  jmp 5f
1:
  movb $0, call_steps
  jmp 5f
2:
  movb $1, call_steps
  jmp 5f
3:
  movb $2, call_steps
  jmp 5f
4:
  movb $3, call_steps
5:
  mov %eax, call_after
  mov %ecx, call_after+4
  mov %edx, call_after+8
  mov %ebx, call_after+12
  mov %ebp, call_after+20
  mov %esi, call_after+24
  mov %edi, call_after+28
  pushf
  pop call_after+64
  cld
  pop %edi
  pop %esi
  pop %ebp
  pop %ebx
  ret
CallBySyscall:
  ud2
)");
#endif

namespace {

// Numbers of both tables, whichever the code is.
struct What {
  const char* name;
  int syscall;
  int int80;
  unsigned long arguments[6];
  int count;
};
constexpr What kCalls[] = {
    {"getpid", 39, 20, {}, 0},
    {"close", 3, 6, {~0ul}, 1},
    {"access", 21, 33, {0, 0}, 2},
    {"getuid", 102, 24, {}, 0},
    {"mmap", 9, -1, {0, 4096, 0, 0x22, ~0ul, 0}, 6},
};
constexpr int kRax = 0, kRsp = 4;
constexpr int kSyscallArguments[] = {7, 6, 2, 10, 8, 9};
constexpr int kInt80Arguments[] = {3, 1, 2, 6, 7, 5};

void InstallFilter(int number) {
  sock_filter program[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<unsigned>(number)},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE | 5},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  sock_fprog whole = {.len = 4, .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) != 0)
    Die("seccomp");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  bool by_syscall = strcmp(argv[1], "syscall") == 0;
  const What* what = nullptr;
  for (const What& each : kCalls)
    if (strcmp(each.name, argv[2]) == 0) what = &each;
  if (!what) return 64;
  for (int i = 0; i < kRegisters; ++i) call_before[i] = kSentinel + static_cast<unsigned long>(i);
  for (int i = 0; i < what->count; ++i)
    call_before[(by_syscall ? kSyscallArguments : kInt80Arguments)[i]] = what->arguments[i];
  call_before[kRax] = static_cast<unsigned long>(by_syscall ? what->syscall : what->int80);
  constexpr unsigned long kAlwaysSet = 2, kCarry = 1;
  call_before[16] = kAlwaysSet | (argc > 3 ? kCarry : 0);
  if (strcmp(what->name, "getuid") == 0) InstallFilter(static_cast<int>(call_before[kRax]));
  by_syscall ? CallBySyscall() : CallByInt80();

  printf("result=%lx carry=%lu steps=%lu", call_after[kRax], call_after[16] & kCarry,
         call_steps & 0xff);
  if (static_cast<int>(call_after[kRax]) == getpid()) printf(" pid=right");
  for (int i = 0; i < kRegisters; ++i) {
    // What SYSCALL itself overwrites: rcx and r11.
    if (i == kRax || i == kRsp || (by_syscall && (i == 1 || i == 11))) continue;
    if (call_after[i] == call_before[i]) {
      printf(" %s=kept", kNames[i]);
    } else {
      printf(" %s=%lx", kNames[i], call_after[i]);
    }
  }
  printf("\n");
  return 0;
}
