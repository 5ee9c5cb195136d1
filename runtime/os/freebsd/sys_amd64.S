// Entering FreeBSD on amd64: what it has beside os/bsd/sys_amd64.S. A SYSCALL loses rcx, r11 and, on a fast way back, r8 to
// r10; by INT 0x80 the fourth argument is in rcx, and nothing is lost (amd64/amd64/exception.S,
// amd64/ia32/ia32_exception.S; the kernel has that gate only with COMPAT_FREEBSD32). Up to 9.2 a call that the kernel
// restarts by SYSCALL may find its last three arguments lost: that is why there are two ways.

#include "runtime/os/bsd/asm.h"

    .text

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

// runtime_threadstart: where thr_new starts a thread. In: rdi -> fn, arg, and where to write that the thread is gone (see sys.cc); rsp 8 below a multiple of 16, on the new stack,
// below that record. All signals are blocked. Calls fn(arg), then ends the thread. Does not return.
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

    .section .note.GNU-stack, "", @progbits
