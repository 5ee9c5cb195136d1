// What all BSDs have the same since 4.4BSD: the signals 1 to 31, the flags of sigaction, of wait
// and of memory, itimers, the first 34 errors. FreeBSD's table stands for all of them here.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_H_
#define FAULTLINE_KERNEL_MODEL_BSD_H_

#include "abi/freebsd/constants.h"

namespace faultline::kernel::model {
namespace bsd = abi::freebsd_common;
}

#endif  // FAULTLINE_KERNEL_MODEL_BSD_H_
