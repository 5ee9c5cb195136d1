// rt0: the first instruction of a freestanding program on windows/amd64.
// In: rsp as after a call, the return address leads to ntdll; the TEB's slots are 0. Stands on the main thread's stack,
// which becomes m0's g0. Does not return.

#include "runtime/arch/amd64/convention.h"

    .text
FUNCTION(runtime_rt0)
    xorl %ebp, %ebp
    movq %rsp, ARG0
    andq $-16, %rsp
    HOME
    call runtime_rt0go
    ud2
END(runtime_rt0)
