// Entering Darwin on amd64: what it has beside os/bsd/sys_amd64.S. The number has the call's class in its bits 24 to 31;
// SYSCALL is the only way, and loses rcx and r11 alone; rdx is 0 after most calls that succeed (bsd/dev/i386/systemcalls.c,
// unix_syscall64).

#include "runtime/os/bsd/asm.h"

    .text

// runtime_pipe(fds): 0 or -errno. In: rdi. The call has two results and no argument. Any stack, 8 bytes.
FUNCTION(runtime_pipe)
    pushq %rdi
    movl $NR_pipe, %eax
    ENTER
    popq %rdi
    jc 1f
    movl %eax, (%rdi)
    movl %edx, 4(%rdi)
    xorl %eax, %eax
    ret
1:  negq %rax
    ret
END(runtime_pipe)

// runtime_threadstart: where bsdthread_create starts a thread. In: rcx -> what it is to do (see sys.cc), esi = the thread's
// port; rsp 128 below the new stack's end. All signals are blocked. Calls runtime_threadgo with the two, which does not
// return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    movq %rcx, %rdi
    andq $-16, %rsp
    call runtime_threadgo
    ud2
END(runtime_threadstart)

// runtime_tramp: the trampoline, which the program supplies and the kernel enters. In: rdi = the handler, esi = its kind,
// edx = the signal, rcx -> the siginfo, r8 -> the context, r9 = since 10.15 a token for sigreturn; rsp 8 below a multiple
// of 16, nothing at 0(rsp) (bsd/dev/i386/unix_signal.c, sendsig). Stands where handlers do. Any register may be lost.
// Calls handler(signal, siginfo, context), then sigreturn; does not return. A context that the kernel refuses ends the
// process.
FUNCTION(runtime_tramp)
    cld
    movq %r8, %rbx
    movl %esi, %r12d
    movq %r9, %r13
    movq %rdi, %rax
    movl %edx, %edi
    movq %rcx, %rsi
    movq %r8, %rdx
    subq $8, %rsp
    call *%rax
    movq %rbx, %rdi
    movl %r12d, %esi
    movq %r13, %rdx
    movl $NR_sigreturn, %eax
    ENTER
    movl $2, %edi
    movl $NR_exit, %eax
    ENTER
    ud2
END(runtime_tramp)

// runtime_mach(trap, a, b, c, d, e, f, g): the trap's result. In: rdi rsi rdx rcx r8 r9, 8(rsp) to 16(rsp), of which the
// first is overwritten. Any stack.
FUNCTION(runtime_mach)
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, %r10
    movq %r9, %r8
    movq 8(%rsp), %r9
    movq 16(%rsp), %r11
    movq %r11, 8(%rsp)
    orl $CLASS_MACH, %eax
    ENTER
    ret
END(runtime_mach)

// runtime_setcthreadself(base): makes it the base of GS. In: rdi. Any stack.
FUNCTION(runtime_setcthreadself)
    movl $NR_thread_fast_set_cthread_self, %eax
    ENTER
    ret
END(runtime_setcthreadself)

// runtime_gettimeofday(tv). In: rdi -> a timeval of zeroes. Up to 10.11 the time is the call's two results, later the kernel
// writes it (bsd/kern/kern_time.c, gettimeofday). Any stack, 16 bytes.
FUNCTION(runtime_gettimeofday)
    pushq %rdi
    xorl %esi, %esi
    xorl %edx, %edx
    movl $NR_gettimeofday, %eax
    ENTER
    popq %rdi
    jc 1f
    testl %eax, %eax
    jz 1f
    movl %eax, (%rdi)
    movl %edx, 8(%rdi)
1:  ret
END(runtime_gettimeofday)

    .section .note.GNU-stack, "", @progbits
