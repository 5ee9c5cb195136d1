// Known values in every general register, across something that must not change them. See sentinels.h.
//
//   void HoldRegisters(Registers*)        spins while held_word is 0
//   void CallWithRegisters(Registers*)    a system call: SYSCALL on amd64, INT 0x80 on 386
//   void FaultWithRegisters(Registers*)   a load from address 64
//
// In:    the pointer, by the C ABI. Out: nothing. Kept: what the C ABI asks.
// Stack: the caller's; 64 bytes on amd64, 36 on 386.

#include FAULTLINE_NUMBERS_H

    .text
    .globl HoldRegisters, CallWithRegisters, FaultWithRegisters
    .globl kFaultInstruction, kFaultResume
    .type HoldRegisters, @function
    .type CallWithRegisters, @function
    .type FaultWithRegisters, @function
    .type kFaultInstruction, @notype
    .type kFaultResume, @notype

#if defined(__x86_64__)

    .macro LOAD
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
    retq
    .endm

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

FaultWithRegisters:
    LOAD
kFaultInstruction:
    movb 64, %al
kFaultResume:
    STORE

#endif

    .size HoldRegisters, CallWithRegisters - HoldRegisters
    .size CallWithRegisters, FaultWithRegisters - CallWithRegisters
    .size FaultWithRegisters, . - FaultWithRegisters
    .section .note.GNU-stack, "", @progbits
