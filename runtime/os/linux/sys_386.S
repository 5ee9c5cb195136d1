// Entering Linux on 386. INT $0x80: number in eax, arguments ebx ecx edx esi edi ebp, result eax (-4095…-1: -errno);
// everything else is kept (abi: arch/x86/entry/entry_32.S, entry_64_compat.S).

#include "abi/linux/386/numbers.h"

#define FUNCTION(name) \
    .globl name; .type name, @function; .p2align 4; name:
#define END(name) \
    .size name, . - name

    .text

// runtime_syscall(number, a, b, c, d, e, f): the kernel's result as it is. In: 4(esp)…28(esp). Keeps ebx, ebp, esi,
// edi. Any stack.
FUNCTION(runtime_syscall)
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    movl 20(%esp), %eax
    movl 24(%esp), %ebx
    movl 28(%esp), %ecx
    movl 32(%esp), %edx
    movl 36(%esp), %esi
    movl 40(%esp), %edi
    movl 44(%esp), %ebp
    int $0x80
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret
END(runtime_syscall)

// runtime_sigreturn: the restorer of every handler: the kernel puts its address where a handler's return address is.
// In: esp on the frame's signal number. Does not return.
FUNCTION(runtime_sigreturn)
    movl $NR_rt_sigreturn, %eax
    int $0x80
    ud2
END(runtime_sigreturn)

// runtime_sigtramp(sig, info, context): every handler starts here: on the thread's alternate stack if it has one, else
// on the stack that was interrupted, with all signals blocked. In: 4(esp), 8(esp), 12(esp), 0(esp) =
// runtime_sigreturn. Any register may be lost (sigreturn restores them from the frame). It knows nothing of g, m or
// TLS yet, and must not use gs.
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

// runtime_rawclone(flags, stack, ptid, ctid, tls, fn, arg): clone; the child calls fn(arg) on the new stack, then
// exits its thread with 0. In: 4(esp)…28(esp). Out: eax in the parent. Keeps ebx, ebp, esi, edi. The kernel takes ebx =
// flags, ecx = stack, edx = ptid, esi = tls (a user_desc), edi = ctid.
FUNCTION(runtime_rawclone)
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    movl 24(%esp), %ecx
    andl $-16, %ecx
    subl $16, %ecx
    movl 40(%esp), %eax
    movl %eax, (%ecx)               // fn
    movl 44(%esp), %eax
    movl %eax, 4(%ecx)              // arg
    movl 20(%esp), %ebx
    movl 28(%esp), %edx
    movl 36(%esp), %esi
    movl 32(%esp), %edi
    movl $NR_clone, %eax
    int $0x80
    testl %eax, %eax
    jz 1f
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret
1:  xorl %ebp, %ebp
    movl (%esp), %eax
    movl 4(%esp), %ecx
    movl %ecx, (%esp)
    call *%eax
    xorl %ebx, %ebx
    movl $NR_exit, %eax
    int $0x80
    ud2
END(runtime_rawclone)

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
