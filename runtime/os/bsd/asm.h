/* What the BSDs' assembly begins with. */
#ifndef FAULTLINE_RUNTIME_OS_BSD_ASM_H_
#define FAULTLINE_RUNTIME_OS_BSD_ASM_H_

#include FAULTLINE_NUMBERS_H

#define FUNCTION(name)   \
  .globl name;           \
  .type name, @function; \
  .p2align 4;            \
  name:
#define END(name) .size name, .- name

/* amd64: the way into the kernel, and where it has the fourth argument. */
#if FAULTLINE_PATH_INT80
#define ENTER int $0x80
#else
#define ENTER syscall
#endif
#if FAULTLINE_PATH_INT80 && defined(FAULTLINE_INT80_FOURTH)
#define ARG4 FAULTLINE_INT80_FOURTH
#else
#define ARG4 % r10
#endif

#endif /* FAULTLINE_RUNTIME_OS_BSD_ASM_H_ */
