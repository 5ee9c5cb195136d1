// Switching stacks on arm64, whatever the OS. AAPCS64: arguments in x0-x7; x19-x29 and the low halves of v8-v15 are
// the caller's; sp is 16-aligned. g and m are ELF TLS variables, from TPIDR_EL0. Every frame keeps x29 and x30 in a
// record that x29 points to, so that a traceback can walk through. x9-x15 are scratch.

#include "runtime/arch/arm64/offsets.h"

#define FUNCTION(name) \
    .globl name; .type name, %function; .p2align 4; name:
#define END(name) \
    .size name, . - name

    .section .tbss, "awT", %nobits
    .globl runtime_g, runtime_m
    .type runtime_g, %object
    .type runtime_m, %object
    .p2align 3
runtime_g: .zero 8
    .size runtime_g, 8
runtime_m: .zero 8
    .size runtime_m, 8

// The value of g or m into `to`, which may be any register.
    .macro GET to, variable
    mrs \to, tpidr_el0
    add \to, \to, #:tprel_hi12:\variable
    ldr \to, [\to, #:tprel_lo12_nc:\variable]
    .endm

// Makes `from` the thread's g. Clobbers x15.
    .macro SETG from
    mrs x15, tpidr_el0
    add x15, x15, #:tprel_hi12:runtime_g
    str \from, [x15, #:tprel_lo12_nc:runtime_g]
    .endm

// The address of a symbol.
    .macro ADDRESS to, symbol
    adrp \to, \symbol
    add \to, \to, :lo12:\symbol
    .endm

// What the C ABI wants kept, in the 160 bytes above the frame record.
    .macro SAVE
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    .endm
    .macro RESTORE
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    .endm

    .text

// __cyg_profile_func_enter_bare(): the stack check, called by every checked function right after its prologue, which
// has put x30 away. In: sp. Out: nothing, or never returns. Clobbers x9-x11 and the flags. Stands on whatever stack its
// caller stands on, and uses none of it; without a g (a thread that is not the runtime's yet) it lets everything pass.
FUNCTION(__cyg_profile_func_enter_bare)
    GET x9, runtime_g
    cbz x9, 1f
    ldr x10, [x9, #G_stackguard]
    mov x11, sp
    cmp x11, x10
    b.lo runtime_morestack
1:  ret
END(__cyg_profile_func_enter_bare)

// runtime_morestack: no function: the stack check jumps here when the stack is used up.
// In: x9 = g, x30 = PC in the function that asked, x29 = its frame. Stands on the stack that is used up, makes no use
// of it, and goes to the stack kept for dying. Does not return.
FUNCTION(runtime_morestack)
    adrp x10, runtime_trapong0
    ldrb w10, [x10, :lo12:runtime_trapong0]
    cbz w10, 1f
    GET x10, runtime_m
    ldr x10, [x10, #M_g0]
    cmp x9, x10
    b.ne 1f
    brk #0                          // cannot grow the scheduler's stack (historical)
1:  ADDRESS x12, runtime_dying
    mov w11, #1
2:  ldaxr w13, [x12]
    stlxr w14, w11, [x12]
    cbnz w14, 2b
    cbnz w13, runtime_diewait
    mov x13, sp
    ADDRESS x12, runtime_over_g
    str x9, [x12]
    ADDRESS x12, runtime_over_sp
    str x13, [x12]
    ADDRESS x12, runtime_over_fp
    str x29, [x12]
    ADDRESS x12, runtime_over_pc
    str x30, [x12]
    ADDRESS x0, runtime_overflow
    mov x1, xzr
    b runtime_dienow
END(runtime_morestack)

// runtime_diestack(fn, arg): runs fn(arg), which must not return, on the one stack kept for reporting an overflow,
// with g = runtime_dieg. The first thread gets it; any other waits here for the end of the process.
// In: x0, x1. Needs no stack of the caller's.
FUNCTION(runtime_diestack)
    ADDRESS x12, runtime_dying
    mov w11, #1
1:  ldaxr w13, [x12]
    stlxr w14, w11, [x12]
    cbnz w14, 1b
    cbz w13, runtime_dienow
runtime_diewait:
    yield
    b runtime_diewait
runtime_dienow:
    ADDRESS x9, runtime_diestack_end
    mov sp, x9
    ADDRESS x9, runtime_dieg
    SETG x9
    mov x29, xzr
    mov x9, x0
    mov x0, x1
    blr x9
    brk #1
END(runtime_diestack)

// runtime_gogo(g): goes on with g where its sched says. In: x0 = g. From g0 (whose stack is dropped) to g's stack.
// Does not return.
FUNCTION(runtime_gogo)
    SETG x0
    ldr x29, [x0, #G_sched_bp]
    ldr x9, [x0, #G_sched_sp]
    mov sp, x9
    ldr x9, [x0, #G_sched_pc]
    br x9
END(runtime_gogo)

// runtime_mcall(fn): leaves the goroutine and calls fn(g) on g0, which must not return; runtime_gogo(g) makes this
// return. In: x0 = fn. Keeps x19-x29, d8-d15. From g's stack to g0's, at g0->sched.sp.
FUNCTION(runtime_mcall)
    stp x29, x30, [sp, #-160]!
    mov x29, sp
    SAVE
    GET x9, runtime_g
    GET x10, runtime_m
    adr x11, 1f
    mov x12, sp
    str x12, [x9, #G_sched_sp]
    str x11, [x9, #G_sched_pc]
    str x29, [x9, #G_sched_bp]
    ldr x11, [x10, #M_g0]
    SETG x11
    ldr x12, [x11, #G_sched_sp]
    and x12, x12, #-16
    mov sp, x12
    mov x29, xzr
    mov x10, x0
    mov x0, x9
    blr x10
    brk #1
1:  RESTORE
    ldp x29, x30, [sp], #160
    ret
END(runtime_mcall)

// runtime_asmcgocall(fn, arg): calls fn(arg) on g0; on g0 or gsignal already, just calls it.
// In: x0, x1. Keeps x19-x29, d8-d15. From g's stack to g0's at g0->sched.sp and back; g->sched says where g waits,
// which is also where a callback goes on with its stack.
FUNCTION(runtime_asmcgocall)
    stp x29, x30, [sp, #-32]!
    mov x29, sp
    str x19, [sp, #16]
    GET x9, runtime_g
    GET x10, runtime_m
    ldr x11, [x10, #M_g0]
    cmp x9, x11
    b.eq 2f
    ldr x12, [x10, #M_gsignal]
    cmp x9, x12
    b.eq 2f
    mov x19, x9
    adr x12, 1f
    mov x13, sp
    str x13, [x9, #G_sched_sp]
    str x12, [x9, #G_sched_pc]
    str x29, [x9, #G_sched_bp]
    SETG x11
    ldr x12, [x11, #G_sched_sp]
    and x12, x12, #-16
    mov sp, x12
    mov x9, x0
    mov x0, x1
    blr x9
    SETG x19
1:  mov sp, x29
    ldr x19, [sp, #16]
    ldp x29, x30, [sp], #32
    ret
2:  mov x9, x0
    mov x0, x1
    blr x9
    b 1b
END(runtime_asmcgocall)

// runtime_callback(fn, arg): calls runtime_cgocallbackg(fn, arg) on m->curg, below where that goroutine waits.
// In: x0, x1. Keeps x19-x29, d8-d15. From g0's stack (C frames above it) to curg's and back. Meanwhile
// g0->sched.sp is this frame, so that the scheduler and further C calls use g0 below the C frames in progress.
FUNCTION(runtime_callback)
    stp x29, x30, [sp, #-176]!
    mov x29, sp
    SAVE
    GET x9, runtime_m
    ldr x10, [x9, #M_g0]
    ldr x11, [x9, #M_curg]
    ldr x12, [x10, #G_sched_sp]
    str x12, [sp, #160]
    mov x12, sp
    str x12, [x10, #G_sched_sp]
    SETG x11
    ldr x12, [x11, #G_sched_sp]
    mov sp, x12
    bl runtime_cgocallbackg
    GET x9, runtime_m
    ldr x11, [x9, #M_curg]
    ldr x10, [x9, #M_g0]
    mov x12, sp
    str x12, [x11, #G_sched_sp]
    SETG x10
    ldr x12, [x10, #G_sched_sp]
    mov sp, x12
    ldr x12, [sp, #160]
    str x12, [x10, #G_sched_sp]
    RESTORE
    ldp x29, x30, [sp], #176
    ret
END(runtime_callback)

// runtime_callonstack(sp, fn, arg): calls fn(arg) on the stack that ends at sp and returns to the caller's.
// In: x0 (16-aligned), x1, x2. Keeps x19-x29, d8-d15. g is untouched.
FUNCTION(runtime_callonstack)
    stp x29, x30, [sp, #-16]!
    mov x29, sp
    mov sp, x0
    mov x0, x2
    blr x1
    mov sp, x29
    ldp x29, x30, [sp], #16
    ret
END(runtime_callonstack)

// runtime_gostart: where a new goroutine starts: sp = end of its stack, 16-aligned, x29 = 0. Does not return.
FUNCTION(runtime_gostart)
    mov x29, xzr
    bl runtime_gomain
    brk #1
END(runtime_gostart)

// runtime_sigpanic: where a handler sends a goroutine that faulted. In: the faulting instruction's PC at 0(sp), in a
// pair that is otherwise free; x29 = the fault's frame. Stands on the goroutine's stack. Does not return.
FUNCTION(runtime_sigpanic)
    ldr x30, [sp]
    stp x29, x30, [sp]
    mov x29, sp
    bl runtime_sigpanicgo
    brk #1
END(runtime_sigpanic)

// runtime_setjmp(buf): notes this place; returns 0, and 1 again by runtime_longjmp(buf), while the caller's frame
// lasts. In: x0. Same stack.
FUNCTION(runtime_setjmp)
    stp x19, x20, [x0, #0]
    stp x21, x22, [x0, #16]
    stp x23, x24, [x0, #32]
    stp x25, x26, [x0, #48]
    stp x27, x28, [x0, #64]
    stp x29, x30, [x0, #80]
    stp d8, d9, [x0, #96]
    stp d10, d11, [x0, #112]
    stp d12, d13, [x0, #128]
    stp d14, d15, [x0, #144]
    mov x9, sp
    str x9, [x0, #160]
    mov w0, wzr
    ret
END(runtime_setjmp)

// runtime_longjmp(buf): in: x0. To the stack that buf was noted on. Does not return.
FUNCTION(runtime_longjmp)
    ldp x19, x20, [x0, #0]
    ldp x21, x22, [x0, #16]
    ldp x23, x24, [x0, #32]
    ldp x25, x26, [x0, #48]
    ldp x27, x28, [x0, #64]
    ldp x29, x30, [x0, #80]
    ldp d8, d9, [x0, #96]
    ldp d10, d11, [x0, #112]
    ldp d12, d13, [x0, #128]
    ldp d14, d15, [x0, #144]
    ldr x9, [x0, #160]
    mov sp, x9
    mov w0, #1
    ret
END(runtime_longjmp)

    .bss
    .p2align 12
    .zero 65536
    .globl runtime_diestack_end
runtime_diestack_end:

    .section .note.GNU-stack, "", %progbits
