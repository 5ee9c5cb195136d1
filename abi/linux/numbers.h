/* Call numbers that assembly needs, of the arch this is compiled for. */
#ifndef FAULTLINE_ABI_LINUX_NUMBERS_H_
#define FAULTLINE_ABI_LINUX_NUMBERS_H_

#if defined(__x86_64__)
#include "abi/linux/amd64/numbers.h"
#elif defined(__i386__)
#include "abi/linux/386/numbers.h"
#elif defined(__aarch64__)
#include "abi/linux/arm64/numbers.h"
#elif defined(__arm__)
#include "abi/linux/arm/numbers.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "abi/linux/riscv64/numbers.h"
#endif

#endif /* FAULTLINE_ABI_LINUX_NUMBERS_H_ */
