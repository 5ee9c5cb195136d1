// The first thread's stack, as Darwin tells it, and its place.

#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

uintptr_t MainThreadStackEnd() {
  const int name[] = {sys::kCTL_KERN,
                      sizeof(uintptr_t) == 8 ? sys::kKERN_USRSTACK64 : sys::kKERN_USRSTACK32};
  uintptr_t end = 0;
  size_t size = sizeof(end);
  const long error = sys::call(sys::k___sysctl, reinterpret_cast<long>(name), 2,
                               reinterpret_cast<long>(&end), reinterpret_cast<long>(&size));
  if (error != 0) Broken("sysctl of the stack's end", error);
  return end;
}

// A program that does not ask for random addresses (MH_PIE) has none but the stack's, by a few
// pages, and that cannot be asked for.
bool AsksForFixedAddresses() { return false; }

long ExecuteAnew(char* const arguments[], char* const environment[]) {
  return sys::execve(sys::executable(), arguments, environment);
}

}  // namespace faultline::support
