// Entering FreeBSD on 386: what it has beside os/bsd/sys_386.S (i386/i386/exception.s, trap.c).

#include "runtime/os/bsd/asm.h"

    .text

// runtime_pipe(fds): 0 or -errno. In: 4(esp). The call has two results and no argument. Any stack.
FUNCTION(runtime_pipe)
    movl $NR_freebsd10_pipe, %eax
    int $0x80
    jc 1f
    movl 4(%esp), %ecx
    movl %eax, (%ecx)
    movl %edx, 4(%ecx)
    xorl %eax, %eax
    ret
1:  negl %eax
    ret
END(runtime_pipe)

// runtime_threadstart: where thr_new starts a thread. In: 4(esp) -> fn, arg, and where to write that the thread is gone (see sys.cc); esp 4 below a multiple of 16, on the new stack,
// below that record. All signals are blocked. Calls fn(arg), then ends the thread. Does not return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    movl 4(%esp), %ebx
    subl $8, %esp
    pushl 4(%ebx)
    call *(%ebx)
    pushl 8(%ebx)
    pushl $0
    movl $NR_thr_exit, %eax
    int $0x80
    ud2
END(runtime_threadstart)

    .section .note.GNU-stack, "", @progbits
