/* Where g and m of the running thread are: ELF TLS variables, or on Darwin fixed places above the
   base of GS (abi/darwin/numbers.h). TLS_G and TLS_M are operands, for assembly; their _ASM forms
   are for asm statements. */
#ifndef FAULTLINE_RUNTIME_ARCH_TLS_H_
#define FAULTLINE_RUNTIME_ARCH_TLS_H_

#if !defined(_WIN32)
#include FAULTLINE_NUMBERS_H
#endif

#if defined(TLS_OFFSET_G)
#define FAULTLINE_TEXT(x) #x
#define FAULTLINE_TEXT_OF(x) FAULTLINE_TEXT(x)
#define TLS_G % gs : TLS_OFFSET_G
#define TLS_M % gs : TLS_OFFSET_M
#define TLS_G_ASM "%%gs:" FAULTLINE_TEXT_OF(TLS_OFFSET_G)
#define TLS_M_ASM "%%gs:" FAULTLINE_TEXT_OF(TLS_OFFSET_M)
#elif defined(__x86_64__)
#define TLS_G % fs : runtime_g @tpoff
#define TLS_M % fs : runtime_m @tpoff
#define TLS_G_ASM "%%fs:runtime_g@tpoff"
#define TLS_M_ASM "%%fs:runtime_m@tpoff"
#else
#define TLS_G % gs : runtime_g @ntpoff
#define TLS_M % gs : runtime_m @ntpoff
#define TLS_G_ASM "%%gs:runtime_g@ntpoff"
#define TLS_M_ASM "%%gs:runtime_m@ntpoff"
#endif

#endif /* FAULTLINE_RUNTIME_ARCH_TLS_H_ */
