// Faults at the entry of system calls: the kernel does not do what it is asked for.
#ifndef FAULTLINE_KERNEL_FAULT_SYSCALL_ENTRY_H_
#define FAULTLINE_KERNEL_FAULT_SYSCALL_ENTRY_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> SyscallEntryFaults();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_SYSCALL_ENTRY_H_
