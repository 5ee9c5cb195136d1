// Faults in time: how long waits last, what clocks say.
#ifndef FAULTLINE_KERNEL_FAULT_TIME_H_
#define FAULTLINE_KERNEL_FAULT_TIME_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> TimeFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_TIME_H_
