// rt0: the first instruction of a freestanding program on freebsd/amd64.
// In: rdi -> argc, argv…, 0, envp…, 0, auxv (rsp may be 8 below it: amd64/amd64/machdep.c, exec_setregs); no TLS (fs
// base 0). Stands on the main thread's stack, which becomes m0's g0. Does not return.

#include "abi/freebsd/note.h"

    FREEBSD_NOTE

    .text
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    andq $-16, %rsp
    call runtime_rt0go
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
