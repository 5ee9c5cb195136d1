// Faults in what the kernel keeps of a signal's action.
#ifndef FAULTLINE_KERNEL_FAULT_SIGACTION_H_
#define FAULTLINE_KERNEL_FAULT_SIGACTION_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> SigactionFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_SIGACTION_H_
