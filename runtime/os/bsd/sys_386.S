// Entering the BSDs on 386. INT $0x80: number in eax, arguments on the stack from 4(esp) up, 0(esp) being passed over (the
// return address of a function that does nothing else). Result eax, and edx where the call has a second one; the carry
// flag says that eax is an errno. Everything else is kept (FreeBSD: i386/i386/exception.s, trap.c; NetBSD:
// i386/i386/locore.S, x86/x86/syscall.c, where edx is 0 after a call that succeeds and has no second result).

#if defined(__FreeBSD__)
#include "abi/freebsd/numbers.h"
#elif defined(__NetBSD__)
#include "abi/netbsd/numbers.h"
#endif

#define FUNCTION(name) \
    .globl name; .type name, @function; .p2align 4; name:
#define END(name) \
    .size name, . - name

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

// runtime_fork(): the child's number, in the child 0, or -errno. On FreeBSD the child is told by its second result, 1
// (i386/i386/vm_machdep.c, cpu_fork). Any stack.
FUNCTION(runtime_fork)
    movl $NR_fork, %eax
    int $0x80
    jc 1f
#if defined(__FreeBSD__)
    testl %edx, %edx
    jz 2f
    xorl %eax, %eax
#endif
2:  ret
1:  negl %eax
    ret
END(runtime_fork)

#if defined(__FreeBSD__)
// runtime_pipe(fds): 0 or -errno. In: 4(esp). The call has two results and no argument. Any stack.
FUNCTION(runtime_pipe)
    movl $NR_freebsd10_pipe, %eax
    int $0x80
    jc 1f
    movl 4(%esp), %ecx
    movl %eax, (%ecx)
    movl %edx, 4(%ecx)
    xorl %eax, %eax
    ret
1:  negl %eax
    ret
END(runtime_pipe)
#endif

// runtime_threadstart: where thr_new or _lwp_create starts a thread. In: 4(esp) -> fn, arg and, on FreeBSD, where to
// write that the thread is gone (see sys.cc); esp 4 below a multiple of 16, on the new stack, below that record. All signals are blocked. Calls fn(arg),
// then ends the thread. Does not return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    movl 4(%esp), %ebx
    subl $8, %esp
    pushl 4(%ebx)
    call *(%ebx)
#if defined(__FreeBSD__)
    pushl 8(%ebx)
    pushl $0
    movl $NR_thr_exit, %eax
#else
    movl $NR_lwp_exit, %eax
#endif
    int $0x80
    ud2
END(runtime_threadstart)

// runtime_sigtramp(sig, info, context): every handler starts here, on the thread's alternate stack if it has one,
// else on the stack that was interrupted, with all signals blocked; on FreeBSD called by the kernel's own trampoline, on
// NetBSD at any alignment. In: 4(esp),
// 8(esp), 12(esp), 0(esp) in the trampoline, which goes on with sigreturn. Any register may be lost (sigreturn restores
// them from the frame). It knows nothing of g, m or TLS yet, and must not use gs.
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

#if defined(__NetBSD__)
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
#endif

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
