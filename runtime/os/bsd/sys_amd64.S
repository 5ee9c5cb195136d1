// Entering the BSDs on amd64: number in rax, arguments rdi rsi rdx, the fourth, r8 r9, and from 8(rsp) up, 0(rsp) being
// passed over. Result rax, and rdx where the call has a second one; the carry flag says that rax is an errno. By SYSCALL
// the fourth argument is in r10, because SYSCALL itself overwrites rcx.
//
// FreeBSD: a SYSCALL loses rcx, r11 and, on a fast way back, r8 to r10; by INT 0x80 the fourth argument is in rcx, and
// nothing is lost (amd64/amd64/exception.S, amd64/ia32/ia32_exception.S; the kernel has that gate only with
// COMPAT_FREEBSD32). Up to 9.2 a call that the kernel restarts by SYSCALL may find its last three arguments lost: that is
// why there are two ways.
// NetBSD: both ways have the fourth argument in r10, and lose rcx and r11 alone; rdx is 0 after a call that succeeds and
// has no second result (amd64/amd64/locore.S, x86/x86/syscall.c).

#if defined(__FreeBSD__)
#include "abi/freebsd/numbers.h"
#elif defined(__NetBSD__)
#include "abi/netbsd/numbers.h"
#endif

#define FUNCTION(name) \
    .globl name; .type name, @function; .p2align 4; name:
#define END(name) \
    .size name, . - name

#if FAULTLINE_PATH_INT80 && defined(__FreeBSD__)
#define ARG4 %rcx
#else
#define ARG4 %r10
#endif
#if FAULTLINE_PATH_INT80
#define ENTER int $0x80
#else
#define ENTER syscall
#endif

    .text

// runtime_syscall(number, a, b, c, d, e, f, g, h): the first result, or -errno. In: rdi rsi rdx rcx r8 r9, 8(rsp) to
// 24(rsp), of which the first is overwritten. Any stack. No call has an h on amd64.
FUNCTION(runtime_syscall)
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, ARG4
    movq %r9, %r8
    movq 8(%rsp), %r9
    movq 16(%rsp), %r11
    movq %r11, 8(%rsp)
    ENTER
    jc 1f
    ret
1:  negq %rax
    ret
END(runtime_syscall)

// runtime_fork(): the child's number, in the child 0, or -errno. On FreeBSD the child is told by its second result, 1
// (amd64/amd64/vm_machdep.c, cpu_fork). Any stack.
FUNCTION(runtime_fork)
    movl $NR_fork, %eax
    ENTER
    jc 1f
#if defined(__FreeBSD__)
    testl %edx, %edx
    jz 2f
    xorl %eax, %eax
#endif
2:  ret
1:  negq %rax
    ret
END(runtime_fork)

#if defined(__FreeBSD__)
// runtime_pipe(fds): 0 or -errno. In: rdi. The call has two results and no argument. Any stack, 8 bytes.
FUNCTION(runtime_pipe)
    pushq %rdi
    movl $NR_freebsd10_pipe, %eax
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
#endif

// runtime_threadstart: where thr_new or _lwp_create starts a thread. In: rdi -> fn, arg and, on FreeBSD, where to write
// that the thread is gone (see sys.cc); rsp 8 below a multiple of 16, on the new stack, below that record. All signals
// are blocked. Calls fn(arg), then ends the thread. Does not return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    pushq %rdi
    movq (%rdi), %rax
    movq 8(%rdi), %rdi
    call *%rax
    popq %rdi
#if defined(__FreeBSD__)
    movq 16(%rdi), %rdi
    movl $NR_thr_exit, %eax
#else
    movl $NR_lwp_exit, %eax
#endif
    ENTER
    ud2
END(runtime_threadstart)

// runtime_sigtramp(sig, info, context): every handler starts here, on the thread's alternate stack if it has one, else on
// the stack that was interrupted, with all signals blocked; on FreeBSD called by the kernel's own trampoline. In: edi,
// rsi, rdx, 0(rsp) in the trampoline, which goes on with sigreturn; on NetBSD r15 = rdx, for the trampoline. What the C
// ABI does not keep may be lost (sigreturn restores all from the frame). It knows nothing of g, m or TLS yet.
FUNCTION(runtime_sigtramp)
    cld
    pushq %rbp
    movq %rsp, %rbp
    andq $-16, %rsp
    call runtime_sigtrampgo
    leave
    ret
END(runtime_sigtramp)

#if defined(__NetBSD__)
// runtime_sigreturn: the trampoline, which the program supplies: what handlers return to. In: r15 = the context that the
// kernel left there for this (amd64/amd64/machdep.c, sendsig_siginfo). Stack: what is left of the kernel's frame. Does not
// return; a context that the kernel refuses ends the process.
FUNCTION(runtime_sigreturn)
    movq %r15, %rdi
    movl $NR_setcontext, %eax
    ENTER
    movl $2, %edi
    movl $NR_exit, %eax
    ENTER
    ud2
END(runtime_sigreturn)
#endif

    .section .note.GNU-stack, "", @progbits
