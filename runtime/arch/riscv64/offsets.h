/* Where assembly finds the fields of G and M: they are words, as many bytes each as on amd64. */
#ifndef FAULTLINE_RUNTIME_ARCH_RISCV64_OFFSETS_H_
#define FAULTLINE_RUNTIME_ARCH_RISCV64_OFFSETS_H_

#include "runtime/arch/amd64/offsets.h"

#endif /* FAULTLINE_RUNTIME_ARCH_RISCV64_OFFSETS_H_ */
