#include "runtime/sys/context.h"

#include <stddef.h>

namespace runtime::sys {

#define FAULTLINE_R(name) {#name, offsetof(os::MContext, name)}
#if defined(__x86_64__)
const RegisterName kRegisters[] = {
    FAULTLINE_R(rax), FAULTLINE_R(rbx),    FAULTLINE_R(rcx), FAULTLINE_R(rdx), FAULTLINE_R(rdi),
    FAULTLINE_R(rsi), FAULTLINE_R(rbp),    FAULTLINE_R(rsp), FAULTLINE_R(r8),  FAULTLINE_R(r9),
    FAULTLINE_R(r10), FAULTLINE_R(r11),    FAULTLINE_R(r12), FAULTLINE_R(r13), FAULTLINE_R(r14),
    FAULTLINE_R(r15), FAULTLINE_R(eflags), FAULTLINE_R(rip), {nullptr, 0},
};
#elif defined(__i386__)
const RegisterName kRegisters[] = {
    FAULTLINE_R(eax),    FAULTLINE_R(ebx), FAULTLINE_R(ecx), FAULTLINE_R(edx),
    FAULTLINE_R(edi),    FAULTLINE_R(esi), FAULTLINE_R(ebp), FAULTLINE_R(esp),
    FAULTLINE_R(eflags), FAULTLINE_R(eip), {nullptr, 0},
};
#elif defined(__aarch64__)
#define FAULTLINE_X(n) {"x" #n, offsetof(os::MContext, regs) + 8 * (n)}
const RegisterName kRegisters[] = {
    FAULTLINE_X(0),  FAULTLINE_X(1),  FAULTLINE_X(2),  FAULTLINE_X(3),      FAULTLINE_X(4),
    FAULTLINE_X(5),  FAULTLINE_X(6),  FAULTLINE_X(7),  FAULTLINE_X(8),      FAULTLINE_X(9),
    FAULTLINE_X(10), FAULTLINE_X(11), FAULTLINE_X(12), FAULTLINE_X(13),     FAULTLINE_X(14),
    FAULTLINE_X(15), FAULTLINE_X(16), FAULTLINE_X(17), FAULTLINE_X(18),     FAULTLINE_X(19),
    FAULTLINE_X(20), FAULTLINE_X(21), FAULTLINE_X(22), FAULTLINE_X(23),     FAULTLINE_X(24),
    FAULTLINE_X(25), FAULTLINE_X(26), FAULTLINE_X(27), FAULTLINE_X(28),     FAULTLINE_X(29),
    FAULTLINE_X(30), FAULTLINE_R(sp), FAULTLINE_R(pc), FAULTLINE_R(pstate), {nullptr, 0},
};
#undef FAULTLINE_X
#elif defined(__arm__)
const RegisterName kRegisters[] = {
    FAULTLINE_R(r0),  FAULTLINE_R(r1), FAULTLINE_R(r2), FAULTLINE_R(r3), FAULTLINE_R(r4),
    FAULTLINE_R(r5),  FAULTLINE_R(r6), FAULTLINE_R(r7), FAULTLINE_R(r8), FAULTLINE_R(r9),
    FAULTLINE_R(r10), FAULTLINE_R(fp), FAULTLINE_R(ip), FAULTLINE_R(sp), FAULTLINE_R(lr),
    FAULTLINE_R(pc),  {nullptr, 0},
};
#elif defined(__riscv)
const RegisterName kRegisters[] = {
    FAULTLINE_R(ra),  FAULTLINE_R(gp), FAULTLINE_R(tp), FAULTLINE_R(t0), FAULTLINE_R(t1),
    FAULTLINE_R(t2),  FAULTLINE_R(s0), FAULTLINE_R(s1), FAULTLINE_R(a0), FAULTLINE_R(a1),
    FAULTLINE_R(a2),  FAULTLINE_R(a3), FAULTLINE_R(a4), FAULTLINE_R(a5), FAULTLINE_R(a6),
    FAULTLINE_R(a7),  FAULTLINE_R(s2), FAULTLINE_R(s3), FAULTLINE_R(s4), FAULTLINE_R(s5),
    FAULTLINE_R(s6),  FAULTLINE_R(s7), FAULTLINE_R(s8), FAULTLINE_R(s9), FAULTLINE_R(s10),
    FAULTLINE_R(s11), FAULTLINE_R(t3), FAULTLINE_R(t4), FAULTLINE_R(t5), FAULTLINE_R(t6),
    FAULTLINE_R(sp),  FAULTLINE_R(pc), {nullptr, 0},
};
#endif
#undef FAULTLINE_R

}  // namespace runtime::sys
