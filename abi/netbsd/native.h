// The NetBSD ABI of the arch this is compiled for, as namespace faultline::abi::native.
#ifndef FAULTLINE_ABI_NETBSD_NATIVE_H_
#define FAULTLINE_ABI_NETBSD_NATIVE_H_

#include "abi/netbsd/constants.h"
#include "abi/netbsd/numbers.h"

#if defined(__x86_64__)
#include "abi/netbsd/amd64/structs.h"
namespace faultline::abi {
namespace native = netbsd_amd64;
}
#elif defined(__i386__)
#include "abi/netbsd/386/structs.h"
namespace faultline::abi {
namespace native = netbsd_386;
}
#else
#error "no NetBSD ABI for this arch"
#endif

// What assembly uses is what the table says.
static_assert(NR_exit == faultline::abi::netbsd_common::k_exit);
static_assert(NR_fork == faultline::abi::netbsd_common::k_fork);
static_assert(NR_setcontext == faultline::abi::netbsd_common::k_setcontext);
static_assert(NR_lwp_exit == faultline::abi::netbsd_common::k__lwp_exit);
static_assert(NR_wait4 == faultline::abi::netbsd_common::k___wait450);

#endif  // FAULTLINE_ABI_NETBSD_NATIVE_H_
