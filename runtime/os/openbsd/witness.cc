// The first thread's stack, as OpenBSD tells it, and its place.

#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

uintptr_t MainThreadStackEnd() {
  // The strings of the environment are the last things on it but the table of them.
  char* const* at = Arguments();
  uintptr_t last = 0;
  for (int lists = 0; lists < 2; ++at) {
    if (*at == nullptr) {
      ++lists;
    } else if (reinterpret_cast<uintptr_t>(*at) > last) {
      last = reinterpret_cast<uintptr_t>(*at);
    }
  }
  if (last == 0) Broken("neither arguments nor an environment", 0);
  return (last + sys::kPageSize) & ~uintptr_t{sys::kPageSize - 1};
}

// Nothing that a program could ask for.
bool AsksForFixedAddresses() { return false; }

long ExecuteAnew(char* const arguments[], char* const environment[]) {
  return sys::execve(sys::executable(), arguments, environment);
}

}  // namespace faultline::support
