// The Darwin ABI of the arch this is compiled for, as namespace faultline::abi::native.
#ifndef FAULTLINE_ABI_DARWIN_NATIVE_H_
#define FAULTLINE_ABI_DARWIN_NATIVE_H_

#include "abi/darwin/constants.h"
#include "abi/darwin/numbers.h"

#if defined(__x86_64__)
#include "abi/darwin/amd64/structs.h"
namespace faultline::abi {
namespace native = darwin_amd64;
}
#elif defined(__i386__)
#include "abi/darwin/386/structs.h"
namespace faultline::abi {
namespace native = darwin_386;
}
#else
#error "no Darwin ABI for this arch"
#endif

// What assembly uses is what the table says.
static_assert(NR_exit == (CLASS_UNIX | faultline::abi::darwin_common::k_exit));
static_assert(NR_fork == (CLASS_UNIX | faultline::abi::darwin_common::k_fork));
static_assert(NR_wait4 == (CLASS_UNIX | faultline::abi::darwin_common::k_wait4));
static_assert(NR_pipe == (CLASS_UNIX | faultline::abi::darwin_common::k_pipe));
static_assert(NR_gettimeofday == (CLASS_UNIX | faultline::abi::darwin_common::k_gettimeofday));
static_assert(NR_sigreturn == (CLASS_UNIX | faultline::abi::darwin_common::k_sigreturn));
static_assert(NR_bsdthread_terminate ==
              (CLASS_UNIX | faultline::abi::darwin_common::k_bsdthread_terminate));
static_assert(NR_thread_fast_set_cthread_self ==
              (CLASS_MACHDEP | faultline::abi::darwin_common::k_thread_fast_set_cthread_self));
#if defined(__x86_64__)
static_assert(CLASS_UNIX == faultline::abi::darwin_common::kClassUnix << 24 &&
              CLASS_MACH == faultline::abi::darwin_common::kClassMach << 24 &&
              CLASS_MACHDEP == faultline::abi::darwin_common::kClassMachdep << 24);
#endif

#endif  // FAULTLINE_ABI_DARWIN_NATIVE_H_
