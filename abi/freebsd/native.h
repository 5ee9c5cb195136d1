// The FreeBSD ABI of the arch this is compiled for, as namespace faultline::abi::native.
#ifndef FAULTLINE_ABI_FREEBSD_NATIVE_H_
#define FAULTLINE_ABI_FREEBSD_NATIVE_H_

#include "abi/freebsd/constants.h"
#include "abi/freebsd/numbers.h"

#if defined(__x86_64__)
#include "abi/freebsd/amd64/structs.h"
namespace faultline::abi {
namespace native = freebsd_amd64;
}
#elif defined(__i386__)
#include "abi/freebsd/386/structs.h"
namespace faultline::abi {
namespace native = freebsd_386;
}
#else
#error "no FreeBSD ABI for this arch"
#endif

// What assembly uses is what the table says.
static_assert(NR_exit == faultline::abi::freebsd_common::k_exit);
static_assert(NR_fork == faultline::abi::freebsd_common::k_fork);
static_assert(NR_wait4 == faultline::abi::freebsd_common::k_wait4);
static_assert(NR_freebsd10_pipe == faultline::abi::freebsd_common::k_freebsd10_pipe);
static_assert(NR_thr_exit == faultline::abi::freebsd_common::k_thr_exit);

#endif  // FAULTLINE_ABI_FREEBSD_NATIVE_H_
