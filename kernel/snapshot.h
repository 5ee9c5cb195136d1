// A snapshot of a running process: what its threads are doing right now. The process goes on.
#ifndef FAULTLINE_KERNEL_SNAPSHOT_H_
#define FAULTLINE_KERNEL_SNAPSHOT_H_

#include <sys/types.h>

#include "kernel/job.h"
#include "kernel/tracer/tracer.h"

namespace faultline::kernel {

// Prints a snapshot of the process (or of that of thread) `pid` to fd 1. A process that inject
// already traces is looked at by that tracer, for there can be only one. Returns the exit status;
// says on fd 2 what failed.
int PrintSnapshot(pid_t pid);

// In a tracer, after a signal: does what PrintSnapshot of another inject may have asked for.
void ServeSnapshot(const Job& job, Tracer* tracer);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_SNAPSHOT_H_
