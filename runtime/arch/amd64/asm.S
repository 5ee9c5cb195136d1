// Switching stacks on amd64, whatever the OS. The convention is that of the C++ code around (convention.h): arguments in
// ARG0, ARG1, ARG2; rbx, rbp, r12-r15, and what KEEP keeps, are the caller's. Every frame keeps rbp, so that a traceback
// can walk through.

#include "runtime/arch/amd64/convention.h"
#include "runtime/arch/amd64/offsets.h"

#if defined(__ELF__) && !defined(TLS_OFFSET_G)
    .section .tbss, "awT", @nobits
    .globl runtime_g, runtime_m
    .type runtime_g, @object
    .type runtime_m, @object
    .p2align 3
runtime_g: .zero 8
    .size runtime_g, 8
runtime_m: .zero 8
    .size runtime_m, 8
#endif

    .text

// __cyg_profile_func_enter_bare(): the stack check, called by every checked function right after its prologue.
// In: rsp. Out: nothing, or never returns. Clobbers rax. Stands on whatever stack its caller stands on; without a g
// (a thread that is not the runtime's yet) it lets everything pass.
FUNCTION(__cyg_profile_func_enter_bare)
    LOAD_G(%rax)
    testq %rax, %rax
    jz 1f
    cmpq G_stackguard(%rax), %rsp
    jb runtime_morestack
1:  ret
END(__cyg_profile_func_enter_bare)

// runtime_morestack: no function: the stack check jumps here when the stack is used up.
// In: rax = g, 0(rsp) = PC in the function that asked, rbp = its frame. Stands on the stack that is used up: makes
// no more use of it than the one word for INT $3, then goes to the stack kept for dying. Does not return.
FUNCTION(runtime_morestack)
    cmpb $0, runtime_trapong0(%rip)
    je 1f
    LOAD_M(%rcx)
    cmpq %rax, M_g0(%rcx)
    jne 1f
    int3                            // cannot grow the scheduler's stack (historical)
1:  movl $1, %ecx
    xchgl %ecx, runtime_dying(%rip)
    testl %ecx, %ecx
    jnz runtime_diewait
    movq %rax, runtime_over_g(%rip)
    movq %rsp, runtime_over_sp(%rip)
    movq %rbp, runtime_over_fp(%rip)
    movq (%rsp), %rcx
    movq %rcx, runtime_over_pc(%rip)
    leaq runtime_overflow(%rip), ARG0
    xorq ARG1, ARG1
    jmp runtime_dienow
END(runtime_morestack)

// runtime_diestack(fn, arg): runs fn(arg), which must not return, on the one stack kept for reporting an overflow,
// with g = runtime_dieg. The first thread gets it; any other waits here for the end of the process.
// In: ARG0, ARG1. Needs no stack of the caller's.
FUNCTION(runtime_diestack)
    movl $1, %eax
    xchgl %eax, runtime_dying(%rip)
    testl %eax, %eax
    jz runtime_dienow
runtime_diewait:
    pause
    jmp runtime_diewait
runtime_dienow:
    leaq runtime_diestack_end(%rip), %rsp
    leaq runtime_dieg(%rip), %rax
    STORE_G(%rax, %r10)
    xorl %ebp, %ebp
    movq ARG0, %rax
    movq ARG1, ARG0
    HOME
    call *%rax
    ud2
END(runtime_diestack)

// runtime_gogo(g): goes on with g where its sched says. In: ARG0 = g. From g0 (whose stack is dropped) to g's stack.
// Does not return.
FUNCTION(runtime_gogo)
    STORE_G(ARG0, %rax)
    movq G_sched_bp(ARG0), %rbp
    movq G_sched_sp(ARG0), %rsp
    jmp *G_sched_pc(ARG0)
END(runtime_gogo)

// runtime_mcall(fn): leaves the goroutine and calls fn(g) on g0, which must not return; runtime_gogo(g) makes this
// return. In: ARG0 = fn. From g's stack to g0's, at g0->sched.sp.
FUNCTION(runtime_mcall)
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    KEEP
    LOAD_G(%rax)
    LOAD_M(%r11)
    leaq 1f(%rip), %r10
    movq %rsp, G_sched_sp(%rax)
    movq %r10, G_sched_pc(%rax)
    movq %rbp, G_sched_bp(%rax)
    movq M_g0(%r11), %r11
    STORE_G(%r11, %r10)
    movq G_sched_sp(%r11), %rsp
    andq $-16, %rsp
    xorl %ebp, %ebp
    movq ARG0, %r10
    movq %rax, ARG0
    HOME
    call *%r10
    ud2
1:  DROP
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
END(runtime_mcall)

// runtime_asmcgocall(fn, arg): calls fn(arg) on g0; on g0 or gsignal already, just calls it.
// In: ARG0, ARG1. From g's stack to g0's at g0->sched.sp and back; g->sched says where g waits,
// which is also where a callback goes on with its stack.
FUNCTION(runtime_asmcgocall)
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    LOAD_G(%rax)
    LOAD_M(%r11)
    movq M_g0(%r11), %r10
    cmpq %rax, %r10
    je 2f
    cmpq %rax, M_gsignal(%r11)
    je 2f
    movq %rax, %rbx
    leaq 1f(%rip), %r11
    movq %rsp, G_sched_sp(%rax)
    movq %r11, G_sched_pc(%rax)
    movq %rbp, G_sched_bp(%rax)
    STORE_G(%r10, %r11)
    movq G_sched_sp(%r10), %rsp
    andq $-16, %rsp
    movq ARG0, %rax
    movq ARG1, ARG0
    HOME
    call *%rax
    STORE_G(%rbx, %r11)
1:  leaq -16(%rbp), %rsp
    popq %r12
    popq %rbx
    popq %rbp
    ret
2:  movq ARG0, %rax
    movq ARG1, ARG0
    HOME
    call *%rax
    jmp 1b
END(runtime_asmcgocall)

// runtime_callback(fn, arg): calls runtime_cgocallbackg(fn, arg) on m->curg, below where that goroutine waits.
// In: ARG0, ARG1. From g0's stack (C frames above it) to curg's and back. Meanwhile
// g0->sched.sp is this frame, so that the scheduler and further C calls use g0 below the C frames in progress.
FUNCTION(runtime_callback)
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    KEEP
    LOAD_M(%r11)
    movq M_g0(%r11), %r10
    movq M_curg(%r11), %rax
    pushq G_sched_sp(%r10)
    movq %rsp, G_sched_sp(%r10)
    STORE_G(%rax, %r11)
    movq G_sched_sp(%rax), %rsp
    movq %rsp, %rbx
    HOME
    call runtime_cgocallbackg
    LOAD_M(%r11)
    movq M_curg(%r11), %rax
    movq M_g0(%r11), %r10
    movq %rbx, G_sched_sp(%rax)
    STORE_G(%r10, %r11)
    movq G_sched_sp(%r10), %rsp
    popq G_sched_sp(%r10)
    DROP
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
END(runtime_callback)

// runtime_callonstack(sp, fn, arg): calls fn(arg) on the stack that ends at sp and returns to the caller's.
// In: ARG0 (16-aligned), ARG1, ARG2. g is untouched.
FUNCTION(runtime_callonstack)
    pushq %rbp
    movq %rsp, %rbp
    movq ARG0, %rsp
    movq ARG1, %rax
    movq ARG2, ARG0
    HOME
    call *%rax
    leave
    ret
END(runtime_callonstack)

// runtime_gostart: where a new goroutine starts: rsp = end of its stack, 16-aligned, rbp = 0. Does not return.
FUNCTION(runtime_gostart)
    xorl %ebp, %ebp
    HOME
    call runtime_gomain
    ud2
END(runtime_gostart)

// runtime_sigpanic: where a handler sends a goroutine that faulted. In: rsp as after a call from the faulting
// instruction (its PC at 0(rsp)), rbp = the fault's frame. Stands on the goroutine's stack. Does not return.
FUNCTION(runtime_sigpanic)
    pushq %rbp
    movq %rsp, %rbp
    andq $-16, %rsp
    HOME
    call runtime_sigpanicgo
    ud2
END(runtime_sigpanic)

// runtime_setjmp(buf): notes this place; returns 0, and 1 again by runtime_longjmp(buf), while the caller's frame
// lasts. In: ARG0. Same stack.
FUNCTION(runtime_setjmp)
    movq %rbx, 0(ARG0)
    movq %rbp, 8(ARG0)
    movq %r12, 16(ARG0)
    movq %r13, 24(ARG0)
    movq %r14, 32(ARG0)
    movq %r15, 40(ARG0)
    leaq 8(%rsp), %rax
    movq %rax, 48(ARG0)
    movq (%rsp), %rax
    movq %rax, 56(ARG0)
    KEEP_TO(64(ARG0))
    xorl %eax, %eax
    ret
END(runtime_setjmp)

// runtime_longjmp(buf): in: ARG0. To the stack that buf was noted on. Does not return.
FUNCTION(runtime_longjmp)
    movq ARG0, %r10
    KEEP_FROM(64(%r10))
    movq 0(%r10), %rbx
    movq 8(%r10), %rbp
    movq 16(%r10), %r12
    movq 24(%r10), %r13
    movq 32(%r10), %r14
    movq 40(%r10), %r15
    movq 48(%r10), %rsp
    movl $1, %eax
    jmp *56(%r10)
END(runtime_longjmp)

#ifdef FAULTLINE_STACK_SECTION
    FAULTLINE_STACK_SECTION
#else
    .bss
#endif
    .p2align 12
    .zero 65536
    .globl runtime_diestack_end
runtime_diestack_end:

    NO_EXECUTABLE_STACK
