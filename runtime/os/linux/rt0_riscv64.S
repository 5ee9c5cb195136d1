// rt0: the first instruction of a freestanding program on linux/riscv64.
// In: sp -> argc, argv…, 0, envp…, 0, auxv, 16-aligned; no TLS (tp is 0). Stands on the main thread's stack, which
// becomes m0's g0. Nothing is addressed from gp. Does not return.
    .text
    .globl _start
    .type _start, %function
_start:
    li s0, 0
    li ra, 0
    mv a0, sp
    call runtime_rt0go
    unimp
    .size _start, . - _start

    .section .note.GNU-stack, "", %progbits
