// Entering the BSDs on amd64: number in rax, arguments rdi rsi rdx, the fourth, r8 r9, and from 8(rsp) up, 0(rsp) being
// passed over. Result rax, and rdx where the call has a second one; the carry flag says that rax is an errno. By SYSCALL
// the fourth argument is in r10, because SYSCALL itself overwrites rcx.
// What else is lost, and what only one of them has, is said in its own sys_amd64.S.

#include "runtime/os/bsd/asm.h"

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
#ifdef CLASS_UNIX
    orl $CLASS_UNIX, %eax
#endif
    ENTER
    jc 1f
    ret
1:  negq %rax
    ret
END(runtime_syscall)

// runtime_fork(): the child's number, in the child 0, or -errno. Any stack.
FUNCTION(runtime_fork)
    movl $NR_fork, %eax
    ENTER
    jc 1f
#if FAULTLINE_FORK_TELLS_BY_SECOND
    testl %edx, %edx
    jz 2f
    xorl %eax, %eax
#endif
2:  ret
1:  negq %rax
    ret
END(runtime_fork)

// runtime_sigtramp(sig, info, context): every handler starts here, on the thread's alternate stack if it has one, else on
// the stack that was interrupted, with all signals blocked, at any alignment. In: edi, rsi, rdx, 0(rsp) in the trampoline,
// the kernel's or the program's, which goes on with sigreturn. What the C ABI does not keep may be lost (sigreturn
// restores all from the frame). It knows nothing of g, m or TLS yet.
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
