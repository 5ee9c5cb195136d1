#include "repro/support/thread_state.h"

namespace faultline::support {

namespace sys = runtime::sys;

ThreadState ThreadState::Get() {
  ThreadState state = {};
  sys::StackT altstack = {};
  state.tls = sys::threadpointer();
  sys::sigprocmask(sys::kSIG_BLOCK, nullptr, &state.mask);
  sys::sigaltstack(nullptr, &altstack);
  state.altstack_flags = altstack.flags;
  // Where there is none, what stands there says nothing.
  state.altstack = (altstack.flags & sys::kSS_DISABLE) != 0 ? 0 : altstack.sp;
  return state;
}

const char* FirstDifference(const ThreadState& before, const ThreadState& after) {
  if (before.tls != after.tls) return "tls";
  if (before.mask != after.mask) return "mask";
  if (before.altstack_flags != after.altstack_flags || before.altstack != after.altstack)
    return "altstack";
  return nullptr;
}

}  // namespace faultline::support
