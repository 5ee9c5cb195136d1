// int ForeignClone(unsigned flags, void* stack_top, int* child_tid, void* tls, void (*function)(void*), void* argument)
//
// clone() whose child calls function(argument) on the new stack and ends itself; no libc, no runtime. Returns the new
// thread's number or a negative errno in the creator; never returns in the child.
// `tls` is the new FS base on amd64, a struct user_desc* on 386; it counts only with CLONE_SETTLS. On 386 `flags` without
// CLONE_SETTLS and a `tls` of 0 gives the child a GS selector of 0.
// Numbers and argument orders: abi/linux.

#define SYS_CLONE_AMD64 56
#define SYS_EXIT_AMD64 60
#define SYS_CLONE_386 120
#define SYS_EXIT_386 1

    .text
    .globl ForeignClone
    .type ForeignClone, @function

#if defined(__x86_64__)

// In:    edi flags, rsi stack top (16-aligned), rdx child_tid, rcx tls, r8 function, r9 argument. Out: eax.
// Kept:  rbx rbp rsp r12-r15.
// Stack: creator's: nothing; child's: 8 bytes below its top.
// Kernel: clone(flags, stack, parent_tid, child_tid, tls) in rdi rsi rdx r10 r8. function and argument travel in r12 and
// r13, which the kernel copies into the child.
ForeignClone:
    pushq %r12
    pushq %r13
    movq %r8, %r12
    movq %r9, %r13
    movq %rdx, %r10
    movq %rcx, %r8
    movl $SYS_CLONE_AMD64, %eax
    syscall
    testl %eax, %eax
    jz 1f
    popq %r13
    popq %r12
    retq
1:
    xorl %ebp, %ebp
    movq %r13, %rdi
    callq *%r12
    xorl %edi, %edi
    movl $SYS_EXIT_AMD64, %eax
    syscall
    hlt

#elif defined(__i386__)

// In:    4(%esp) flags, stack top (16-aligned), child_tid, tls, function, argument. Out: eax. Kept: ebx ebp esi edi esp.
// Stack: creator's: 20 bytes; child's: 16 bytes below its top.
// Kernel: clone(flags, stack, parent_tid, tls, child_tid) in ebx ecx edx esi edi. function and argument are stored at the
// child's top before it exists. GS is the creator's until after the call; the child inherits the selector it has then.
ForeignClone:
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl 20(%esp), %ebx
    movl 24(%esp), %ecx
    movl 28(%esp), %edi
    movl 32(%esp), %esi
    subl $16, %ecx
    movl 36(%esp), %eax
    movl %eax, 4(%ecx)
    movl 40(%esp), %eax
    movl %eax, 0(%ecx)
    movl %gs, %ebp
    // No CLONE_SETTLS (0x80000) and no tls: none for the child.
    testl $0x80000, %ebx
    jnz 1f
    testl %esi, %esi
    jnz 1f
    xorl %eax, %eax
    movl %eax, %gs
1:
    movl $SYS_CLONE_386, %eax
    int $0x80
    testl %eax, %eax
    jz 2f
    movl %ebp, %gs
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    retl
2:
    xorl %ebp, %ebp
    // 0(%esp) is the argument already.
    calll *4(%esp)
    xorl %ebx, %ebx
    movl $SYS_EXIT_386, %eax
    int $0x80
    hlt

#endif

    .size ForeignClone, . - ForeignClone
    .section .note.GNU-stack, "", @progbits
