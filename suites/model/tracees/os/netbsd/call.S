// The mark of a program for NetBSD, and what its handlers return to.

#include "abi/netbsd/note.h"
#include "abi/netbsd/numbers.h"

    NETBSD_NOTE

    .text
// void HandlerReturn()
// In: amd64 r15, 386 8(%esp): the context, as the kernel has left it there. Does not return. Stack: the kernel's frame less
// its first word.
    .globl HandlerReturn
HandlerReturn:
#if defined(__x86_64__)
    movq %r15, %rdi
    movl $NR_setcontext, %eax
    syscall
#else
    pushl 8(%esp)
    pushl $0
    movl $NR_setcontext, %eax
    int $0x80
#endif
    hlt

// int GetContext(UContext*)
// In: amd64 rdi, 386 4(%esp). Out: 0; 1 when the context is loaded. Kept: as the C ABI asks. Stack: the caller's.
    .globl GetContext
GetContext:
#if defined(__x86_64__)
    movl $307, %eax
    syscall
    movq 0(%rsp), %rcx
    movq %rcx, 224(%rdi)        // rip
    leaq 8(%rsp), %rcx
    movq %rcx, 248(%rdi)        // rsp
    movq $1, 168(%rdi)          // rax
#else
    movl $307, %eax
    int $0x80
    movl 4(%esp), %edx
    movl 0(%esp), %ecx
    movl %ecx, 92(%edx)         // eip
    leal 4(%esp), %ecx
    movl %ecx, 104(%edx)        // esp
    movl $1, 80(%edx)           // eax
#endif
    xorl %eax, %eax
    ret

// void HandlerProbe(int, SigInfo*, UContext*)
// In: a handler's arguments; amd64: r15, rcx, r11. Goes on with the function in `probed`. Stack: the kernel's frame.
    .globl HandlerProbe
HandlerProbe:
#if defined(__x86_64__)
    movq %r15, handler_registers+0(%rip)
    movq %rcx, handler_registers+8(%rip)
    movq %r11, handler_registers+16(%rip)
    jmp *probed(%rip)
#else
    jmp *probed
#endif

    .section .note.GNU-stack, "", @progbits
