// Faults at the delivery of a signal.
#ifndef FAULTLINE_KERNEL_FAULT_SIGNAL_H_
#define FAULTLINE_KERNEL_FAULT_SIGNAL_H_

#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

std::vector<FaultDescription> SignalFaults();

// Whether the signal that stop.tid is about to take was meant for the process, so that any of its
// threads could have taken it. The kernel does not keep that; siginfo and /proc show most of it:
//   a thread's    tgkill and pthread_kill (SI_TKILL); faults of the thread itself; SIGPIPE and
//   SIGXFSZ,
//                 which a failing write sends to its own thread; a timer whose entry in
//                 /proc/PID/timers names a thread, or that has no entry any more
//   the process's everything else. sigqueue and pthread_sigqueue cannot be told apart, nor the
//   SIGIO of
//                 a file owned by a process and by a thread: they count as the process's.
bool IsProcessDirected(const SignalStop& stop);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_SIGNAL_H_
