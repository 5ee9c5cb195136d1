// Faults at the end of system calls: what the contract says survives a call does not.
#ifndef FAULTLINE_KERNEL_FAULT_SYSCALL_EXIT_H_
#define FAULTLINE_KERNEL_FAULT_SYSCALL_EXIT_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> SyscallExitFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_SYSCALL_EXIT_H_
