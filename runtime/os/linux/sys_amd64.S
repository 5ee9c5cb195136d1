// Entering Linux on amd64. SYSCALL: number in rax, arguments rdi rsi rdx r10 r8 r9, result rax (-4095…-1: -errno);
// rcx and r11 are lost, everything else is kept (abi: arch/x86/entry/entry_64.S).

#include "abi/linux/amd64/numbers.h"

#define FUNCTION(name) \
    .globl name; .type name, @function; .p2align 4; name:
#define END(name) \
    .size name, . - name

    .text

// runtime_syscall(number, a, b, c, d, e, f): the kernel's result as it is. In: rdi rsi rdx rcx r8 r9, 8(rsp).
// Any stack.
FUNCTION(runtime_syscall)
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, %r10
    movq %r9, %r8
    movq 8(%rsp), %r9
    syscall
    ret
END(runtime_syscall)

// runtime_sigreturn: the restorer of every handler: the kernel puts its address where a handler's return address is.
// In: rsp on the signal frame's ucontext. Does not return.
FUNCTION(runtime_sigreturn)
    movl $NR_rt_sigreturn, %eax
    syscall
    ud2
END(runtime_sigreturn)

// runtime_sigtramp(sig, info, context): every handler starts here: on the thread's alternate stack if it has one, else
// on the stack that was interrupted, with all signals blocked. In: edi, rsi, rdx, 0(rsp) = runtime_sigreturn. Any
// register may be lost (sigreturn restores them from the frame). It knows nothing of g, m or TLS yet.
FUNCTION(runtime_sigtramp)
    cld
    pushq %rbp
    movq %rsp, %rbp
    andq $-16, %rsp
    call runtime_sigtrampgo
    leave
    ret
END(runtime_sigtramp)

// runtime_rawclone(flags, stack, ptid, ctid, tls, fn, arg): clone; the child calls fn(arg) on the new stack, then
// exits its thread with 0. In: rdi rsi rdx rcx r8 r9, 8(rsp). Out: rax in the parent. fn and arg travel on the new stack,
// not in registers.
FUNCTION(runtime_rawclone)
    andq $-16, %rsi
    subq $16, %rsi
    movq %r9, (%rsi)
    movq 8(%rsp), %rax
    movq %rax, 8(%rsi)
    movq %rcx, %r10
    movl $NR_clone, %eax
    syscall
    testq %rax, %rax
    jz 1f
    ret
1:  xorl %ebp, %ebp
    popq %rax
    popq %rdi
    call *%rax
    xorl %edi, %edi
    movl $NR_exit, %eax
    syscall
    ud2
END(runtime_rawclone)

// runtime_rdfsbase() / runtime_wrfsbase(base): only where AT_HWCAP2 has HWCAP2_FSGSBASE.
FUNCTION(runtime_rdfsbase)
    rdfsbase %rax
    ret
END(runtime_rdfsbase)
FUNCTION(runtime_wrfsbase)
    wrfsbase %rdi
    ret
END(runtime_wrfsbase)

    .section .note.GNU-stack, "", @progbits
