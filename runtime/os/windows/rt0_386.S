// rt0: the first instruction of a freestanding program on windows/386.
// In: esp as after a call, the return address leads to ntdll; the TEB's slots are 0. Stands on the main thread's stack,
// which becomes m0's g0. Does not return.

#include "runtime/arch/386/convention.h"

    .text
FUNCTION(runtime_rt0)
    xorl %ebp, %ebp
    movl %esp, %eax
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call SYM(runtime_rt0go)
    ud2
END(runtime_rt0)
