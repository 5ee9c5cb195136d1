// Entering FreeBSD on amd64: number in rax, arguments rdi rsi rdx, the fourth, r8 r9. Result rax, and rdx where the call
// has a second one; the carry flag says that rax is an errno. By SYSCALL the fourth argument is in r10, because SYSCALL
// itself overwrites rcx; rcx, r11 and, on a fast way back, r8 to r10 are lost. By INT 0x80 it is in rcx, and nothing is
// lost (amd64/amd64/exception.S, amd64/ia32/ia32_exception.S; the kernel has that gate only with COMPAT_FREEBSD32).
// Up to 9.2 a call that the kernel restarts by SYSCALL may find its last three arguments lost: that is why there are two.

#include "abi/freebsd/numbers.h"

#define FUNCTION(name) \
    .globl name; .type name, @function; .p2align 4; name:
#define END(name) \
    .size name, . - name

#if FAULTLINE_PATH_INT80
#define ARG4 %rcx
#define ENTER int $0x80
#else
#define ARG4 %r10
#define ENTER syscall
#endif

    .text

// runtime_syscall(number, a, b, c, d, e, f): the first result, or -errno. In: rdi rsi rdx rcx r8 r9, 8(rsp). Any stack.
FUNCTION(runtime_syscall)
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, ARG4
    movq %r9, %r8
    movq 8(%rsp), %r9
    ENTER
    jc 1f
    ret
1:  negq %rax
    ret
END(runtime_syscall)

// runtime_fork(): the child's number, in the child 0, or -errno. The child is told by its second result, 1
// (amd64/amd64/vm_machdep.c, cpu_fork). Any stack.
FUNCTION(runtime_fork)
    movl $NR_fork, %eax
    ENTER
    jc 1f
    testl %edx, %edx
    jz 2f
    xorl %eax, %eax
2:  ret
1:  negq %rax
    ret
END(runtime_fork)

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

// runtime_threadstart: where thr_new starts a thread. In: rdi -> fn, arg, where to write that the thread is gone (see
// sys.cc); rsp 8 below a multiple of 16, on the new stack, below that record. All signals are blocked. Calls fn(arg),
// then ends the thread. Does not return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    pushq %rdi
    movq (%rdi), %rax
    movq 8(%rdi), %rdi
    call *%rax
    popq %rdi
    movq 16(%rdi), %rdi
    movl $NR_thr_exit, %eax
    ENTER
    ud2
END(runtime_threadstart)

// runtime_sigtramp(sig, info, context): every handler starts here, called by the kernel's own trampoline: on the
// thread's alternate stack if it has one, else on the stack that was interrupted, with all signals blocked. In: edi, rsi,
// rdx, 0(rsp) in the trampoline, which goes on with sigreturn. Any register may be lost (sigreturn restores them from
// the frame). It knows nothing of g, m or TLS yet.
FUNCTION(runtime_sigtramp)
    cld
    pushq %rbp
    movq %rsp, %rbp
    andq $-16, %rsp
    call runtime_sigtrampgo
    leave
    ret
END(runtime_sigtramp)

    .section .note.GNU-stack, "", @progbits
