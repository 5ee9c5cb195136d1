// Entering OpenBSD on amd64: what it has beside os/bsd/sys_amd64.S. A SYSCALL loses rcx and r11 alone; there is no gate for
// INT 0x80 (amd64/amd64/locore.S, machdep.c).

#include "abi/openbsd/call_list.h"
#include "runtime/os/bsd/asm.h"

    .text

// runtime_tfork(param, size): the new thread's number, or -errno. In: rdi -> struct __tfork, rsi. The thread begins with a
// copy of these registers, at 0(rsp) of its stack what runtime_threadstart wants in rdi. Any stack.
FUNCTION(runtime_tfork)
    movl $NR_tfork, %eax
    syscall
    jc 1f
    testl %eax, %eax
    jz 2f
    ret
1:  negq %rax
    ret
2:  movq (%rsp), %rdi
    jmp runtime_threadstart
END(runtime_tfork)

// runtime_threadstart: what a thread begins with. In: rdi -> fn, arg, and a word that the kernel clears when it is gone;
// rsp 8 below a multiple of 16, on the new stack, below that record. All signals are blocked. Calls fn(arg), then ends the
// thread. Does not return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    pushq %rdi
    movq (%rdi), %rax
    movq 8(%rdi), %rdi
    call *%rax
    popq %rdi
    movq 16(%rdi), %rdi
    movl $NR_threxit, %eax
    syscall
    ud2
END(runtime_threadstart)

// Where calls are made, for the kernel (7.5: kern/exec_elf.c, elf_read_pintable): each number twice, which lets it come from
// anywhere in the text. Several routines make the same call.
#define PIN(name, number) .long runtime_syscall, number, runtime_syscall, number;
    .section .openbsd.syscalls, "", @progbits
    FAULTLINE_OPENBSD_CALLS(PIN)

    .section .note.GNU-stack, "", @progbits
