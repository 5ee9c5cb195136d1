// Faults in what a signal handler finds when it begins.
#ifndef FAULTLINE_KERNEL_FAULT_HANDLER_H_
#define FAULTLINE_KERNEL_FAULT_HANDLER_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> HandlerFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_HANDLER_H_
