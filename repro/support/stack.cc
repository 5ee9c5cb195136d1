#include "repro/support/stack.h"

#include "repro/support/program.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

Stack MainThreadStack() {
  sys::Rlimit limit;
  if (const long error = sys::getrlimit(sys::kRLIMIT_STACK, &limit); error != 0)
    Broken("getrlimit", error);
  const uintptr_t high = MainThreadStackEnd();
  if (limit.cur == sys::kNoLimit) return {0, high};
  return {high - static_cast<uintptr_t>(limit.cur) / sys::kPageSize * sys::kPageSize, high};
}

void ExecuteWithStackLimit(uint64_t bytes) {
  const auto wanted =
      bytes == kNoLimit ? sys::kNoLimit : static_cast<decltype(sys::Rlimit::cur)>(bytes);
  sys::Rlimit before;
  if (const long error = sys::getrlimit(sys::kRLIMIT_STACK, &before); error != 0)
    Broken("getrlimit", error);
  sys::Rlimit limit = before;
  limit.cur = wanted;
  // A lower hard limit can be raised with a privilege only.
  if (limit.max < wanted) limit.max = wanted;
  if (const long error = sys::setrlimit(sys::kRLIMIT_STACK, &limit); error != 0) {
    Broken("setrlimit of RLIMIT_STACK: is the hard limit lower?", error);
  }
  // A kernel may have a limit of its own, and cut the wish down to it: what counts is whether
  // anything has changed.
  if (const long error = sys::getrlimit(sys::kRLIMIT_STACK, &limit); error != 0)
    Broken("getrlimit", error);
  if (!AsksForFixedAddresses() && limit.cur == before.cur) return;
  // Without an environment: it lies on the stack, and may take a quarter of it (Linux: fs/exec.c).
  char* const no_environment[] = {nullptr};
  Broken("execve", ExecuteAnew(Arguments(), no_environment));
}

}  // namespace faultline::support
