// What compilers call by themselves on windows/amd64, for programs without a C library.

#include "runtime/arch/amd64/convention.h"

    .text

// ___chkstk_ms: called before a frame of more than a page is made: touches each of its pages from above, so that the
// guard page below the stack moves with it. In: rax = bytes. Keeps every register. The caller's stack.
FUNCTION(___chkstk_ms)
    pushq %rcx
    pushq %rax
    leaq 24(%rsp), %rcx
1:  cmpq $0x1000, %rax
    jb 2f
    subq $0x1000, %rcx
    orq $0, (%rcx)
    subq $0x1000, %rax
    jmp 1b
2:  subq %rax, %rcx
    orq $0, (%rcx)
    popq %rax
    popq %rcx
    ret
END(___chkstk_ms)
