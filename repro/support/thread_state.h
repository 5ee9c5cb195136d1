// What belongs to a thread besides its registers, and must survive a signal handler.

#ifndef REPRO_SUPPORT_THREAD_STATE_H_
#define REPRO_SUPPORT_THREAD_STATE_H_

#include <stdint.h>

#include "runtime/sys/sys.h"

namespace faultline::support {

struct ThreadState {
  uintptr_t tls;  // the thread pointer
  runtime::sys::SigSet mask;
  int32_t altstack_flags;
  uintptr_t altstack;

  // The calling thread's.
  static ThreadState Get();
};

// The name of the first thing in which the two differ, or nullptr.
const char* FirstDifference(const ThreadState& before, const ThreadState& after);

}  // namespace faultline::support

#endif  // REPRO_SUPPORT_THREAD_STATE_H_
