// The first instruction of a guest: a program of FreeBSD's or NetBSD's with nothing under it.
// amd64. In: FreeBSD rdi, NetBSD rsp -> argc, argv…, 0 (amd64/amd64/machdep.c, exec_setregs, setregs); no TLS. Does not
// return.
// 386. In: 0(esp) = argc, argv…, 0. Does not return.

#if defined(__NetBSD__)
#include "abi/netbsd/note.h"
    NETBSD_NOTE
#else
#include "abi/freebsd/note.h"
    FREEBSD_NOTE
#endif

    .text
    .globl _start
    .type _start, @function
_start:
#if __x86_64__
#if defined(__NetBSD__)
    movq %rsp, %rdi
#endif
    andq $-16, %rsp
    call GuestMain
#else
    movl %esp, %eax
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call GuestMain
#endif
    ud2
    .size _start, . - _start

// GuestCall(number, a, b, c, d, e, f): the first result, or -errno. In: as the arch's C passes them. Any stack, 4 words.
    .globl GuestCall
    .type GuestCall, @function
GuestCall:
#if __x86_64__
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, %r10
    movq %r9, %r8
    movq 8(%rsp), %r9
    syscall
    jc 1f
    ret
1:  negq %rax
    ret
#else
    // The kernel finds the arguments behind one word: the return address, in the number's place.
    popl %ecx
    popl %eax
    pushl %ecx
    int $0x80
    popl %ecx
    pushl %eax
    pushl %ecx
    jc 1f
    ret
1:  negl %eax
    ret
#endif
    .size GuestCall, . - GuestCall

    .section .note.GNU-stack, "", @progbits
