// Entering Darwin on 386: what it has beside os/bsd/sys_386.S. Each class of calls has a gate of its own (abi/darwin/
// numbers.h); edx is kept by a call that succeeds and has no second result (bsd/dev/i386/systemcalls.c, unix_syscall).

#include "runtime/os/bsd/asm.h"

    .text

// runtime_pipe(fds): 0 or -errno. In: 4(esp). The call has two results and no argument. Any stack.
FUNCTION(runtime_pipe)
    movl $NR_pipe, %eax
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

// runtime_threadstart: where bsdthread_create starts a thread. In: edx -> what it is to do (see sys.cc), ebx = the thread's
// port; esp 16 below the new stack's end. All signals are blocked. Calls runtime_threadgo with the two, which does not
// return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    andl $-16, %esp
    subl $8, %esp
    pushl %ebx
    pushl %edx
    call runtime_threadgo
    ud2
END(runtime_threadstart)

// runtime_tramp: the trampoline, which the program supplies and the kernel enters. In: 4(esp) = the handler, 8(esp) = its
// kind, 12(esp) = the signal, 16(esp) -> the siginfo, 20(esp) -> the context, 24(esp) = since 10.15 a token for sigreturn;
// esp 4 below a multiple of 16 (bsd/dev/i386/unix_signal.c, sendsig). Stands where handlers do. Any register may be
// lost. Calls handler(signal, siginfo, context), then sigreturn; does not return. A context that the kernel refuses ends
// the process.
FUNCTION(runtime_tramp)
    cld
    movl %esp, %ebx
    subl $16, %esp
    pushl 20(%ebx)
    pushl 16(%ebx)
    pushl 12(%ebx)
    call *4(%ebx)
    pushl 24(%ebx)
    pushl 8(%ebx)
    pushl 20(%ebx)
    pushl $0
    movl $NR_sigreturn, %eax
    int $0x80
    movl $2, 4(%esp)
    movl $NR_exit, %eax
    int $0x80
    ud2
END(runtime_tramp)

// runtime_mach(trap, a, b, c, d, e, f, g): the trap's result. In: 4(esp)…32(esp). INT $0x81, with the number's negative in
// eax; the arguments as for INT $0x80 (osfmk/i386/bsd_i386.c, mach_call_munger). Any stack.
FUNCTION(runtime_mach)
    popl %ecx
    movl (%esp), %eax
    negl %eax
    int $0x81
    pushl %ecx
    ret
END(runtime_mach)

// runtime_setcthreadself(base): makes it the base of the segment that GS then selects. In: 4(esp). INT $0x82. Any stack.
FUNCTION(runtime_setcthreadself)
    movl $NR_thread_fast_set_cthread_self, %eax
    int $0x82
    ret
END(runtime_setcthreadself)

// runtime_gettimeofday(tv). In: 4(esp) -> a timeval of zeroes. Up to 10.11 the time is the call's two results, later the
// kernel writes it (bsd/kern/kern_time.c, gettimeofday). Any stack, 16 bytes.
FUNCTION(runtime_gettimeofday)
    pushl $0
    pushl $0
    pushl 12(%esp)
    pushl $0
    movl $NR_gettimeofday, %eax
    int $0x80
    movl 4(%esp), %ecx
    leal 16(%esp), %esp
    jc 1f
    testl %eax, %eax
    jz 1f
    movl %eax, (%ecx)
    movl %edx, 4(%ecx)
1:  ret
END(runtime_gettimeofday)

    .section .note.GNU-stack, "", @progbits
