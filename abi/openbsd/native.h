// The OpenBSD ABI of the arch this is compiled for, as namespace faultline::abi::native.
#ifndef FAULTLINE_ABI_OPENBSD_NATIVE_H_
#define FAULTLINE_ABI_OPENBSD_NATIVE_H_

#include "abi/openbsd/constants.h"
#include "abi/openbsd/numbers.h"

#if defined(__x86_64__)
#include "abi/openbsd/amd64/structs.h"
namespace faultline::abi {
namespace native = openbsd_amd64;
}
#elif defined(__i386__)
#include "abi/openbsd/386/structs.h"
namespace faultline::abi {
namespace native = openbsd_386;
}
#else
#error "no OpenBSD ABI for this arch"
#endif

// What assembly uses is what the table says.
static_assert(NR_exit == faultline::abi::openbsd_common::k_exit);
static_assert(NR_fork == faultline::abi::openbsd_common::k_fork);
static_assert(NR_tfork == faultline::abi::openbsd_common::k___tfork);
static_assert(NR_wait4 == faultline::abi::openbsd_common::k_wait4);
static_assert(NR_sigreturn == faultline::abi::openbsd_common::k_sigreturn);
static_assert(NR_threxit == faultline::abi::openbsd_common::k___threxit);

#endif  // FAULTLINE_ABI_OPENBSD_NATIVE_H_
