// Faults in what bounds a stack: its limit, and its guard.
#ifndef FAULTLINE_KERNEL_FAULT_STACK_H_
#define FAULTLINE_KERNEL_FAULT_STACK_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> StackFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_STACK_H_
