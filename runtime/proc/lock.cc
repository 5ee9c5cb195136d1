#include "runtime/proc/lock.h"

#include "runtime/arch/arch.h"
#include "runtime/nosplit.h"
#include "runtime/sys/sys.h"

namespace runtime {

namespace {

// How often to look again before sleeping: with more than one CPU the holder is about to let go.
constexpr int kSpin = 100;

constexpr uint32_t kFree = 0;
constexpr uint32_t kHeld = 1;
constexpr uint32_t kSleepers = 2;

}  // namespace

GO_NOSPLIT void lock(Lock* l) {
  uint32_t key = kFree;
  if (__atomic_compare_exchange_n(&l->key, &key, kHeld, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return;
  for (int i = 0; i < kSpin; i++) {
    key = kFree;
    if (__atomic_load_n(&l->key, __ATOMIC_RELAXED) == kFree &&
        __atomic_compare_exchange_n(&l->key, &key, kHeld, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
      return;
    }
    cpurelax();
  }
  // From here on this thread cannot know whether it sleeps alone, so it leaves kSleepers behind.
  while (__atomic_exchange_n(&l->key, kSleepers, __ATOMIC_ACQUIRE) != kFree) {
    sys::futexwait(&l->key, kSleepers, nullptr);
  }
}

GO_NOSPLIT void unlock(Lock* l) {
  if (__atomic_exchange_n(&l->key, kFree, __ATOMIC_RELEASE) == kSleepers)
    sys::futexwake(&l->key, 1);
}

GO_NOSPLIT void noteclear(Note* n) { __atomic_store_n(&n->key, 0, __ATOMIC_RELEASE); }

GO_NOSPLIT void notewakeup(Note* n) {
  __atomic_store_n(&n->key, 1, __ATOMIC_SEQ_CST);
  sys::futexwake(&n->key, 1);
}

GO_NOSPLIT void notesleep(Note* n) { notetsleep(n, -1); }

GO_NOSPLIT bool notetsleep(Note* n, int64_t ns) {
  const int64_t deadline = ns < 0 ? 0 : sys::nanotime() + ns;
  while (__atomic_load_n(&n->key, __ATOMIC_ACQUIRE) == 0) {
    if (ns < 0) {
      sys::futexwait(&n->key, 0, nullptr);
      continue;
    }
    int64_t left = deadline - sys::nanotime();
    if (left <= 0) return __atomic_load_n(&n->key, __ATOMIC_ACQUIRE) != 0;
    // A second at a time: no 64-bit division, and the loop is there anyway.
    sys::Timespec ts = {};
    if (left >= 1000000000) {
      ts.sec = 1;
    } else {
      ts.nsec = static_cast<decltype(ts.nsec)>(left);
    }
    sys::futexwait(&n->key, 0, &ts);
  }
  return true;
}

}  // namespace runtime
