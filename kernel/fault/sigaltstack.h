// Faults in the alternate signal stack: its size, its flags, and who has it.
#ifndef FAULTLINE_KERNEL_FAULT_SIGALTSTACK_H_
#define FAULTLINE_KERNEL_FAULT_SIGALTSTACK_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> SigaltstackFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_SIGALTSTACK_H_
