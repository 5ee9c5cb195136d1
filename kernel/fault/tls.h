// Faults that lose a thread's local storage: the segment base that it hangs on.
#ifndef FAULTLINE_KERNEL_FAULT_TLS_H_
#define FAULTLINE_KERNEL_FAULT_TLS_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> TlsFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_TLS_H_
