// rt0: the first instruction of a freestanding program on linux/arm.
// In: sp -> argc, argv…, 0, envp…, 0, auxv, 8-aligned; no TLS (TPIDRURO is 0). Stands on the main thread's stack, which
// becomes m0's g0. Does not return.
    .syntax unified
    .arm
    .text
    .globl _start
    .type _start, %function
_start:
    mov r11, #0
    mov lr, #0
    mov r0, sp
    bl runtime_rt0go
    udf #0
    .size _start, . - _start

    .section .note.GNU-stack, "", %progbits
