// rt0: the first instruction of a program on darwin/386, which LC_UNIXTHREAD names.
// In: esp -> argc, argv…, 0, envp…, 0, apple…, 0; no TLS. Stands on the main thread's stack, which becomes m0's g0. Does
// not return.

    .text
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    movl %esp, %eax
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call runtime_rt0go
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
