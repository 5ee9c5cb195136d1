// Switching stacks on 386, whatever the OS. System V calling convention: arguments on the stack, which is
// 16-aligned before the return address is pushed (Windows' asks for less); ebx, ebp, esi, edi are the caller's. How g
// and m are reached is in convention.h. Every frame keeps ebp, so that a traceback can walk through.

#include "runtime/arch/386/convention.h"
#include "runtime/arch/386/offsets.h"

#if defined(__ELF__) && !defined(TLS_OFFSET_G)
    .section .tbss, "awT", @nobits
    .globl runtime_g, runtime_m
    .type runtime_g, @object
    .type runtime_m, @object
    .p2align 2
runtime_g: .zero 4
    .size runtime_g, 4
runtime_m: .zero 4
    .size runtime_m, 4
#endif

    .text

// __cyg_profile_func_enter_bare(): the stack check, called by every checked function right after its prologue.
// In: esp. Out: nothing, or never returns. Clobbers eax. Stands on whatever stack its caller stands on; without a g
// (a thread that is not the runtime's yet) it lets everything pass.
FUNCTION(__cyg_profile_func_enter_bare)
    LOAD_G(%eax)
    testl %eax, %eax
    jz 1f
    cmpl G_stackguard(%eax), %esp
    jb SYM(runtime_morestack)
1:  ret
END(__cyg_profile_func_enter_bare)

// runtime_morestack: no function: the stack check jumps here when the stack is used up.
// In: eax = g, 0(esp) = PC in the function that asked, ebp = its frame. Stands on the stack that is used up: makes
// no more use of it than the words for INT $3, then goes to the stack kept for dying. Does not return.
FUNCTION(runtime_morestack)
    cmpb $0, SYM(runtime_trapong0)
    je 1f
    LOAD_M(%ecx)
    cmpl %eax, M_g0(%ecx)
    jne 1f
    int3                            // cannot grow the scheduler's stack (historical)
1:  movl $1, %ecx
    xchgl %ecx, SYM(runtime_dying)
    testl %ecx, %ecx
    jnz runtime_diewait
    movl %eax, SYM(runtime_over_g)
    movl %esp, SYM(runtime_over_sp)
    movl %ebp, SYM(runtime_over_fp)
    movl (%esp), %ecx
    movl %ecx, SYM(runtime_over_pc)
    movl $SYM(runtime_overflow), %ecx
    xorl %edx, %edx
    jmp runtime_dienow
END(runtime_morestack)

// runtime_diestack(fn, arg): runs fn(arg), which must not return, on the one stack kept for reporting an overflow,
// with g = runtime_dieg. The first thread gets it; any other waits here for the end of the process.
// In: 4(esp), 8(esp). Needs no stack of the caller's.
FUNCTION(runtime_diestack)
    movl 4(%esp), %ecx
    movl 8(%esp), %edx
    movl $1, %eax
    xchgl %eax, SYM(runtime_dying)
    testl %eax, %eax
    jz runtime_dienow
runtime_diewait:
    pause
    jmp runtime_diewait
runtime_dienow:
    movl $SYM(runtime_diestack_end), %esp
    movl $SYM(runtime_dieg), %eax
    STORE_G(%eax, %ebp)
    xorl %ebp, %ebp
    subl $12, %esp
    pushl %edx
    call *%ecx
    ud2
END(runtime_diestack)

// runtime_gogo(g): goes on with g where its sched says. In: 4(esp) = g. From g0 (whose stack is dropped) to g's stack.
// Does not return.
FUNCTION(runtime_gogo)
    movl 4(%esp), %eax
    STORE_G(%eax, %ecx)
    movl G_sched_bp(%eax), %ebp
    movl G_sched_sp(%eax), %esp
    jmp *G_sched_pc(%eax)
END(runtime_gogo)

// runtime_mcall(fn): leaves the goroutine and calls fn(g) on g0, which must not return; runtime_gogo(g) makes this
// return. In: 4(esp) = fn. Keeps ebx, ebp, esi, edi. From g's stack to g0's, at g0->sched.sp.
FUNCTION(runtime_mcall)
    pushl %ebp
    movl %esp, %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    movl 8(%ebp), %ebx
    LOAD_G(%eax)
    LOAD_M(%ecx)
    movl %esp, G_sched_sp(%eax)
    movl $1f, G_sched_pc(%eax)
    movl %ebp, G_sched_bp(%eax)
    movl M_g0(%ecx), %edx
    STORE_G(%edx, %ecx)
    movl G_sched_sp(%edx), %esp
    andl $-16, %esp
    xorl %ebp, %ebp
    subl $12, %esp
    pushl %eax
    call *%ebx
    ud2
1:  popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret
END(runtime_mcall)

// runtime_asmcgocall(fn, arg): calls fn(arg) on g0; on g0 or gsignal already, just calls it.
// In: 4(esp), 8(esp). Keeps ebx, ebp, esi, edi. From g's stack to g0's at g0->sched.sp and back; g->sched says where
// g waits, which is also where a callback goes on with its stack.
FUNCTION(runtime_asmcgocall)
    pushl %ebp
    movl %esp, %ebp
    pushl %ebx
    pushl %esi
    LOAD_G(%eax)
    LOAD_M(%ecx)
    movl M_g0(%ecx), %edx
    cmpl %eax, %edx
    je 2f
    cmpl %eax, M_gsignal(%ecx)
    je 2f
    movl %eax, %ebx
    movl %esp, G_sched_sp(%eax)
    movl $1f, G_sched_pc(%eax)
    movl %ebp, G_sched_bp(%eax)
    STORE_G(%edx, %ecx)
    movl G_sched_sp(%edx), %esp
    andl $-16, %esp
    subl $12, %esp
    pushl 12(%ebp)
    call *8(%ebp)
    STORE_G(%ebx, %ecx)
1:  leal -8(%ebp), %esp
    popl %esi
    popl %ebx
    popl %ebp
    ret
2:  andl $-16, %esp
    subl $12, %esp
    pushl 12(%ebp)
    call *8(%ebp)
    jmp 1b
END(runtime_asmcgocall)

// runtime_callback(fn, arg): calls runtime_cgocallbackg(fn, arg) on m->curg, below where that goroutine waits.
// In: 4(esp), 8(esp). Keeps ebx, ebp, esi, edi. From g0's stack (C frames above it) to curg's and back. Meanwhile
// g0->sched.sp is this frame, so that the scheduler and further C calls use g0 below the C frames in progress.
FUNCTION(runtime_callback)
    pushl %ebp
    movl %esp, %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    LOAD_M(%ecx)
    movl M_g0(%ecx), %edx
    movl M_curg(%ecx), %eax
    pushl G_sched_sp(%edx)
    movl %esp, G_sched_sp(%edx)
    STORE_G(%eax, %ecx)
    movl G_sched_sp(%eax), %esp
    movl %esp, %ebx
    andl $-16, %esp
    subl $8, %esp
    pushl 12(%ebp)
    pushl 8(%ebp)
    call SYM(runtime_cgocallbackg)
    LOAD_M(%ecx)
    movl M_curg(%ecx), %eax
    movl M_g0(%ecx), %edx
    movl %ebx, G_sched_sp(%eax)
    STORE_G(%edx, %ecx)
    movl G_sched_sp(%edx), %esp
    popl G_sched_sp(%edx)
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret
END(runtime_callback)

// runtime_callonstack(sp, fn, arg): calls fn(arg) on the stack that ends at sp and returns to the caller's.
// In: 4(esp) (16-aligned), 8(esp), 12(esp). Keeps ebx, ebp, esi, edi. g is untouched.
FUNCTION(runtime_callonstack)
    pushl %ebp
    movl %esp, %ebp
    movl 8(%ebp), %esp
    subl $12, %esp
    pushl 16(%ebp)
    call *12(%ebp)
    leave
    ret
END(runtime_callonstack)

// runtime_gostart: where a new goroutine starts: esp = end of its stack, 16-aligned, ebp = 0. Does not return.
FUNCTION(runtime_gostart)
    xorl %ebp, %ebp
    call SYM(runtime_gomain)
    ud2
END(runtime_gostart)

// runtime_sigpanic: where a handler sends a goroutine that faulted. In: esp as after a call from the faulting
// instruction (its PC at 0(esp)), ebp = the fault's frame. Stands on the goroutine's stack. Does not return.
FUNCTION(runtime_sigpanic)
    pushl %ebp
    movl %esp, %ebp
    andl $-16, %esp
    call SYM(runtime_sigpanicgo)
    ud2
END(runtime_sigpanic)

// runtime_setjmp(buf): notes this place; returns 0, and 1 again by runtime_longjmp(buf), while the caller's frame
// lasts. In: 4(esp). Same stack.
FUNCTION(runtime_setjmp)
    movl 4(%esp), %ecx
    movl %ebx, 0(%ecx)
    movl %ebp, 4(%ecx)
    movl %esi, 8(%ecx)
    movl %edi, 12(%ecx)
    leal 4(%esp), %eax
    movl %eax, 16(%ecx)
    movl (%esp), %eax
    movl %eax, 20(%ecx)
    xorl %eax, %eax
    ret
END(runtime_setjmp)

// runtime_longjmp(buf): in: 4(esp). To the stack that buf was noted on. Does not return.
FUNCTION(runtime_longjmp)
    movl 4(%esp), %ecx
    movl 0(%ecx), %ebx
    movl 4(%ecx), %ebp
    movl 8(%ecx), %esi
    movl 12(%ecx), %edi
    movl 16(%ecx), %esp
    movl $1, %eax
    jmp *20(%ecx)
END(runtime_longjmp)

#ifdef FAULTLINE_STACK_SECTION
    FAULTLINE_STACK_SECTION
#else
    .bss
#endif
    .p2align 12
    .zero 65536
    .globl SYM(runtime_diestack_end)
SYM(runtime_diestack_end):

    NO_EXECUTABLE_STACK
