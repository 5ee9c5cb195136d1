// Entering NetBSD on amd64: what it has beside os/bsd/sys_amd64.S. SYSCALL and INT 0x80 both have the fourth argument in
// r10, and lose rcx and r11 alone; rdx is 0 after a call that succeeds and has no second result (amd64/amd64/locore.S,
// x86/x86/syscall.c).

#include "runtime/os/bsd/asm.h"

    .text

// runtime_threadstart: where _lwp_create starts a thread. In: rdi -> fn, arg; rsp 8 below a multiple of 16, on the new stack,
// below that record. All signals are blocked. Calls fn(arg), then ends the thread. Does not return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    pushq %rdi
    movq (%rdi), %rax
    movq 8(%rdi), %rdi
    call *%rax
    popq %rdi
    movl $NR_lwp_exit, %eax
    ENTER
    ud2
END(runtime_threadstart)

// runtime_sigreturn: the trampoline, which the program supplies: what handlers return to. In: r15 = the context that the
// kernel left there for this (amd64/amd64/machdep.c, sendsig_siginfo). Stack: what is left of the kernel's frame. Does not
// return; a context that the kernel refuses ends the process.
FUNCTION(runtime_sigreturn)
    movq %r15, %rdi
    movl $NR_setcontext, %eax
    ENTER
    movl $2, %edi
    movl $NR_exit, %eax
    ENTER
    ud2
END(runtime_sigreturn)

    .section .note.GNU-stack, "", @progbits
