// rt0: the first instruction of a program on darwin/amd64, which LC_UNIXTHREAD names.
// In: rsp -> argc, argv…, 0, envp…, 0, apple…, 0; no TLS (the base of GS is 0). Stands on the main thread's stack, which
// becomes m0's g0. Does not return.

    .text
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    movq %rsp, %rdi
    andq $-16, %rsp
    call runtime_rt0go
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
