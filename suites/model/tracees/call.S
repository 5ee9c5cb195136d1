// Calls by a known instruction, with every register under control; a seventh argument and what is behind it are 0. See tracee.h; struct Call is words: number 0,
// arguments 1 to 6, result 7, second 8, failed 9, rcx 10, r8 11, r9 12, r10 13, r11 14.

    .text

#if defined(__x86_64__)

#define W(n) (8*(n))

    .globl _start
// In: rsp, or on FreeBSD rdi: the stack's first word. Does not return. Stack: the kernel's.
_start:
    movq %rax, start_registers+W(0)(%rip)
    movq %rbx, start_registers+W(1)(%rip)
    movq %rcx, start_registers+W(2)(%rip)
    movq %rdx, start_registers+W(3)(%rip)
    movq %rsi, start_registers+W(4)(%rip)
    movq %rdi, start_registers+W(5)(%rip)
    movq %rbp, start_registers+W(6)(%rip)
    movq %rsp, start_registers+W(7)(%rip)
    movq %r8, start_registers+W(8)(%rip)
    movq %r9, start_registers+W(9)(%rip)
    movq %r10, start_registers+W(10)(%rip)
    movq %r11, start_registers+W(11)(%rip)
    movq %r12, start_registers+W(12)(%rip)
    movq %r13, start_registers+W(13)(%rip)
    movq %r14, start_registers+W(14)(%rip)
    movq %r15, start_registers+W(15)(%rip)
#if !defined(__FreeBSD__)
    movq %rsp, %rdi
#endif
    andq $-16, %rsp
    call TraceeMain
    hlt

// void CallBySyscall(Call*)
// In: rdi. Out: the fields. Kept: as the C ABI asks. Stack: the caller's; 32 bytes.
    .globl CallBySyscall
CallBySyscall:
    pushq %rbx
    pushq $0
    pushq $0
    movq %rdi, %rbx
    movq W(0)(%rbx), %rax
    movq W(2)(%rbx), %rsi
    movq W(3)(%rbx), %rdx
    movq W(4)(%rbx), %r10
    movq W(5)(%rbx), %r8
    movq W(6)(%rbx), %r9
    movq W(1)(%rbx), %rdi
    syscall
    jmp Store

// void CallByInterrupt(Call*)
// The same by INT 0x80: the fourth argument is in rcx on FreeBSD, where r10 and r11 hold what the fields of their names
// do; in r10 elsewhere, where rcx and r11 hold them.
    .globl CallByInterrupt
CallByInterrupt:
    pushq %rbx
    pushq $0
    pushq $0
    movq %rdi, %rbx
    movq W(0)(%rbx), %rax
    movq W(2)(%rbx), %rsi
    movq W(3)(%rbx), %rdx
#if defined(__FreeBSD__)
    movq W(4)(%rbx), %rcx
    movq W(13)(%rbx), %r10
#else
    movq W(4)(%rbx), %r10
    movq W(10)(%rbx), %rcx
#endif
    movq W(5)(%rbx), %r8
    movq W(6)(%rbx), %r9
    movq W(14)(%rbx), %r11
    movq W(1)(%rbx), %rdi
    int $0x80
Store:
    movq %rax, W(7)(%rbx)
    movq %rdx, W(8)(%rbx)
    movq %rcx, W(10)(%rbx)
    movq %r8, W(11)(%rbx)
    movq %r9, W(12)(%rbx)
    movq %r10, W(13)(%rbx)
    movq %r11, W(14)(%rbx)
    setc %al
    movzbl %al, %eax
    movq %rax, W(9)(%rbx)
    addq $16, %rsp
    popq %rbx
    ret

// int KeptRegistersLost(Word number)
// In: rdi. Out: rax. Kept: as the C ABI asks. Stack: the caller's; 48 bytes.
    .globl KeptRegistersLost
KeptRegistersLost:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rdi, %rax
    movq $0x1b, %rbx
    movq $0x1c, %rbp
    movq $0x12, %r12
    movq $0x13, %r13
    movq $0x14, %r14
    movq $0x15, %r15
    movq $0x1d, %rdi
    movq $0x1e, %rsi
    syscall
    xorl %eax, %eax
    cmpq $0x1b, %rbx
    je 1f
    incl %eax
1:  cmpq $0x1c, %rbp
    je 1f
    incl %eax
1:  cmpq $0x12, %r12
    je 1f
    incl %eax
1:  cmpq $0x13, %r13
    je 1f
    incl %eax
1:  cmpq $0x14, %r14
    je 1f
    incl %eax
1:  cmpq $0x15, %r15
    je 1f
    incl %eax
1:  cmpq $0x1d, %rdi
    je 1f
    incl %eax
1:  cmpq $0x1e, %rsi
    je 1f
    incl %eax
1:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

// In: rdi: a Birth. Does not return. Stack: the thread's own.
    .globl ThreadStart
ThreadStart:
    movq %rsp, 16(%rdi)
    movq %rbp, 24(%rdi)
    movq %rax, 32(%rdi)
    movq 0(%rdi), %rax
    movq 8(%rdi), %rdi
    andq $-16, %rsp
    call *%rax
    call ThreadExit
    hlt

#else

#define W(n) (4*(n))

    .globl _start
// In: esp: the stack's first word. Does not return. Stack: the kernel's.
_start:
    movl %eax, start_registers+W(0)
    movl %ebx, start_registers+W(1)
    movl %ecx, start_registers+W(2)
    movl %edx, start_registers+W(3)
    movl %esi, start_registers+W(4)
    movl %edi, start_registers+W(5)
    movl %ebp, start_registers+W(6)
    movl %esp, start_registers+W(7)
    movl %esp, %eax
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call TraceeMain
    hlt

// void CallByInterrupt(Call*)
// In: 4(%esp). Out: the fields. Kept: as the C ABI asks. Stack: the caller's; 44 bytes, the arguments on it; the third is
// in edx too.
    .globl CallByInterrupt
CallByInterrupt:
    pushl %ebx
    movl 8(%esp), %ebx
    pushl $0                    // the upper half of a wide sixth argument
    pushl W(6)(%ebx)
    pushl W(5)(%ebx)
    pushl W(4)(%ebx)
    pushl W(3)(%ebx)
    pushl W(2)(%ebx)
    pushl W(1)(%ebx)
    pushl $0
    movl W(0)(%ebx), %eax
    movl W(3)(%ebx), %edx
    int $0x80
    movl %eax, W(7)(%ebx)
    movl %edx, W(8)(%ebx)
    movl %ecx, W(10)(%ebx)
    setc %al
    movzbl %al, %eax
    movl %eax, W(9)(%ebx)
    addl $32, %esp
    popl %ebx
    ret

// int KeptRegistersLost(Word number)
// In: 4(%esp). Out: eax. Kept: as the C ABI asks. Stack: the caller's; 32 bytes.
    .globl KeptRegistersLost
KeptRegistersLost:
    movl 4(%esp), %eax
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl $0x1b, %ebx
    movl $0x1c, %ebp
    movl $0x1d, %esi
    movl $0x1e, %edi
    movl $0x1f, %ecx
    int $0x80
    movl $0, %eax
    cmpl $0x1b, %ebx
    je 1f
    incl %eax
1:  cmpl $0x1c, %ebp
    je 1f
    incl %eax
1:  cmpl $0x1d, %esi
    je 1f
    incl %eax
1:  cmpl $0x1e, %edi
    je 1f
    incl %eax
1:  cmpl $0x1f, %ecx
    je 1f
    incl %eax
1:  popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    ret

// In: 4(%esp): a Birth. Does not return. Stack: the thread's own.
    .globl ThreadStart
ThreadStart:
    movl 4(%esp), %ecx
    movl %esp, 8(%ecx)
    movl %ebp, 12(%ecx)
    movl %eax, 16(%ecx)
    andl $-16, %esp
    subl $12, %esp
    pushl 4(%ecx)
    call *0(%ecx)
    call ThreadExit
    hlt

#endif

    .section .note.GNU-stack, "", @progbits
