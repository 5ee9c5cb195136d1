// Switching stacks on amd64, whatever the OS. System V calling convention: arguments in rdi, rsi, rdx, rcx, r8, r9;
// rbx, rbp, r12-r15 are the caller's. g and m are ELF TLS variables at the FS base. Every frame keeps rbp, so
// that a traceback can walk through.

#include "runtime/arch/amd64/offsets.h"

#define FUNCTION(name) \
    .globl name; .type name, @function; .p2align 4; name:
#define END(name) \
    .size name, . - name

    .section .tbss, "awT", @nobits
    .globl runtime_g, runtime_m
    .type runtime_g, @object
    .type runtime_m, @object
    .p2align 3
runtime_g: .zero 8
    .size runtime_g, 8
runtime_m: .zero 8
    .size runtime_m, 8

    .text

// __cyg_profile_func_enter_bare(): the stack check, called by every checked function right after its prologue.
// In: rsp. Out: nothing, or never returns. Clobbers rax. Stands on whatever stack its caller stands on; without a g
// (a thread that is not the runtime's yet) it lets everything pass.
FUNCTION(__cyg_profile_func_enter_bare)
    movq %fs:runtime_g@tpoff, %rax
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
    cmpb $0, runtime_trapong0
    je 1f
    movq %fs:runtime_m@tpoff, %rcx
    cmpq %rax, M_g0(%rcx)
    jne 1f
    int3                            // cannot grow the scheduler's stack (historical)
1:  movl $1, %ecx
    xchgl %ecx, runtime_dying
    testl %ecx, %ecx
    jnz runtime_diewait
    movq %rax, runtime_over_g
    movq %rsp, runtime_over_sp
    movq %rbp, runtime_over_fp
    movq (%rsp), %rcx
    movq %rcx, runtime_over_pc
    leaq runtime_overflow(%rip), %rdi
    xorl %esi, %esi
    jmp runtime_dienow
END(runtime_morestack)

// runtime_diestack(fn, arg): runs fn(arg), which must not return, on the one stack kept for reporting an overflow,
// with g = runtime_dieg. The first thread gets it; any other waits here for the end of the process.
// In: rdi, rsi. Needs no stack of the caller's.
FUNCTION(runtime_diestack)
    movl $1, %eax
    xchgl %eax, runtime_dying
    testl %eax, %eax
    jz runtime_dienow
runtime_diewait:
    pause
    jmp runtime_diewait
runtime_dienow:
    leaq runtime_diestack_end(%rip), %rsp
    leaq runtime_dieg(%rip), %rax
    movq %rax, %fs:runtime_g@tpoff
    xorl %ebp, %ebp
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    ud2
END(runtime_diestack)

// runtime_gogo(g): goes on with g where its sched says. In: rdi = g. From g0 (whose stack is dropped) to g's stack.
// Does not return.
FUNCTION(runtime_gogo)
    movq %rdi, %fs:runtime_g@tpoff
    movq G_sched_bp(%rdi), %rbp
    movq G_sched_sp(%rdi), %rsp
    jmp *G_sched_pc(%rdi)
END(runtime_gogo)

// runtime_mcall(fn): leaves the goroutine and calls fn(g) on g0, which must not return; runtime_gogo(g) makes this
// return. In: rdi = fn. Keeps rbx, rbp, r12-r15. From g's stack to g0's, at g0->sched.sp.
FUNCTION(runtime_mcall)
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %fs:runtime_g@tpoff, %rax
    movq %fs:runtime_m@tpoff, %rcx
    leaq 1f(%rip), %rdx
    movq %rsp, G_sched_sp(%rax)
    movq %rdx, G_sched_pc(%rax)
    movq %rbp, G_sched_bp(%rax)
    movq M_g0(%rcx), %rdx
    movq %rdx, %fs:runtime_g@tpoff
    movq G_sched_sp(%rdx), %rsp
    andq $-16, %rsp
    xorl %ebp, %ebp
    movq %rdi, %rcx
    movq %rax, %rdi
    call *%rcx
    ud2
1:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
END(runtime_mcall)

// runtime_asmcgocall(fn, arg): calls fn(arg) on g0; on g0 or gsignal already, just calls it.
// In: rdi, rsi. Keeps rbx, rbp, r12-r15. From g's stack to g0's at g0->sched.sp and back; g->sched says where g waits,
// which is also where a callback goes on with its stack.
FUNCTION(runtime_asmcgocall)
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    movq %fs:runtime_g@tpoff, %rax
    movq %fs:runtime_m@tpoff, %rcx
    movq M_g0(%rcx), %rdx
    cmpq %rax, %rdx
    je 2f
    cmpq %rax, M_gsignal(%rcx)
    je 2f
    movq %rax, %rbx
    leaq 1f(%rip), %rcx
    movq %rsp, G_sched_sp(%rax)
    movq %rcx, G_sched_pc(%rax)
    movq %rbp, G_sched_bp(%rax)
    movq %rdx, %fs:runtime_g@tpoff
    movq G_sched_sp(%rdx), %rsp
    andq $-16, %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    movq %rbx, %fs:runtime_g@tpoff
1:  leaq -16(%rbp), %rsp
    popq %r12
    popq %rbx
    popq %rbp
    ret
2:  movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    jmp 1b
END(runtime_asmcgocall)

// runtime_callback(fn, arg): calls runtime_cgocallbackg(fn, arg) on m->curg, below where that goroutine waits.
// In: rdi, rsi. Keeps rbx, rbp, r12-r15. From g0's stack (C frames above it) to curg's and back. Meanwhile
// g0->sched.sp is this frame, so that the scheduler and further C calls use g0 below the C frames in progress.
FUNCTION(runtime_callback)
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %fs:runtime_m@tpoff, %rcx
    movq M_g0(%rcx), %rdx
    movq M_curg(%rcx), %rax
    pushq G_sched_sp(%rdx)
    movq %rsp, G_sched_sp(%rdx)
    movq %rax, %fs:runtime_g@tpoff
    movq G_sched_sp(%rax), %rsp
    call runtime_cgocallbackg
    movq %fs:runtime_m@tpoff, %rcx
    movq M_curg(%rcx), %rax
    movq M_g0(%rcx), %rdx
    movq %rsp, G_sched_sp(%rax)
    movq %rdx, %fs:runtime_g@tpoff
    movq G_sched_sp(%rdx), %rsp
    popq G_sched_sp(%rdx)
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
END(runtime_callback)

// runtime_callonstack(sp, fn, arg): calls fn(arg) on the stack that ends at sp and returns to the caller's.
// In: rdi (16-aligned), rsi, rdx. Keeps rbx, rbp, r12-r15. g is untouched.
FUNCTION(runtime_callonstack)
    pushq %rbp
    movq %rsp, %rbp
    movq %rdi, %rsp
    movq %rdx, %rdi
    call *%rsi
    leave
    ret
END(runtime_callonstack)

// runtime_gostart: where a new goroutine starts: rsp = end of its stack, 16-aligned, rbp = 0. Does not return.
FUNCTION(runtime_gostart)
    xorl %ebp, %ebp
    call runtime_gomain
    ud2
END(runtime_gostart)

// runtime_sigpanic: where a handler sends a goroutine that faulted. In: rsp as after a call from the faulting
// instruction (its PC at 0(rsp)), rbp = the fault's frame. Stands on the goroutine's stack. Does not return.
FUNCTION(runtime_sigpanic)
    pushq %rbp
    movq %rsp, %rbp
    andq $-16, %rsp
    call runtime_sigpanicgo
    ud2
END(runtime_sigpanic)

// runtime_setjmp(buf): notes this place; returns 0, and 1 again by runtime_longjmp(buf), while the caller's frame
// lasts. In: rdi. Same stack.
FUNCTION(runtime_setjmp)
    movq %rbx, 0(%rdi)
    movq %rbp, 8(%rdi)
    movq %r12, 16(%rdi)
    movq %r13, 24(%rdi)
    movq %r14, 32(%rdi)
    movq %r15, 40(%rdi)
    leaq 8(%rsp), %rax
    movq %rax, 48(%rdi)
    movq (%rsp), %rax
    movq %rax, 56(%rdi)
    xorl %eax, %eax
    ret
END(runtime_setjmp)

// runtime_longjmp(buf): in: rdi. To the stack that buf was noted on. Does not return.
FUNCTION(runtime_longjmp)
    movq 0(%rdi), %rbx
    movq 8(%rdi), %rbp
    movq 16(%rdi), %r12
    movq 24(%rdi), %r13
    movq 32(%rdi), %r14
    movq 40(%rdi), %r15
    movq 48(%rdi), %rsp
    movl $1, %eax
    jmp *56(%rdi)
END(runtime_longjmp)

    .bss
    .p2align 12
    .zero 65536
    .globl runtime_diestack_end
runtime_diestack_end:

    .section .note.GNU-stack, "", @progbits
