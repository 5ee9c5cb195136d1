// Faults at the restart of an interrupted system call.
#ifndef FAULTLINE_KERNEL_FAULT_RESTART_H_
#define FAULTLINE_KERNEL_FAULT_RESTART_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> RestartFaults();

// What a register holds once its value is lost: a number that no pointer can be and that names its
// register (by hardware encoding: r8 is 8, r10 is 0xa). For 64-bit code a non-canonical address,
// 0xfa17fa17fa17000a; for 386 code one above all user memory (from 0xffffe000 on, TASK_SIZE of a
// 386 process on a 64-bit kernel), 0xfffffa16 for esi.
uint64_t LostValue(Reg reg, Arch arch);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_RESTART_H_
