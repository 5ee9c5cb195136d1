// What compilers call by themselves on windows/386, for programs without a C library.

#include "runtime/arch/386/convention.h"

    .text

// __alloca: makes room on the stack: touches each page of it from above, so that the guard page below the stack moves
// with it. In: eax = bytes. Out: esp that much lower. Clobbers eax. Keeps every other register. The caller's stack.
FUNCTION(_alloca)
    pushl %ecx
    leal 8(%esp), %ecx
1:  cmpl $0x1000, %eax
    jb 2f
    subl $0x1000, %ecx
    orl $0, (%ecx)
    subl $0x1000, %eax
    jmp 1b
2:  subl %eax, %ecx
    orl $0, (%ecx)
    movl %esp, %eax
    movl %ecx, %esp
    movl (%eax), %ecx
    jmp *4(%eax)
END(_alloca)
