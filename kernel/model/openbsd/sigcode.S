// The trampolines that the kernel puts into a program's memory: a signal's handler is called from them, and returns
// to them. Copied from here byte by byte; never run in the model itself.
// Source of what they do: sys/arch/amd64/amd64/locore.S, sys/arch/i386/i386/locore.s (sigcode).

    .section .rodata
    .globl OpenbsdSigcodeAmd64
    .globl OpenbsdSigcodeAmd64Returns
    .globl OpenbsdSigcodeAmd64End
    .globl OpenbsdSigcode386
    .globl OpenbsdSigcode386Returns
    .globl OpenbsdSigcode386End

// In: rsp: struct sigcontext; rax: the handler; rdi, rsi, rdx: its arguments. Does not return.
// Stack: the program's, as the kernel chose it. At the handler's entry rsp mod 16 is 8.
    .code64
OpenbsdSigcodeAmd64:
    callq *%rax
    movq %rsp, %rdi
    pushq %rdi
    movq $103, %rax
    syscall
OpenbsdSigcodeAmd64Returns:
    movq $1, %rax
    syscall
    hlt
OpenbsdSigcodeAmd64End:

// In: esp: struct sigframe; the handler's arguments are its first words, the handler the fourth. Does not return.
// Stack: the program's, as the kernel chose it.
    .code32
OpenbsdSigcode386:
    calll *12(%esp)
    leal 16(%esp), %eax
    pushl %eax
    pushl %eax
    movl $103, %eax
    int $0x80
OpenbsdSigcode386Returns:
    movl $1, %eax
    int $0x80
    hlt
OpenbsdSigcode386End:
    .section .note.GNU-stack, "", @progbits
