// Switching stacks on arm (ARMv7, ARM code), whatever the OS. AAPCS32 with VFP: arguments in r0-r3; r4-r11 and d8-d15 are
// the caller's; sp is 8-aligned. g and m are ELF TLS variables, from TPIDRURO. Every frame keeps r11 and lr in a record
// that r11 points to, so that a traceback can walk through. r12 is scratch.

#include "runtime/arch/arm/offsets.h"

#define FUNCTION(name) \
    .globl name; .type name, %function; .p2align 2; name:
#define END(name) \
    .size name, . - name

    .syntax unified
    .arm
    .fpu vfpv3-d16

    .section .tbss, "awT", %nobits
    .globl runtime_g, runtime_m
    .type runtime_g, %object
    .type runtime_m, %object
    .p2align 2
runtime_g: .zero 4
    .size runtime_g, 4
runtime_m: .zero 4
    .size runtime_m, 4

    .section .rodata, "a", %progbits
    .globl runtime_goffset, runtime_moffset
    .type runtime_goffset, %object
    .type runtime_moffset, %object
    .p2align 2
runtime_goffset: .word runtime_g(tpoff)
    .size runtime_goffset, 4
runtime_moffset: .word runtime_m(tpoff)
    .size runtime_moffset, 4

// The address of a symbol.
    .macro ADDRESS to, symbol
    movw \to, #:lower16:\symbol
    movt \to, #:upper16:\symbol
    .endm

// The place of g or m (named by its offset) into r12, by way of `other`.
    .macro PLACE other, offset
    ADDRESS \other, \offset
    ldr \other, [\other]
    mrc p15, 0, r12, c13, c0, 3
    add r12, r12, \other
    .endm

// The value of g or m into `to`. Clobbers r12.
    .macro GET to, offset
    PLACE \to, \offset
    ldr \to, [r12]
    .endm

// Makes `from` the thread's g. Clobbers r12 and `other`.
    .macro SETG from, other
    PLACE \other, runtime_goffset
    str \from, [r12]
    .endm

    .text

// __cyg_profile_func_enter_bare(): the stack check, called by every checked function right after its prologue, which
// has put lr away. In: sp. Out: nothing, or never returns. Clobbers r0, r1, r12 and the flags. Stands on whatever stack
// its caller stands on, and uses none of it; without a g (a thread that is not the runtime's yet) it lets everything
// pass.
FUNCTION(__cyg_profile_func_enter_bare)
    GET r0, runtime_goffset
    cmp r0, #0
    bxeq lr
    ldr r1, [r0, #G_stackguard]
    cmp sp, r1
    blo runtime_morestack
    bx lr
END(__cyg_profile_func_enter_bare)

// runtime_morestack: no function: the stack check jumps here when the stack is used up.
// In: r0 = g, lr = PC in the function that asked, r11 = its frame. Stands on the stack that is used up, makes no use of
// it, and goes to the stack kept for dying. Does not return.
FUNCTION(runtime_morestack)
    ADDRESS r1, runtime_trapong0
    ldrb r1, [r1]
    cmp r1, #0
    beq 1f
    GET r1, runtime_moffset
    ldr r1, [r1, #M_g0]
    cmp r0, r1
    bne 1f
    .inst 0xe7f001f0                // cannot grow the scheduler's stack (historical). UDF 16: Linux's breakpoint
                                    // (arch/arm/kernel/ptrace.c)
1:  ADDRESS r1, runtime_dying
    mov r2, #1
2:  ldrex r3, [r1]
    strex r12, r2, [r1]
    cmp r12, #0
    bne 2b
    dmb ish
    cmp r3, #0
    bne runtime_diewait
    ADDRESS r1, runtime_over_g
    str r0, [r1]
    ADDRESS r1, runtime_over_sp
    str sp, [r1]
    ADDRESS r1, runtime_over_fp
    str r11, [r1]
    ADDRESS r1, runtime_over_pc
    str lr, [r1]
    ADDRESS r0, runtime_overflow
    mov r1, #0
    b runtime_dienow
END(runtime_morestack)

// runtime_diestack(fn, arg): runs fn(arg), which must not return, on the one stack kept for reporting an overflow,
// with g = runtime_dieg. The first thread gets it; any other waits here for the end of the process.
// In: r0, r1. Needs no stack of the caller's.
FUNCTION(runtime_diestack)
    ADDRESS r12, runtime_dying
    mov r2, #1
1:  ldrex r3, [r12]
    strex lr, r2, [r12]
    cmp lr, #0
    bne 1b
    dmb ish
    cmp r3, #0
    beq runtime_dienow
runtime_diewait:
    yield
    b runtime_diewait
runtime_dienow:
    ADDRESS r2, runtime_diestack_end
    mov sp, r2
    ADDRESS r2, runtime_dieg
    SETG r2, r3
    mov r11, #0
    mov r2, r0
    mov r0, r1
    blx r2
    udf #0
END(runtime_diestack)

// runtime_gogo(g): goes on with g where its sched says. In: r0 = g. From g0 (whose stack is dropped) to g's stack.
// Does not return.
FUNCTION(runtime_gogo)
    SETG r0, r1
    ldr r11, [r0, #G_sched_bp]
    ldr sp, [r0, #G_sched_sp]
    ldr pc, [r0, #G_sched_pc]
END(runtime_gogo)

// runtime_mcall(fn): leaves the goroutine and calls fn(g) on g0, which must not return; runtime_gogo(g) makes this
// return. In: r0 = fn. Keeps r4-r11, d8-d15. From g's stack to g0's, at g0->sched.sp.
FUNCTION(runtime_mcall)
    push {r3-r11, lr}
    add r11, sp, #32
    vpush {d8-d15}
    GET r1, runtime_goffset
    GET r2, runtime_moffset
    adr r3, 1f
    str sp, [r1, #G_sched_sp]
    str r3, [r1, #G_sched_pc]
    str r11, [r1, #G_sched_bp]
    ldr r2, [r2, #M_g0]
    SETG r2, r3
    ldr r3, [r2, #G_sched_sp]
    bic sp, r3, #7
    mov r11, #0
    mov r2, r0
    mov r0, r1
    blx r2
    udf #0
1:  vpop {d8-d15}
    pop {r3-r11, pc}
END(runtime_mcall)

// runtime_asmcgocall(fn, arg): calls fn(arg) on g0; on g0 or gsignal already, just calls it.
// In: r0, r1. Keeps r4-r11, d8-d15. From g's stack to g0's at g0->sched.sp and back; g->sched says where g waits,
// which is also where a callback goes on with its stack.
FUNCTION(runtime_asmcgocall)
    push {r4, r5, r11, lr}
    add r11, sp, #8
    mov r5, r0
    mov r0, r1
    GET r4, runtime_goffset
    GET r2, runtime_moffset
    ldr r3, [r2, #M_g0]
    cmp r4, r3
    beq 2f
    ldr r2, [r2, #M_gsignal]
    cmp r4, r2
    beq 2f
    adr r2, 1f
    str sp, [r4, #G_sched_sp]
    str r2, [r4, #G_sched_pc]
    str r11, [r4, #G_sched_bp]
    SETG r3, r2
    ldr r3, [r3, #G_sched_sp]
    bic sp, r3, #7
    blx r5
    SETG r4, r2
1:  sub sp, r11, #8
    pop {r4, r5, r11, pc}
2:  blx r5
    b 1b
END(runtime_asmcgocall)

// runtime_callback(fn, arg): calls runtime_cgocallbackg(fn, arg) on m->curg, below where that goroutine waits.
// In: r0, r1. Keeps r4-r11, d8-d15. From g0's stack (C frames above it) to curg's and back. Meanwhile
// g0->sched.sp is this frame, so that the scheduler and further C calls use g0 below the C frames in progress.
FUNCTION(runtime_callback)
    push {r3-r11, lr}
    add r11, sp, #32
    vpush {d8-d15}
    GET r4, runtime_moffset
    ldr r5, [r4, #M_g0]
    ldr r6, [r4, #M_curg]
    ldr r7, [r5, #G_sched_sp]
    push {r6, r7}
    str sp, [r5, #G_sched_sp]
    SETG r6, r7
    ldr sp, [r6, #G_sched_sp]
    bl runtime_cgocallbackg
    GET r4, runtime_moffset
    ldr r6, [r4, #M_curg]
    ldr r5, [r4, #M_g0]
    str sp, [r6, #G_sched_sp]
    SETG r5, r7
    ldr sp, [r5, #G_sched_sp]
    pop {r6, r7}
    str r7, [r5, #G_sched_sp]
    vpop {d8-d15}
    pop {r3-r11, pc}
END(runtime_callback)

// runtime_callonstack(sp, fn, arg): calls fn(arg) on the stack that ends at sp and returns to the caller's.
// In: r0 (8-aligned), r1, r2. Keeps r4-r11, d8-d15. g is untouched.
FUNCTION(runtime_callonstack)
    push {r11, lr}
    mov r11, sp
    mov sp, r0
    mov r0, r2
    blx r1
    mov sp, r11
    pop {r11, pc}
END(runtime_callonstack)

// runtime_gostart: where a new goroutine starts: sp = end of its stack, 8-aligned, r11 = 0. Does not return.
FUNCTION(runtime_gostart)
    mov r11, #0
    bl runtime_gomain
    udf #0
END(runtime_gostart)

// runtime_sigpanic: where a handler sends a goroutine that faulted. In: the faulting instruction's PC at 0(sp), in a
// pair that is otherwise free; r11 = the fault's frame. Stands on the goroutine's stack. Does not return.
FUNCTION(runtime_sigpanic)
    ldr lr, [sp]
    stm sp, {r11, lr}
    mov r11, sp
    bl runtime_sigpanicgo
    udf #0
END(runtime_sigpanic)

// runtime_setjmp(buf): notes this place; returns 0, and 1 again by runtime_longjmp(buf), while the caller's frame
// lasts. In: r0. Same stack.
FUNCTION(runtime_setjmp)
    mov r1, sp
    stm r0!, {r1, r4-r11, lr}
    vstm r0, {d8-d15}
    mov r0, #0
    bx lr
END(runtime_setjmp)

// runtime_longjmp(buf): in: r0. To the stack that buf was noted on. Does not return.
FUNCTION(runtime_longjmp)
    ldm r0!, {r1, r4-r11, lr}
    vldm r0, {d8-d15}
    mov sp, r1
    mov r0, #1
    bx lr
END(runtime_longjmp)

    .bss
    .p2align 12
    .zero 65536
    .globl runtime_diestack_end
runtime_diestack_end:

    .section .note.GNU-stack, "", %progbits
