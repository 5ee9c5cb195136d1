// Entering NetBSD on 386: what it has beside os/bsd/sys_386.S. edx is 0 after a call that succeeds and has no second result
// (i386/i386/locore.S, x86/x86/syscall.c).

#include "runtime/os/bsd/asm.h"

    .text

// runtime_threadstart: where _lwp_create starts a thread. In: 4(esp) -> fn, arg; esp 4 below a multiple of 16, on the new stack,
// below that record. All signals are blocked. Calls fn(arg), then ends the thread. Does not return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    movl 4(%esp), %ebx
    subl $8, %esp
    pushl 4(%ebx)
    call *(%ebx)
    movl $NR_lwp_exit, %eax
    int $0x80
    ud2
END(runtime_threadstart)

// runtime_sigreturn: the trampoline, which the program supplies: what handlers return to. In: esp on the kernel's frame
// less its first word: the context's address is at 8(esp) (i386/i386/machdep.c, sendsig_siginfo). Does not return; a
// context that the kernel refuses ends the process.
FUNCTION(runtime_sigreturn)
    pushl 8(%esp)
    pushl $0
    movl $NR_setcontext, %eax
    int $0x80
    movl $2, 4(%esp)
    movl $NR_exit, %eax
    int $0x80
    ud2
END(runtime_sigreturn)

    .section .note.GNU-stack, "", @progbits
