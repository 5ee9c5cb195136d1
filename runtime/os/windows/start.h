// The start of a program on Windows, and what its parts share.
#ifndef FAULTLINE_RUNTIME_OS_WINDOWS_START_H_
#define FAULTLINE_RUNTIME_OS_WINDOWS_START_H_

#include <stdint.h>

#include "runtime/sys/sys.h"

namespace runtime {

// Takes the two slots of the TEB; false when there are none.
bool tlsslotsinit();
// Makes exceptions and console events arrive as signals; false when the system refuses.
bool exceptioninit();
// Learns the program's path, and how large the stack of a thread is by default.
void programinit();
// All of that, on the main thread, before the runtime starts; ends the process when it fails.
void osinit();

// The handler that sigaction has been given for a signal.
uintptr_t sighandlerof(int sig);

// Where a thread of the runtime begins, with its m; does not return.
void threadentry(void* m);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_OS_WINDOWS_START_H_
