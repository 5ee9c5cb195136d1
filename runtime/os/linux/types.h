// What the kernel's structures are called in runtime::sys, for Linux.
#ifndef FAULTLINE_RUNTIME_OS_LINUX_TYPES_H_
#define FAULTLINE_RUNTIME_OS_LINUX_TYPES_H_

#include "abi/linux/native.h"

namespace runtime::sys {

namespace os = faultline::abi::native;

using faultline::abi::linux_common::PollFd;
using faultline::abi::linux_common::SigSet;
using os::Itimerspec;
using os::Itimerval;
using os::Rlimit;
using os::Rusage;
using os::SigAction;
using os::SigEvent;
using os::SigInfo;
using os::StackT;
using os::Timespec;
using os::Timeval;
using os::UContext;

// The constants: signal numbers, errno values, flags.
using namespace faultline::abi::linux_common;  // NOLINT(google-build-using-namespace): it is the
                                               // port's vocabulary.

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_OS_LINUX_TYPES_H_
