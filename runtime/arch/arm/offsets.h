/* Where assembly finds the fields of G and M: they are words, as many bytes each as on 386. */
#ifndef FAULTLINE_RUNTIME_ARCH_ARM_OFFSETS_H_
#define FAULTLINE_RUNTIME_ARCH_ARM_OFFSETS_H_

#include "runtime/arch/386/offsets.h"

#endif /* FAULTLINE_RUNTIME_ARCH_ARM_OFFSETS_H_ */
