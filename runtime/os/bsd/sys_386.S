// Entering the BSDs on 386. INT $0x80: number in eax, arguments on the stack from 4(esp) up, 0(esp) being passed over (the
// return address of a function that does nothing else). Result eax, and edx where the call has a second one; the carry
// flag says that eax is an errno. Everything else is kept. What only one of them has is in its own
// sys_386.S.

#include "runtime/os/bsd/asm.h"

    .text

// runtime_syscall(number, a, b, c, d, e, f, g, h): the first result, or -errno. In: 4(esp)…36(esp). Keeps ebx, ebp, esi,
// edi. Any stack. Meanwhile esp is on `number`, which is passed over, and the return address in ecx: a handler's frame
// may overwrite what is below esp.
FUNCTION(runtime_syscall)
    popl %ecx
    movl (%esp), %eax
    int $0x80
    pushl %ecx
    jc 1f
    ret
1:  negl %eax
    ret
END(runtime_syscall)

// runtime_fork(): the child's number, in the child 0, or -errno. Any stack.
FUNCTION(runtime_fork)
    movl $NR_fork, %eax
    int $0x80
    jc 1f
#if FAULTLINE_FORK_TELLS_BY_SECOND
    testl %edx, %edx
    jz 2f
    xorl %eax, %eax
#endif
2:  ret
1:  negl %eax
    ret
END(runtime_fork)

// runtime_sigtramp(sig, info, context): every handler starts here, on the thread's alternate stack if it has one,
// else on the stack that was interrupted, with all signals blocked, at any alignment. In: 4(esp), 8(esp), 12(esp), 0(esp)
// in the trampoline, the kernel's or the program's, which goes on with sigreturn. Any register may be lost (sigreturn
// restores them from the frame). It knows nothing of g, m or TLS yet, and must not use gs.
FUNCTION(runtime_sigtramp)
    cld
    pushl %ebp
    movl %esp, %ebp
    andl $-16, %esp
    subl $4, %esp
    pushl 16(%ebp)
    pushl 12(%ebp)
    pushl 8(%ebp)
    call runtime_sigtrampgo
    leave
    ret
END(runtime_sigtramp)

// runtime_getgs() / runtime_setgs(selector).
FUNCTION(runtime_getgs)
    xorl %eax, %eax
    movw %gs, %ax
    ret
END(runtime_getgs)
FUNCTION(runtime_setgs)
    movl 4(%esp), %eax
    movw %ax, %gs
    ret
END(runtime_setgs)

    .section .note.GNU-stack, "", @progbits
