#include "repro/support/foreign_thread.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

namespace {

constexpr int kEverybody = 0x7fffffff;

}  // namespace

void ForeignWaitFor(const uint32_t* word, uint32_t value) {
  for (uint32_t now; (now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != value;)
    sys::futexwait(word, now, nullptr);
}

void WaitFor(const uint32_t* word, uint32_t value) {
  if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) return;
  runtime::blocking([&] {
    ForeignWaitFor(word, value);
    return 0;
  });
}

void Set(uint32_t* word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
  sys::futexwake(word, kEverybody);
}

}  // namespace faultline::support
