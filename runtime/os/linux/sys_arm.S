// Entering Linux on arm (EABI). SVC #0: number in r7, arguments r0-r5, result r0 (-4095…-1: -errno); everything else is
// kept (arch/arm/kernel/entry-common.S).

#include "abi/linux/arm/numbers.h"

#define FUNCTION(name) \
    .globl name; .type name, %function; .p2align 2; name:
#define END(name) \
    .size name, . - name

    .syntax unified
    .arm
    .text

// runtime_syscall(number, a, b, c, d, e, f): the kernel's result as it is. In: r0-r3, 0(sp)…8(sp). Keeps r4-r11. Any
// stack.
FUNCTION(runtime_syscall)
    push {r4, r5, r7, lr}
    mov r7, r0
    mov r0, r1
    mov r1, r2
    mov r2, r3
    ldr r3, [sp, #16]
    ldr r4, [sp, #20]
    ldr r5, [sp, #24]
    svc #0
    pop {r4, r5, r7, pc}
END(runtime_syscall)

// runtime_sigreturn: the restorer of every handler: the kernel puts its address into a handler's lr.
// In: sp on the signal frame. Does not return.
FUNCTION(runtime_sigreturn)
    mov r7, #NR_rt_sigreturn
    svc #0
    udf #0
END(runtime_sigreturn)

// runtime_sigtramp(sig, info, context): every handler starts here: on the thread's alternate stack if it has one, else
// on the stack that was interrupted, with all signals blocked. In: r0, r1, r2, lr = runtime_sigreturn. Any register may
// be lost (sigreturn restores them from the frame). It knows nothing of g, m or TLS yet.
FUNCTION(runtime_sigtramp)
    push {r11, lr}
    mov r11, sp
    bl runtime_sigtrampgo
    pop {r11, pc}
END(runtime_sigtramp)

// runtime_rawclone(flags, stack, ptid, ctid, tls, fn, arg): clone; the child calls fn(arg) on the new stack, then
// exits its thread with 0. In: r0-r3, 0(sp)…8(sp). Out: r0 in the parent. Keeps r4-r11. fn and arg travel on the new
// stack, not in registers. The kernel takes r3 = tls, r4 = ctid.
FUNCTION(runtime_rawclone)
    push {r4, r5, r7, lr}
    bic r1, r1, #7
    ldr r4, [sp, #20]
    ldr r5, [sp, #24]
    strd r4, r5, [r1, #-8]!
    mov r4, r3
    ldr r3, [sp, #16]
    mov r7, #NR_clone
    svc #0
    cmp r0, #0
    beq 1f
    pop {r4, r5, r7, pc}
1:  mov r11, #0
    mov lr, #0
    ldr r1, [sp]
    ldr r0, [sp, #4]
    blx r1
    mov r0, #0
    mov r7, #NR_exit
    svc #0
    udf #0
END(runtime_rawclone)

// runtime_threadpointer() / runtime_setthreadpointer(tp): the kernel's own call set_tls; returns 0 or -errno.
FUNCTION(runtime_threadpointer)
    mrc p15, 0, r0, c13, c0, 3
    bx lr
END(runtime_threadpointer)
FUNCTION(runtime_setthreadpointer)
    push {r7, lr}
    movw r7, #:lower16:NR_arm_set_tls
    movt r7, #:upper16:NR_arm_set_tls
    svc #0
    pop {r7, pc}
END(runtime_setthreadpointer)

    .section .note.GNU-stack, "", %progbits
