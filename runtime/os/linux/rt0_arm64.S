// rt0: the first instruction of a freestanding program on linux/arm64.
// In: sp -> argc, argv…, 0, envp…, 0, auxv, 16-aligned; no TLS (TPIDR_EL0 is 0). Stands on the main thread's stack,
// which becomes m0's g0. Does not return.
    .text
    .globl _start
    .type _start, %function
_start:
    mov x29, xzr
    mov x30, xzr
    mov x0, sp
    bl runtime_rt0go
    brk #1
    .size _start, . - _start

    .section .note.GNU-stack, "", %progbits
