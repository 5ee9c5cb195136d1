// The first thread's stack, as NetBSD tells it, and its place.

#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

uintptr_t MainThreadStackEnd() {
  // Behind the arguments lies the environment, and behind that what the kernel tells.
  char* const* at = Arguments();
  while (*at != nullptr) ++at;
  for (++at; *at != nullptr; ++at) {
  }
  const auto* told = reinterpret_cast<const uintptr_t*>(at + 1);
  for (; told[0] != sys::kAT_NULL; told += 2) {
    if (told[0] == sys::kAT_STACKBASE) return told[1];
  }
  Broken("AT_STACKBASE", 0);
}

// The program's own note does (abi/netbsd/note.h).
bool AsksForFixedAddresses() { return false; }

long ExecuteAnew(char* const arguments[], char* const environment[]) {
  return sys::execve(sys::executable(), arguments, environment);
}

}  // namespace faultline::support
