// Mutual exclusion and one-shot events between threads, over futex. For goroutines see Sema and
// Chan.
#ifndef FAULTLINE_RUNTIME_PROC_LOCK_H_
#define FAULTLINE_RUNTIME_PROC_LOCK_H_

#include <stdint.h>

namespace runtime {

// Held for short times only, never over a call that blocks; zero is unlocked. Not for signal
// handlers.
struct Lock {
  uint32_t key = 0;  // 0 free, 1 held, 2 held and someone sleeps
};
void lock(Lock* l);
void unlock(Lock* l);

// A one-time event; zero is clear. At most one thread sleeps on it, exactly one notewakeup between
// clears.
struct Note {
  uint32_t key = 0;
};
void noteclear(Note* n);
// Blocks the thread until notewakeup. Use entersyscall before it on a goroutine.
void notesleep(Note* n);
// The same, for at most ns nanoseconds (ns < 0: for ever). False when the time was over.
bool notetsleep(Note* n, int64_t ns);
// Safe in a signal handler and on foreign threads.
void notewakeup(Note* n);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_PROC_LOCK_H_
