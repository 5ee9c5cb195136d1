/* clang-format off */
/* What assembly on 386 needs to know of the C++ code around it: how to reach g and m, and how symbols are called and
 * marked. The calling convention is the same everywhere: arguments on the stack; ebx, ebp, esi, edi are the caller's. */
#ifndef FAULTLINE_RUNTIME_ARCH_386_CONVENTION_H_
#define FAULTLINE_RUNTIME_ARCH_386_CONVENTION_H_

#if defined(_WIN32)

/* C's name of what assembly calls name. */
#define SYM(name) _##name

/* g and m are TLS slots of the TEB; where those are is known since the start (os/windows/tls.cc). */
#define LOAD_G(to) movl SYM(runtime_gslot), to; movl %fs:(to), to
#define LOAD_M(to) movl SYM(runtime_mslot), to; movl %fs:(to), to
#define STORE_G(from, scratch) movl SYM(runtime_gslot), scratch; movl from, %fs:(scratch)

#define FUNCTION(name) \
    .globl SYM(name); .def SYM(name); .scl 2; .type 32; .endef; .p2align 4; SYM(name):
#define END(name)
#define NO_EXECUTABLE_STACK

#else

#define SYM(name) name

/* g and m are ELF TLS variables at the GS base, or places that arch/tls.h knows. */
#include "runtime/arch/tls.h"
#define LOAD_G(to) movl TLS_G, to
#define LOAD_M(to) movl TLS_M, to
#define STORE_G(from, scratch) movl from, TLS_G

#define FUNCTION(name) \
    .globl name; .type name, @function; .p2align 4; name:
#define END(name) \
    .size name, . - name
#define NO_EXECUTABLE_STACK .section .note.GNU-stack, "", @progbits

#endif

#endif /* FAULTLINE_RUNTIME_ARCH_386_CONVENTION_H_ */
