// Entering Linux on arm64. SVC #0: number in x8, arguments x0-x5, result x0 (-4095…-1: -errno); everything else is kept
// (arch/arm64/kernel/entry.S, syscall.c).

#include "abi/linux/arm64/numbers.h"

#define FUNCTION(name) \
    .globl name; .type name, %function; .p2align 4; name:
#define END(name) \
    .size name, . - name

    .text

// runtime_syscall(number, a, b, c, d, e, f): the kernel's result as it is. In: x0-x6. Clobbers x8. Any stack.
FUNCTION(runtime_syscall)
    mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    mov x5, x6
    svc #0
    ret
END(runtime_syscall)

// runtime_sigreturn: the restorer of every handler: the kernel puts its address into a handler's x30.
// In: sp on the signal frame. Does not return.
FUNCTION(runtime_sigreturn)
    mov x8, #NR_rt_sigreturn
    svc #0
    brk #1
END(runtime_sigreturn)

// runtime_sigtramp(sig, info, context): every handler starts here: on the thread's alternate stack if it has one, else
// on the stack that was interrupted, with all signals blocked. In: w0, x1, x2, x30 = runtime_sigreturn, x29 = a frame
// record of the kernel's making. Any register may be lost (sigreturn restores them from the frame). It knows nothing of
// g, m or TLS yet.
FUNCTION(runtime_sigtramp)
    stp x29, x30, [sp, #-16]!
    mov x29, sp
    bl runtime_sigtrampgo
    ldp x29, x30, [sp], #16
    ret
END(runtime_sigtramp)

// runtime_rawclone(flags, stack, ptid, ctid, tls, fn, arg): clone; the child calls fn(arg) on the new stack, then
// exits its thread with 0. In: x0-x6. Out: x0 in the parent. fn and arg travel on the new stack, not in registers. The
// kernel takes x3 = tls, x4 = ctid.
FUNCTION(runtime_rawclone)
    and x1, x1, #-16
    stp x5, x6, [x1, #-16]!
    mov x9, x3
    mov x3, x4
    mov x4, x9
    mov x8, #NR_clone
    svc #0
    cbz x0, 1f
    ret
1:  mov x29, xzr
    mov x30, xzr
    ldp x9, x0, [sp]
    blr x9
    mov x0, xzr
    mov x8, #NR_exit
    svc #0
    brk #1
END(runtime_rawclone)

// runtime_threadpointer() / runtime_setthreadpointer(tp), which returns 0.
FUNCTION(runtime_threadpointer)
    mrs x0, tpidr_el0
    ret
END(runtime_threadpointer)
FUNCTION(runtime_setthreadpointer)
    msr tpidr_el0, x0
    mov x0, xzr
    ret
END(runtime_setthreadpointer)

    .section .note.GNU-stack, "", %progbits
