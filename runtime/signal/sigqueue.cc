// Signals on their way from a handler to the goroutine in signal_recv. The handler sets the
// signal's bit and, if the receiver sleeps, wakes it; both sides meet in `state`.

#include "runtime/proc/internal.h"
#include "runtime/signal/internal.h"

namespace runtime {

namespace {

// Bits 1…kNSIG-1, 32 a word (64-bit atomics are not free on 386).
constexpr int kWords = (sys::kNSIG + 31) / 32;

// Values of queue.state.
constexpr uint32_t kAwake = 0;     // the receiver is not in note, or there is none
constexpr uint32_t kSleeping = 1;  // it is, or about to be
constexpr uint32_t kWoken = 2;     // a sender has called it

struct Queue {
  uint32_t wanted[kWords];   // atomic
  uint32_t pending[kWords];  // atomic
  uint32_t taken[kWords];    // the receiver's own
  uint32_t state;            // atomic
  Note note;
} queue;

GO_NOSPLIT uint32_t bit(int sig) { return 1u << (sig & 31); }

}  // namespace

GO_NOSPLIT bool sigsend(int sig) {
  if ((__atomic_load_n(&queue.wanted[sig >> 5], __ATOMIC_SEQ_CST) & bit(sig)) == 0) return false;
  __atomic_fetch_or(&queue.pending[sig >> 5], bit(sig), __ATOMIC_SEQ_CST);
  uint32_t sleeping = kSleeping;
  if (__atomic_compare_exchange_n(&queue.state, &sleeping, kWoken, false, __ATOMIC_SEQ_CST,
                                  __ATOMIC_SEQ_CST)) {
    notewakeup(&queue.note);
  }
  return true;
}

long signal_enable(int sig) {
  if (sig < 1 || sig >= sys::kNSIG) return -sys::kEINVAL;
  __atomic_fetch_or(&queue.wanted[sig >> 5], bit(sig), __ATOMIC_SEQ_CST);
  const long error = setsig(sig, Disposition::kCatch, true);
  if (error != 0) __atomic_fetch_and(&queue.wanted[sig >> 5], ~bit(sig), __ATOMIC_SEQ_CST);
  return error;
}

void signal_disable(int sig) {
  if (sig < 1 || sig >= sys::kNSIG) return;
  setsig(sig, Disposition::kDefault, false);
  __atomic_fetch_and(&queue.wanted[sig >> 5], ~bit(sig), __ATOMIC_SEQ_CST);
}

int32_t signal_recv() {
  for (;;) {
    for (int i = 0; i < kWords; i++) {
      queue.taken[i] |= __atomic_exchange_n(&queue.pending[i], 0, __ATOMIC_SEQ_CST);
      if (queue.taken[i] != 0) {
        const int at = __builtin_ctz(queue.taken[i]);
        queue.taken[i] &= queue.taken[i] - 1;
        return i * 32 + at;
      }
    }
    noteclear(&queue.note);
    __atomic_store_n(&queue.state, kSleeping, __ATOMIC_SEQ_CST);
    bool more = false;
    for (const uint32_t& word : queue.pending)
      more |= __atomic_load_n(&word, __ATOMIC_SEQ_CST) != 0;
    uint32_t sleeping = kSleeping;
    if (more && __atomic_compare_exchange_n(&queue.state, &sleeping, kAwake, false,
                                            __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      continue;  // it came before this thread slept, and nobody will call
    }
    entersyscall();
    notesleep(&queue.note);
    exitsyscall();
    __atomic_store_n(&queue.state, kAwake, __ATOMIC_SEQ_CST);
  }
}

}  // namespace runtime
