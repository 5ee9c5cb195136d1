// Faults in what the interrupted code gets back when a signal handler returns.
#ifndef FAULTLINE_KERNEL_FAULT_SIGRETURN_H_
#define FAULTLINE_KERNEL_FAULT_SIGRETURN_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> SigreturnFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_SIGRETURN_H_
