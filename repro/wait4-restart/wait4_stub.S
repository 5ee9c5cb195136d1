// intptr_t Wait4Stub(CallRegisters* registers)
//
// wait4 by one known instruction; the label kWait4Instruction is that instruction. See wait4_stub.h.

#include FAULTLINE_NUMBERS_H

// How the kernel tells of an error: Linux by a negative result, the BSDs by the carry flag and a positive one. Nothing
// between the call and this may change the flags.
    .macro RESULT register
#if FAULTLINE_BSD_CALLS
    jnc 1f
    neg \register
1:
#endif
    .endm

#if FAULTLINE_PATH_INT80 && defined(FAULTLINE_INT80_FOURTH)
#define ARG4 FAULTLINE_INT80_FOURTH
#else
#define ARG4 %r10
#endif
#if FAULTLINE_PATH_INT80 && FAULTLINE_BSD_CALLS
#define ENTER int $0x80
#else
#define ENTER syscall
#endif

    .text
    .globl Wait4Stub
    .type Wait4Stub, %function
    .globl kWait4Instruction
    .type kWait4Instruction, %notype

#if defined(__x86_64__)

// In:    rdi: registers. Out: rax. Kept: rbx rbp rsp r12-r15, as the C ABI asks.
// Stack: the caller's; 8 bytes. rbx holds the pointer over the call: the kernel keeps it, and the bug does not touch it.
Wait4Stub:
    pushq %rbx
    movq %rdi, %rbx
    movq 0(%rbx), %rdi
    movq 8(%rbx), %rsi
    movq 16(%rbx), %rdx
    movq 24(%rbx), ARG4
    movq 32(%rbx), %r8
    movq 40(%rbx), %r9
    movl $NR_wait4, %eax
kWait4Instruction:
    ENTER
    movq %rdi, 0(%rbx)
    movq %rsi, 8(%rbx)
    movq %rdx, 16(%rbx)
    movq ARG4, 24(%rbx)
    movq %r8, 32(%rbx)
    movq %r9, 40(%rbx)
    RESULT %rax
    popq %rbx
    retq

#elif FAULTLINE_BSD_CALLS

// In:    4(%esp): registers. Out: eax. Kept: ebx ebp esi edi esp, as the C ABI asks.
// Stack: the caller's; 32 bytes. The arguments are words on it, above one that the kernel passes over.
Wait4Stub:
    pushl %ebx
    movl 8(%esp), %ebx
    pushl 20(%ebx)
    pushl 16(%ebx)
    pushl 12(%ebx)
    pushl 8(%ebx)
    pushl 4(%ebx)
    pushl 0(%ebx)
    pushl $0
    movl $NR_wait4, %eax
kWait4Instruction:
    int $0x80
    leal 4(%esp), %esp
    popl 0(%ebx)
    popl 4(%ebx)
    popl 8(%ebx)
    popl 12(%ebx)
    popl 16(%ebx)
    popl 20(%ebx)
    RESULT %eax
    popl %ebx
    retl

#elif defined(__aarch64__)

// In:    x0: registers. Out: x0. Kept: x19-x29 sp, as the C ABI asks.
// Stack: the caller's; 16 bytes. x9 holds the pointer over the call, which keeps all but x0: that one's first value is
// left as it was given.
Wait4Stub:
    stp x29, x30, [sp, #-16]!
    mov x29, sp
    mov x9, x0
    ldp x0, x1, [x9]
    ldp x2, x3, [x9, #16]
    ldp x4, x5, [x9, #32]
    mov x8, #NR_wait4
kWait4Instruction:
    svc #0
    str x1, [x9, #8]
    stp x2, x3, [x9, #16]
    stp x4, x5, [x9, #32]
    ldp x29, x30, [sp], #16
    ret

#elif defined(__arm__)

// In:    r0: registers. Out: r0. Kept: r4-r11 sp, as the C ABI asks.
// Stack: the caller's; 24 bytes. r8 holds the pointer over the call, which keeps all but r0: that one's first value is
// left as it was given.
Wait4Stub:
    push {r4, r5, r7, r8, fp, lr}
    mov r8, r0
    ldm r8, {r0-r5}
    mov r7, #NR_wait4
kWait4Instruction:
    svc #0
    stmib r8, {r1-r5}
    pop {r4, r5, r7, r8, fp, pc}

#elif defined(__riscv)

// In:    a0: registers. Out: a0. Kept: ra s0-s11 sp, as the C ABI asks.
// Stack: none. t0 holds the pointer over the call, which keeps all but a0: that one's first value is left as it was
// given.
Wait4Stub:
    mv t0, a0
    ld a0, 0(t0)
    ld a1, 8(t0)
    ld a2, 16(t0)
    ld a3, 24(t0)
    ld a4, 32(t0)
    ld a5, 40(t0)
    li a7, NR_wait4
kWait4Instruction:
    ecall
    sd a1, 8(t0)
    sd a2, 16(t0)
    sd a3, 24(t0)
    sd a4, 32(t0)
    sd a5, 40(t0)
    ret

#else

// In:    4(%esp): registers. Out: eax. Kept: ebx ebp esi edi esp, as the C ABI asks.
// Stack: the caller's; 20 bytes. Every register but esp is an argument, so the pointer waits on the stack.
Wait4Stub:
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl 20(%esp), %eax
    movl 0(%eax), %ebx
    movl 4(%eax), %ecx
    movl 8(%eax), %edx
    movl 12(%eax), %esi
    movl 16(%eax), %edi
    movl 20(%eax), %ebp
    movl $NR_wait4, %eax
kWait4Instruction:
    int $0x80
    pushl %eax
    movl 24(%esp), %eax
    movl %ebx, 0(%eax)
    movl %ecx, 4(%eax)
    movl %edx, 8(%eax)
    movl %esi, 12(%eax)
    movl %edi, 16(%eax)
    movl %ebp, 20(%eax)
    popl %eax
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    retl

#endif

    .size Wait4Stub, . - Wait4Stub
    .section .note.GNU-stack, "", %progbits
