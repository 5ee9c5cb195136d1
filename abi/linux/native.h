// The Linux ABI of the arch this is compiled for, as namespace faultline::abi::native.
#ifndef FAULTLINE_ABI_LINUX_NATIVE_H_
#define FAULTLINE_ABI_LINUX_NATIVE_H_

#include "abi/linux/constants.h"

#if defined(__x86_64__)
#include "abi/linux/amd64/calls.h"
#include "abi/linux/amd64/numbers.h"
#include "abi/linux/amd64/structs.h"
namespace faultline::abi {
namespace native = linux_amd64;
}
#elif defined(__i386__)
#include "abi/linux/386/calls.h"
#include "abi/linux/386/numbers.h"
#include "abi/linux/386/structs.h"
namespace faultline::abi {
namespace native = linux_386;
}
#elif defined(__aarch64__)
#include "abi/linux/arm64/calls.h"
#include "abi/linux/arm64/numbers.h"
#include "abi/linux/arm64/structs.h"
namespace faultline::abi {
namespace native = linux_arm64;
}
#elif defined(__arm__)
#include "abi/linux/arm/calls.h"
#include "abi/linux/arm/numbers.h"
#include "abi/linux/arm/structs.h"
namespace faultline::abi {
namespace native = linux_arm;
}
#elif defined(__riscv) && __riscv_xlen == 64
#include "abi/linux/riscv64/calls.h"
#include "abi/linux/riscv64/numbers.h"
#include "abi/linux/riscv64/structs.h"
namespace faultline::abi {
namespace native = linux_riscv64;
}
#else
#error "no Linux ABI for this arch"
#endif

// What assembly uses is what the tables say.
static_assert(NR_rt_sigreturn == faultline::abi::native::k_rt_sigreturn);
static_assert(NR_clone == faultline::abi::native::k_clone);
#if defined(NR_fork)  // arches that came late have clone alone
static_assert(NR_fork == faultline::abi::native::k_fork);
static_assert(NR_vfork == faultline::abi::native::k_vfork);
#endif
static_assert(NR_wait4 == faultline::abi::native::k_wait4);
static_assert(NR_exit == faultline::abi::native::k_exit);
static_assert(NR_munmap == faultline::abi::native::k_munmap);
static_assert(NR_exit_group == faultline::abi::native::k_exit_group);

#endif  // FAULTLINE_ABI_LINUX_NATIVE_H_
