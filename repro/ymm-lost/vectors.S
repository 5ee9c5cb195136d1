// The vector registers of AVX, set and read by known instructions. See vectors.h.
//
//   void HoldVectors(const Vectors* in, Vectors* out, void (*step)())
//   void LoadVectors(const Vectors* in)
//
// In: by the C ABI. Out: nothing. Kept: as the C ABI asks; LoadVectors leaves the upper halves in use.
// Stack: the caller's; 24 bytes on amd64, 32 on 386, beside what `step` needs.

    .text
    .globl HoldVectors, LoadVectors
    .type HoldVectors, @function
    .type LoadVectors, @function

    .macro LOAD from
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    vmovups 32*\n(\from), %ymm\n
    .endr
#if defined(__x86_64__)
    .irp n, 8, 9, 10, 11, 12, 13, 14, 15
    vmovups 32*\n(\from), %ymm\n
    .endr
#endif
    .endm

    .macro STORE to
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    vmovups %ymm\n, 32*\n(\to)
    .endr
#if defined(__x86_64__)
    .irp n, 8, 9, 10, 11, 12, 13, 14, 15
    vmovups %ymm\n, 32*\n(\to)
    .endr
#endif
    .endm

HoldVectors:
#if defined(__x86_64__)
    pushq %rbx
    movq %rsi, %rbx
    LOAD %rdi
    call *%rdx
    STORE %rbx
    vzeroupper
    popq %rbx
    retq
#else
    pushl %ebx
    subl $8, %esp
    movl 16(%esp), %ecx
    movl 20(%esp), %ebx
    movl 24(%esp), %edx
    LOAD %ecx
    call *%edx
    STORE %ebx
    vzeroupper
    addl $8, %esp
    popl %ebx
    retl
#endif

LoadVectors:
#if defined(__x86_64__)
    LOAD %rdi
    retq
#else
    movl 4(%esp), %ecx
    LOAD %ecx
    retl
#endif

    .size HoldVectors, LoadVectors - HoldVectors
    .size LoadVectors, . - LoadVectors
    .section .note.GNU-stack, "", @progbits
