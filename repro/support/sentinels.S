// Known values in every general register, across something that must not change them. See sentinels.h.
//
//   void HoldRegisters(Registers*)        spins while held_word is 0
//   void CallWithRegisters(Registers*)    a system call: SYSCALL on amd64, INT 0x80 on 386, SVC #0 on arm and arm64, ECALL on riscv64
//   void FaultWithRegisters(Registers*)   a load from address 64
//
// On Windows the last alone.
//
// In:    the pointer, by the C ABI. Out: nothing. Kept: what the C ABI asks.
// Stack: the caller's; 64 bytes on amd64 (Windows: 80), 36 on 386, 128 on arm64 and riscv64, 48 on arm.

#if defined(_WIN32) && defined(__i386__)
#define SYM(name) _##name
#else
#define SYM(name) name
#endif

#if !defined(_WIN32)
#include FAULTLINE_NUMBERS_H
#endif

    .text
    .globl SYM(FaultWithRegisters), SYM(kFaultInstruction), SYM(kFaultResume)
#if !defined(_WIN32)
    .globl HoldRegisters, CallWithRegisters
    .type HoldRegisters, %function
    .type CallWithRegisters, %function
    .type FaultWithRegisters, %function
    .type kFaultInstruction, %notype
    .type kFaultResume, %notype
#endif

#if defined(__x86_64__)

    .macro LOAD
#if defined(_WIN32)
    pushq %rsi
    pushq %rdi
    movq %rcx, %rdi
#endif
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdi
    movq 0(%rdi), %rax
    movq 8(%rdi), %rbx
    movq 16(%rdi), %rcx
    movq 24(%rdi), %rdx
    movq 32(%rdi), %rsi
    movq 48(%rdi), %rbp
    movq 56(%rdi), %r8
    movq 64(%rdi), %r9
    movq 72(%rdi), %r10
    movq 80(%rdi), %r11
    movq 88(%rdi), %r12
    movq 96(%rdi), %r13
    movq 104(%rdi), %r14
    movq 112(%rdi), %r15
    movq 40(%rdi), %rdi
    .endm

    .macro STORE
    pushq %rdi
    movq 8(%rsp), %rdi
    movq %rax, 0(%rdi)
    popq %rax
    movq %rax, 40(%rdi)
    movq %rbx, 8(%rdi)
    movq %rcx, 16(%rdi)
    movq %rdx, 24(%rdi)
    movq %rsi, 32(%rdi)
    movq %rbp, 48(%rdi)
    movq %r8, 56(%rdi)
    movq %r9, 64(%rdi)
    movq %r10, 72(%rdi)
    movq %r11, 80(%rdi)
    movq %r12, 88(%rdi)
    movq %r13, 96(%rdi)
    movq %r14, 104(%rdi)
    movq %r15, 112(%rdi)
    popq %rdi
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
#if defined(_WIN32)
    popq %rdi
    popq %rsi
#endif
    retq
    .endm

#if !defined(_WIN32)
HoldRegisters:
    LOAD
1:  pause
    cmpl $0, held_word(%rip)
    je 1b
    STORE

CallWithRegisters:
    LOAD
    syscall
    STORE
#endif

FaultWithRegisters:
    LOAD
kFaultInstruction:
    movb 64, %al
kFaultResume:
    STORE

#elif defined(__i386__)

    .macro LOAD
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl 20(%esp), %edi
    pushl %edi
    movl 0(%edi), %eax
    movl 4(%edi), %ebx
    movl 8(%edi), %ecx
    movl 12(%edi), %edx
    movl 16(%edi), %esi
    movl 24(%edi), %ebp
    movl 20(%edi), %edi
    .endm

    .macro STORE
    pushl %edi
    movl 4(%esp), %edi
    movl %eax, 0(%edi)
    popl %eax
    movl %eax, 20(%edi)
    movl %ebx, 4(%edi)
    movl %ecx, 8(%edi)
    movl %edx, 12(%edi)
    movl %esi, 16(%edi)
    movl %ebp, 24(%edi)
    popl %edi
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    retl
    .endm

#if !defined(_WIN32)
HoldRegisters:
    LOAD
1:  pause
    cmpl $0, held_word
    je 1b
    STORE

CallWithRegisters:
    LOAD
#if FAULTLINE_BSD_CALLS
    // The arguments are on the stack, above a word that the kernel passes over.
    pushl %edx
    pushl %ecx
    pushl %ebx
    pushl $0
    int $0x80
    leal 16(%esp), %esp
#else
    int $0x80
#endif
    STORE
#endif

SYM(FaultWithRegisters):
    LOAD
SYM(kFaultInstruction):
    movb 64, %al
SYM(kFaultResume):
    STORE

#elif defined(__aarch64__)

    .macro LOAD
    stp x29, x30, [sp, #-112]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    str x0, [sp, #96]
    ldp x1, x2, [x0, #8]
    ldp x3, x4, [x0, #24]
    ldp x5, x6, [x0, #40]
    ldp x7, x8, [x0, #56]
    ldp x9, x10, [x0, #72]
    ldp x11, x12, [x0, #88]
    ldp x13, x14, [x0, #104]
    ldp x15, x16, [x0, #120]
    ldp x17, x18, [x0, #136]
    ldp x19, x20, [x0, #152]
    ldp x21, x22, [x0, #168]
    ldp x23, x24, [x0, #184]
    ldp x25, x26, [x0, #200]
    ldp x27, x28, [x0, #216]
    ldp x29, x30, [x0, #232]
    ldr x0, [x0]
    .endm

    .macro STORE
    stp x0, x1, [sp, #-16]!
    ldr x0, [sp, #112]
    stp x2, x3, [x0, #16]
    stp x4, x5, [x0, #32]
    stp x6, x7, [x0, #48]
    stp x8, x9, [x0, #64]
    stp x10, x11, [x0, #80]
    stp x12, x13, [x0, #96]
    stp x14, x15, [x0, #112]
    stp x16, x17, [x0, #128]
    stp x18, x19, [x0, #144]
    stp x20, x21, [x0, #160]
    stp x22, x23, [x0, #176]
    stp x24, x25, [x0, #192]
    stp x26, x27, [x0, #208]
    stp x28, x29, [x0, #224]
    str x30, [x0, #240]
    ldp x2, x3, [sp], #16
    stp x2, x3, [x0]
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #112
    ret
    .endm

HoldRegisters:
    LOAD
1:  yield
    adrp x0, held_word
    ldr w0, [x0, :lo12:held_word]
    cbz w0, 1b
    STORE

CallWithRegisters:
    LOAD
    svc #0
    STORE

FaultWithRegisters:
    LOAD
    mov x0, #64
kFaultInstruction:
    ldrb w0, [x0]
kFaultResume:
    STORE

#elif defined(__arm__)

    .macro LOAD
    push {r4-r11, lr}
    push {r0}
    mov lr, r0
    ldm lr!, {r0-r12}
    ldr lr, [lr]
    .endm

    .macro STORE
    push {r0, r1}
    ldr r0, [sp, #8]
    add r0, r0, #8
    stm r0, {r2-r12, lr}
    pop {r2, r3}
    str r3, [r0, #-4]
    str r2, [r0, #-8]
    add sp, sp, #4
    pop {r4-r11, pc}
    .endm

HoldRegisters:
    LOAD
1:  yield
    movw r0, #:lower16:held_word
    movt r0, #:upper16:held_word
    ldr r0, [r0]
    cmp r0, #0
    beq 1b
    STORE

CallWithRegisters:
    LOAD
    svc #0
    STORE

FaultWithRegisters:
    LOAD
    mov r0, #64
kFaultInstruction:
    ldrb r0, [r0]
kFaultResume:
    STORE

#elif defined(__riscv)

    .macro LOAD
    addi sp, sp, -128
    sd ra, 0(sp)
    sd gp, 8(sp)
    sd s0, 16(sp)
    sd s1, 24(sp)
    sd s2, 32(sp)
    sd s3, 40(sp)
    sd s4, 48(sp)
    sd s5, 56(sp)
    sd s6, 64(sp)
    sd s7, 72(sp)
    sd s8, 80(sp)
    sd s9, 88(sp)
    sd s10, 96(sp)
    sd s11, 104(sp)
    sd a0, 112(sp)
    ld ra, 0(a0)
    ld gp, 8(a0)
    ld t0, 16(a0)
    ld t1, 24(a0)
    ld t2, 32(a0)
    ld s0, 40(a0)
    ld s1, 48(a0)
    ld a1, 64(a0)
    ld a2, 72(a0)
    ld a3, 80(a0)
    ld a4, 88(a0)
    ld a5, 96(a0)
    ld a6, 104(a0)
    ld a7, 112(a0)
    ld s2, 120(a0)
    ld s3, 128(a0)
    ld s4, 136(a0)
    ld s5, 144(a0)
    ld s6, 152(a0)
    ld s7, 160(a0)
    ld s8, 168(a0)
    ld s9, 176(a0)
    ld s10, 184(a0)
    ld s11, 192(a0)
    ld t3, 200(a0)
    ld t4, 208(a0)
    ld t5, 216(a0)
    ld t6, 224(a0)
    ld a0, 56(a0)
    .endm

    .macro STORE
    sd a0, 120(sp)
    ld a0, 112(sp)
    sd ra, 0(a0)
    sd gp, 8(a0)
    sd t0, 16(a0)
    sd t1, 24(a0)
    sd t2, 32(a0)
    sd s0, 40(a0)
    sd s1, 48(a0)
    sd a1, 64(a0)
    sd a2, 72(a0)
    sd a3, 80(a0)
    sd a4, 88(a0)
    sd a5, 96(a0)
    sd a6, 104(a0)
    sd a7, 112(a0)
    sd s2, 120(a0)
    sd s3, 128(a0)
    sd s4, 136(a0)
    sd s5, 144(a0)
    sd s6, 152(a0)
    sd s7, 160(a0)
    sd s8, 168(a0)
    sd s9, 176(a0)
    sd s10, 184(a0)
    sd s11, 192(a0)
    sd t3, 200(a0)
    sd t4, 208(a0)
    sd t5, 216(a0)
    sd t6, 224(a0)
    ld a1, 120(sp)
    sd a1, 56(a0)
    ld ra, 0(sp)
    ld gp, 8(sp)
    ld s0, 16(sp)
    ld s1, 24(sp)
    ld s2, 32(sp)
    ld s3, 40(sp)
    ld s4, 48(sp)
    ld s5, 56(sp)
    ld s6, 64(sp)
    ld s7, 72(sp)
    ld s8, 80(sp)
    ld s9, 88(sp)
    ld s10, 96(sp)
    ld s11, 104(sp)
    addi sp, sp, 128
    ret
    .endm

HoldRegisters:
    LOAD
1:  lla a0, held_word
    lw a0, 0(a0)
    beqz a0, 1b
    STORE

CallWithRegisters:
    LOAD
    ecall
    STORE

FaultWithRegisters:
    LOAD
kFaultInstruction:
    lb a0, 64(zero)
kFaultResume:
    STORE

#endif

#if !defined(_WIN32)
    .size HoldRegisters, CallWithRegisters - HoldRegisters
    .size CallWithRegisters, FaultWithRegisters - CallWithRegisters
    .size FaultWithRegisters, . - FaultWithRegisters
    .section .note.GNU-stack, "", %progbits
#endif
