// The trampolines that the kernel puts into a program's memory: a signal's handler is called from them, and returns
// to them. Copied from here byte by byte; never run in the model itself.
// Source of what they do: FreeBSD 10.4 sys/amd64/amd64/sigtramp.S, sys/i386/i386/locore.s.

    .section .rodata
    .globl FreebsdSigcodeAmd64
    .globl FreebsdSigcodeAmd64End
    .globl FreebsdSigcode386
    .globl FreebsdSigcode386End

// In: rsp: struct sigframe, whose first word is the handler; rdi, rsi, rdx, rcx: its arguments. Does not return.
// Stack: the program's, as the kernel chose it. At the handler's entry rsp mod 16 is 8.
    .code64
FreebsdSigcodeAmd64:
    callq *(%rsp)
    leaq 16(%rsp), %rdi
    pushq $0
    movq $417, %rax
    syscall
1:  hlt
    jmp 1b
FreebsdSigcodeAmd64End:

// In: esp: struct sigframe; the handler's arguments are its first words. Does not return.
// Stack: the program's, as the kernel chose it. gs is the interrupted code's again before sigreturn; the program's
// state is never virtual 8086's here, so that needs no test.
    .code32
FreebsdSigcode386:
    calll *16(%esp)
    leal 32(%esp), %eax
    pushl %eax
    movw 20(%eax), %gs
    movl $417, %eax
    pushl %eax
    int $0x80
2:  jmp 2b
FreebsdSigcode386End:
    .section .note.GNU-stack, "", @progbits
