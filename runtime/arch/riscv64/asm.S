// Switching stacks on riscv64, whatever the OS. RISC-V psABI: arguments in a0-a7; s0-s11 and fs0-fs11 are the caller's; sp
// is 16-aligned. g and m are ELF TLS variables, from tp. Every frame keeps s0 and ra right below the caller's sp, which
// s0 is, so that a traceback can walk through. t0-t6 are scratch.

#include "runtime/arch/riscv64/offsets.h"

#define FUNCTION(name) \
    .globl name; .type name, %function; .p2align 2; name:
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

// The value of g or m into `to`.
    .macro GET to, variable
    lui \to, %tprel_hi(\variable)
    add \to, \to, tp, %tprel_add(\variable)
    ld \to, %tprel_lo(\variable)(\to)
    .endm

// Makes `from` the thread's g. Clobbers t6.
    .macro SETG from
    lui t6, %tprel_hi(runtime_g)
    add t6, t6, tp, %tprel_add(runtime_g)
    sd \from, %tprel_lo(runtime_g)(t6)
    .endm

// A frame of `size` bytes with its record.
    .macro ENTER size
    addi sp, sp, -\size
    sd ra, \size - 8(sp)
    sd s0, \size - 16(sp)
    addi s0, sp, \size
    .endm
    .macro LEAVE size
    ld ra, \size - 8(sp)
    ld s0, \size - 16(sp)
    addi sp, sp, \size
    ret
    .endm

// What the C ABI wants kept, in the first 184 bytes of a frame.
#define SAVED 208
    .macro SAVE
    sd s1, 0(sp)
    sd s2, 8(sp)
    sd s3, 16(sp)
    sd s4, 24(sp)
    sd s5, 32(sp)
    sd s6, 40(sp)
    sd s7, 48(sp)
    sd s8, 56(sp)
    sd s9, 64(sp)
    sd s10, 72(sp)
    sd s11, 80(sp)
    fsd fs0, 88(sp)
    fsd fs1, 96(sp)
    fsd fs2, 104(sp)
    fsd fs3, 112(sp)
    fsd fs4, 120(sp)
    fsd fs5, 128(sp)
    fsd fs6, 136(sp)
    fsd fs7, 144(sp)
    fsd fs8, 152(sp)
    fsd fs9, 160(sp)
    fsd fs10, 168(sp)
    fsd fs11, 176(sp)
    .endm
    .macro RESTORE
    ld s1, 0(sp)
    ld s2, 8(sp)
    ld s3, 16(sp)
    ld s4, 24(sp)
    ld s5, 32(sp)
    ld s6, 40(sp)
    ld s7, 48(sp)
    ld s8, 56(sp)
    ld s9, 64(sp)
    ld s10, 72(sp)
    ld s11, 80(sp)
    fld fs0, 88(sp)
    fld fs1, 96(sp)
    fld fs2, 104(sp)
    fld fs3, 112(sp)
    fld fs4, 120(sp)
    fld fs5, 128(sp)
    fld fs6, 136(sp)
    fld fs7, 144(sp)
    fld fs8, 152(sp)
    fld fs9, 160(sp)
    fld fs10, 168(sp)
    fld fs11, 176(sp)
    .endm

    .text

// __cyg_profile_func_enter_bare(): the stack check, called by every checked function right after its prologue, which
// has put ra away. In: sp. Out: nothing, or never returns. Clobbers t0, t1. Stands on whatever stack its caller stands
// on, and uses none of it; without a g (a thread that is not the runtime's yet) it lets everything pass.
FUNCTION(__cyg_profile_func_enter_bare)
    GET t0, runtime_g
    beqz t0, 1f
    ld t1, G_stackguard(t0)
    bltu sp, t1, runtime_morestack
1:  ret
END(__cyg_profile_func_enter_bare)

// runtime_morestack: no function: the stack check jumps here when the stack is used up.
// In: t0 = g, ra = PC in the function that asked, s0 = its frame. Stands on the stack that is used up, makes no use of
// it, and goes to the stack kept for dying. Does not return.
FUNCTION(runtime_morestack)
    lla t1, runtime_trapong0
    lbu t1, 0(t1)
    beqz t1, 1f
    GET t1, runtime_m
    ld t1, M_g0(t1)
    bne t0, t1, 1f
    ebreak                          // cannot grow the scheduler's stack (historical)
1:  lla t1, runtime_dying
    li t2, 1
    amoswap.w.aqrl t2, t2, (t1)
    bnez t2, runtime_diewait
    lla t1, runtime_over_g
    sd t0, 0(t1)
    lla t1, runtime_over_sp
    sd sp, 0(t1)
    lla t1, runtime_over_fp
    sd s0, 0(t1)
    lla t1, runtime_over_pc
    sd ra, 0(t1)
    lla a0, runtime_overflow
    li a1, 0
    j runtime_dienow
END(runtime_morestack)

// runtime_diestack(fn, arg): runs fn(arg), which must not return, on the one stack kept for reporting an overflow,
// with g = runtime_dieg. The first thread gets it; any other waits here for the end of the process.
// In: a0, a1. Needs no stack of the caller's.
FUNCTION(runtime_diestack)
    lla t1, runtime_dying
    li t2, 1
    amoswap.w.aqrl t2, t2, (t1)
    beqz t2, runtime_dienow
runtime_diewait:
    j runtime_diewait
runtime_dienow:
    lla sp, runtime_diestack_end
    lla t0, runtime_dieg
    SETG t0
    li s0, 0
    mv t0, a0
    mv a0, a1
    jalr t0
    unimp
END(runtime_diestack)

// runtime_gogo(g): goes on with g where its sched says. In: a0 = g. From g0 (whose stack is dropped) to g's stack.
// Does not return.
FUNCTION(runtime_gogo)
    SETG a0
    ld s0, G_sched_bp(a0)
    ld sp, G_sched_sp(a0)
    ld t0, G_sched_pc(a0)
    jr t0
END(runtime_gogo)

// runtime_mcall(fn): leaves the goroutine and calls fn(g) on g0, which must not return; runtime_gogo(g) makes this
// return. In: a0 = fn. Keeps s0-s11, fs0-fs11. From g's stack to g0's, at g0->sched.sp.
FUNCTION(runtime_mcall)
    ENTER SAVED
    SAVE
    GET t0, runtime_g
    GET t1, runtime_m
    lla t2, 1f
    sd sp, G_sched_sp(t0)
    sd t2, G_sched_pc(t0)
    sd s0, G_sched_bp(t0)
    ld t2, M_g0(t1)
    SETG t2
    ld sp, G_sched_sp(t2)
    andi sp, sp, -16
    li s0, 0
    mv t1, a0
    mv a0, t0
    jalr t1
    unimp
1:  RESTORE
    LEAVE SAVED
END(runtime_mcall)

// runtime_asmcgocall(fn, arg): calls fn(arg) on g0; on g0 or gsignal already, just calls it.
// In: a0, a1. Keeps s0-s11, fs0-fs11. From g's stack to g0's at g0->sched.sp and back; g->sched says where g waits,
// which is also where a callback goes on with its stack.
FUNCTION(runtime_asmcgocall)
    ENTER 32
    sd s1, 0(sp)
    GET t0, runtime_g
    GET t1, runtime_m
    ld t2, M_g0(t1)
    beq t0, t2, 2f
    ld t3, M_gsignal(t1)
    beq t0, t3, 2f
    mv s1, t0
    lla t3, 1f
    sd sp, G_sched_sp(t0)
    sd t3, G_sched_pc(t0)
    sd s0, G_sched_bp(t0)
    SETG t2
    ld sp, G_sched_sp(t2)
    andi sp, sp, -16
    mv t0, a0
    mv a0, a1
    jalr t0
    SETG s1
1:  addi sp, s0, -32
    ld s1, 0(sp)
    LEAVE 32
2:  mv t0, a0
    mv a0, a1
    jalr t0
    j 1b
END(runtime_asmcgocall)

// runtime_callback(fn, arg): calls runtime_cgocallbackg(fn, arg) on m->curg, below where that goroutine waits.
// In: a0, a1. Keeps s0-s11, fs0-fs11. From g0's stack (C frames above it) to curg's and back. Meanwhile
// g0->sched.sp is this frame, so that the scheduler and further C calls use g0 below the C frames in progress.
FUNCTION(runtime_callback)
    ENTER SAVED
    SAVE
    GET t0, runtime_m
    ld t1, M_g0(t0)
    ld t2, M_curg(t0)
    ld t3, G_sched_sp(t1)
    sd t3, 184(sp)
    sd sp, G_sched_sp(t1)
    SETG t2
    ld sp, G_sched_sp(t2)
    call runtime_cgocallbackg
    GET t0, runtime_m
    ld t2, M_curg(t0)
    ld t1, M_g0(t0)
    sd sp, G_sched_sp(t2)
    SETG t1
    ld sp, G_sched_sp(t1)
    ld t3, 184(sp)
    sd t3, G_sched_sp(t1)
    RESTORE
    LEAVE SAVED
END(runtime_callback)

// runtime_callonstack(sp, fn, arg): calls fn(arg) on the stack that ends at sp and returns to the caller's.
// In: a0 (16-aligned), a1, a2. Keeps s0-s11, fs0-fs11. g is untouched.
FUNCTION(runtime_callonstack)
    ENTER 16
    mv sp, a0
    mv a0, a2
    jalr a1
    addi sp, s0, -16
    LEAVE 16
END(runtime_callonstack)

// runtime_gostart: where a new goroutine starts: sp = end of its stack, 16-aligned, s0 = 0. Does not return.
FUNCTION(runtime_gostart)
    li s0, 0
    call runtime_gomain
    unimp
END(runtime_gostart)

// runtime_sigpanic: where a handler sends a goroutine that faulted. In: the faulting instruction's PC at 0(sp), in a
// pair that is otherwise free; s0 = the fault's frame. Stands on the goroutine's stack. Does not return.
FUNCTION(runtime_sigpanic)
    ld ra, 0(sp)
    sd s0, 0(sp)
    sd ra, 8(sp)
    addi s0, sp, 16
    call runtime_sigpanicgo
    unimp
END(runtime_sigpanic)

// runtime_setjmp(buf): notes this place; returns 0, and 1 again by runtime_longjmp(buf), while the caller's frame
// lasts. In: a0. Same stack.
FUNCTION(runtime_setjmp)
    sd ra, 0(a0)
    sd sp, 8(a0)
    sd s0, 16(a0)
    sd s1, 24(a0)
    sd s2, 32(a0)
    sd s3, 40(a0)
    sd s4, 48(a0)
    sd s5, 56(a0)
    sd s6, 64(a0)
    sd s7, 72(a0)
    sd s8, 80(a0)
    sd s9, 88(a0)
    sd s10, 96(a0)
    sd s11, 104(a0)
    fsd fs0, 112(a0)
    fsd fs1, 120(a0)
    fsd fs2, 128(a0)
    fsd fs3, 136(a0)
    fsd fs4, 144(a0)
    fsd fs5, 152(a0)
    fsd fs6, 160(a0)
    fsd fs7, 168(a0)
    fsd fs8, 176(a0)
    fsd fs9, 184(a0)
    fsd fs10, 192(a0)
    fsd fs11, 200(a0)
    li a0, 0
    ret
END(runtime_setjmp)

// runtime_longjmp(buf): in: a0. To the stack that buf was noted on. Does not return.
FUNCTION(runtime_longjmp)
    ld ra, 0(a0)
    ld sp, 8(a0)
    ld s0, 16(a0)
    ld s1, 24(a0)
    ld s2, 32(a0)
    ld s3, 40(a0)
    ld s4, 48(a0)
    ld s5, 56(a0)
    ld s6, 64(a0)
    ld s7, 72(a0)
    ld s8, 80(a0)
    ld s9, 88(a0)
    ld s10, 96(a0)
    ld s11, 104(a0)
    fld fs0, 112(a0)
    fld fs1, 120(a0)
    fld fs2, 128(a0)
    fld fs3, 136(a0)
    fld fs4, 144(a0)
    fld fs5, 152(a0)
    fld fs6, 160(a0)
    fld fs7, 168(a0)
    fld fs8, 176(a0)
    fld fs9, 184(a0)
    fld fs10, 192(a0)
    fld fs11, 200(a0)
    li a0, 1
    ret
END(runtime_longjmp)

    .bss
    .p2align 12
    .zero 65536
    .globl runtime_diestack_end
runtime_diestack_end:

    .section .note.GNU-stack, "", %progbits
