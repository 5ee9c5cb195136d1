#include "runtime/sys/context.h"

#include <stddef.h>

namespace runtime::sys {

#define FAULTLINE_R(name) {#name, offsetof(os::MContext, name)}
#if defined(__x86_64__)
const RegisterName kRegisters[] = {
    FAULTLINE_R(rax), FAULTLINE_R(rbx), FAULTLINE_R(rcx), FAULTLINE_R(rdx), FAULTLINE_R(rdi),
    FAULTLINE_R(rsi), FAULTLINE_R(rbp), FAULTLINE_R(rsp), FAULTLINE_R(r8),  FAULTLINE_R(r9),
    FAULTLINE_R(r10), FAULTLINE_R(r11), FAULTLINE_R(r12), FAULTLINE_R(r13), FAULTLINE_R(r14),
    FAULTLINE_R(r15), FAULTLINE_R(rip), {nullptr, 0},
};
#elif defined(__i386__)
const RegisterName kRegisters[] = {
    FAULTLINE_R(eax), FAULTLINE_R(ebx), FAULTLINE_R(ecx), FAULTLINE_R(edx), FAULTLINE_R(edi),
    FAULTLINE_R(esi), FAULTLINE_R(ebp), FAULTLINE_R(esp), FAULTLINE_R(eip), {nullptr, 0},
};
#endif
#undef FAULTLINE_R

}  // namespace runtime::sys
