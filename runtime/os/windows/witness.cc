// Where stacks end on Windows, by the map of the process: a stack is one region that was reserved
// at once. Its lowest page is never used, and those above it are kept for the handler of an
// overflow.

#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

Stack ThisThreadStack() {
  sys::os::MemoryInformation here = {};
  const void* frame = __builtin_frame_address(0);
  if (sys::os::VirtualQuery(frame, &here, sizeof here) != sizeof here) {
    Broken("VirtualQuery", sys::os::GetLastError());
  }
  return {here.allocation + (1 + sys::os::kGuaranteedPages) * sys::kPageSize,
          here.base + here.size};
}

// The main goroutine is on the first thread, but on a stack of the runtime's: C is asked.
Stack MainThreadStack() {
  static Stack stack;
  runtime::asmcgocall([](void*) { stack = ThisThreadStack(); }, nullptr);
  return stack;
}

// The size of the first thread's stack is in the program's header, and nothing else limits it.
void ExecuteWithStackLimit(uint64_t) {}

}  // namespace faultline::support
