// Entering OpenBSD on 386: what it has beside os/bsd/sys_386.S (i386/i386/locore.s).

#include "abi/openbsd/call_list.h"
#include "runtime/os/bsd/asm.h"

    .text

// runtime_tfork(param, size): the new thread's number, or -errno. In: 4(esp) -> struct __tfork, 8(esp). The thread begins
// with a copy of these registers, at 4(esp) of its stack what runtime_threadstart wants there. Any stack.
FUNCTION(runtime_tfork)
    movl $NR_tfork, %eax
    int $0x80
    jc 1f
    testl %eax, %eax
    jz runtime_threadstart
    ret
1:  negl %eax
    ret
END(runtime_tfork)

// runtime_threadstart: what a thread begins with. In: 4(esp) -> fn, arg, and a word that the kernel clears when it is gone;
// esp 4 below a multiple of 16, on the new stack, below that record. All signals are blocked. Calls fn(arg), then ends the
// thread. Does not return.
FUNCTION(runtime_threadstart)
    cld
    xorl %ebp, %ebp
    movl 4(%esp), %ebx
    subl $8, %esp
    pushl 4(%ebx)
    call *(%ebx)
    pushl 8(%ebx)
    pushl $0
    movl $NR_threxit, %eax
    int $0x80
    ud2
END(runtime_threadstart)

// Where calls are made, for the kernel (7.5: kern/exec_elf.c, elf_read_pintable): each number twice, which lets it come from
// anywhere in the text. Several routines make the same call.
#define PIN(name, number) .long runtime_syscall, number, runtime_syscall, number;
    .section .openbsd.syscalls, "", @progbits
    FAULTLINE_OPENBSD_CALLS(PIN)

    .section .note.GNU-stack, "", @progbits
