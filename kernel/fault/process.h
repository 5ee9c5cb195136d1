// Faults in how processes and threads are made and waited for.
#ifndef FAULTLINE_KERNEL_FAULT_PROCESS_H_
#define FAULTLINE_KERNEL_FAULT_PROCESS_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> ProcessFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_PROCESS_H_
