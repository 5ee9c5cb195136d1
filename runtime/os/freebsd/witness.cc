// The first thread's stack, as FreeBSD tells it, and its place.

#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

uintptr_t MainThreadStackEnd() {
  const int name[] = {sys::kCTL_KERN, sys::kKERN_USRSTACK};
  uintptr_t end = 0;
  size_t size = sizeof end;
  const long error = sys::call(sys::os::k___sysctl, reinterpret_cast<long>(name), 2,
                               reinterpret_cast<long>(&end), reinterpret_cast<long>(&size), 0, 0);
  if (error != 0) Broken("sysctl of kern.usrstack", error);
  return end;
}

// The releases that this port is for leave the stack where it is; kern.elf64.aslr.enable is 0 up to
// 13.1.
bool AsksForFixedAddresses() { return false; }

long ExecuteAnew(char* const arguments[], char* const environment[]) {
  return sys::execve(sys::executable(), arguments, environment);
}

}  // namespace faultline::support
