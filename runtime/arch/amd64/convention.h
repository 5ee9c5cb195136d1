/* clang-format off */
/* What assembly on amd64 needs to know of the C++ code around it: the calling convention, how to reach g and m, and
 * how symbols are marked. System V and ELF everywhere but on Windows.
 *
 * The routines keep what the convention says is the caller's; KEEP pushes and DROP pops what of that is not in
 * rbx, rbp, r12-r15; KEEP_TO and KEEP_FROM move it to memory and back. Their scratch registers, rax, r10 and r11, are
 * arguments in neither convention. */
#ifndef FAULTLINE_RUNTIME_ARCH_AMD64_CONVENTION_H_
#define FAULTLINE_RUNTIME_ARCH_AMD64_CONVENTION_H_

#if defined(_WIN32)

/* Arguments in rcx, rdx, r8, r9. Above the return address there are four words that are the callee's: HOME makes them.
 * rsi, rdi and xmm6-xmm15 are the caller's too. */
#define ARG0 %rcx
#define ARG1 %rdx
#define ARG2 %r8
#define HOME subq $32, %rsp
#define KEEP_BYTES 176
#define KEEP_TO(at) \
    movq %rsi, 0+at; movq %rdi, 8+at; \
    movups %xmm6, 16+at; movups %xmm7, 32+at; movups %xmm8, 48+at; movups %xmm9, 64+at; movups %xmm10, 80+at; \
    movups %xmm11, 96+at; movups %xmm12, 112+at; movups %xmm13, 128+at; movups %xmm14, 144+at; movups %xmm15, 160+at
#define KEEP_FROM(at) \
    movq 0+at, %rsi; movq 8+at, %rdi; \
    movups 16+at, %xmm6; movups 32+at, %xmm7; movups 48+at, %xmm8; movups 64+at, %xmm9; movups 80+at, %xmm10; \
    movups 96+at, %xmm11; movups 112+at, %xmm12; movups 128+at, %xmm13; movups 144+at, %xmm14; movups 160+at, %xmm15
#define KEEP subq $KEEP_BYTES, %rsp; KEEP_TO(0(%rsp))
#define DROP KEEP_FROM(0(%rsp)); addq $KEEP_BYTES, %rsp

/* g and m are TLS slots of the TEB; where those are is known since the start (os/windows/tls.cc). */
#define LOAD_G(to) movq runtime_gslot(%rip), to; movq %gs:(to), to
#define LOAD_M(to) movq runtime_mslot(%rip), to; movq %gs:(to), to
#define STORE_G(from, scratch) movq runtime_gslot(%rip), scratch; movq from, %gs:(scratch)

#define FUNCTION(name) \
    .globl name; .def name; .scl 2; .type 32; .endef; .p2align 4; name:
#define END(name)
#define NO_EXECUTABLE_STACK

#else

/* Arguments in rdi, rsi, rdx, rcx, r8, r9. */
#define ARG0 %rdi
#define ARG1 %rsi
#define ARG2 %rdx
#define HOME
#define KEEP_TO(at)
#define KEEP_FROM(at)
#define KEEP
#define DROP

/* g and m are ELF TLS variables at the FS base, or places that arch/tls.h knows. */
#include "runtime/arch/tls.h"
#define LOAD_G(to) movq TLS_G, to
#define LOAD_M(to) movq TLS_M, to
#define STORE_G(from, scratch) movq from, TLS_G

#define FUNCTION(name) \
    .globl name; .type name, @function; .p2align 4; name:
#define END(name) \
    .size name, . - name
#define NO_EXECUTABLE_STACK .section .note.GNU-stack, "", @progbits

#endif

#endif /* FAULTLINE_RUNTIME_ARCH_AMD64_CONVENTION_H_ */
