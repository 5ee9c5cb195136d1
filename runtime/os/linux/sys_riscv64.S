// Entering Linux on riscv64. ECALL: number in a7, arguments a0-a5, result a0 (-4095…-1: -errno); everything else is kept
// (arch/riscv/kernel/entry.S).

#include "abi/linux/riscv64/numbers.h"

#define FUNCTION(name) \
    .globl name; .type name, %function; .p2align 2; name:
#define END(name) \
    .size name, . - name

    .text

// runtime_syscall(number, a, b, c, d, e, f): the kernel's result as it is. In: a0-a6. Any stack.
FUNCTION(runtime_syscall)
    mv a7, a0
    mv a0, a1
    mv a1, a2
    mv a2, a3
    mv a3, a4
    mv a4, a5
    mv a5, a6
    ecall
    ret
END(runtime_syscall)

// runtime_sigtramp(sig, info, context): every handler starts here: on the thread's alternate stack if it has one, else
// on the stack that was interrupted, with all signals blocked. In: a0, a1, a2, ra = the kernel's own sigreturn. Any
// register may be lost (sigreturn restores them from the frame). It knows nothing of g, m or TLS yet.
FUNCTION(runtime_sigtramp)
    addi sp, sp, -16
    sd ra, 8(sp)
    sd s0, 0(sp)
    addi s0, sp, 16
    call runtime_sigtrampgo
    ld ra, 8(sp)
    ld s0, 0(sp)
    addi sp, sp, 16
    ret
END(runtime_sigtramp)

// runtime_rawclone(flags, stack, ptid, ctid, tls, fn, arg): clone; the child calls fn(arg) on the new stack, then
// exits its thread with 0. In: a0-a6. Out: a0 in the parent. fn and arg travel on the new stack, not in registers. The
// kernel takes a3 = tls, a4 = ctid.
FUNCTION(runtime_rawclone)
    andi a1, a1, -16
    addi a1, a1, -16
    sd a5, 0(a1)
    sd a6, 8(a1)
    mv t0, a3
    mv a3, a4
    mv a4, t0
    li a7, NR_clone
    ecall
    beqz a0, 1f
    ret
1:  li s0, 0
    li ra, 0
    ld t0, 0(sp)
    ld a0, 8(sp)
    jalr t0
    li a0, 0
    li a7, NR_exit
    ecall
    unimp
END(runtime_rawclone)

// runtime_threadpointer() / runtime_setthreadpointer(tp), which returns 0.
FUNCTION(runtime_threadpointer)
    mv a0, tp
    ret
END(runtime_threadpointer)
FUNCTION(runtime_setthreadpointer)
    mv tp, a0
    li a0, 0
    ret
END(runtime_setthreadpointer)

    .section .note.GNU-stack, "", %progbits
