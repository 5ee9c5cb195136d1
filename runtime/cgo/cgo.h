// Calls into C and back.
#ifndef FAULTLINE_RUNTIME_CGO_CGO_H_
#define FAULTLINE_RUNTIME_CGO_CGO_H_

#include <stdint.h>

#include "runtime/proc/proc.h"

namespace runtime {

// Runs fn(arg), C code, on this thread's g0, that is the thread's own stack, with the scheduler
// handed on (entersyscall). The goroutine stays tied to its thread meanwhile. Only on a goroutine.
void cgocall(void (*fn)(void*), void* arg);

// The same without handing on the scheduler: for C code that is short and neither blocks nor calls
// back.
void asmcgocall(void (*fn)(void*), void* arg);

// Called from C: runs fn(arg) as a goroutine and returns when it has returned. Inside cgocall, at
// any depth, it is the goroutine that made the call; on a foreign thread (one that has no m) an m
// is borrowed with needm for the time being. What C has left of its stack is checked on the way
// (the stack guard of g0).
extern "C" void cgocallback(void (*fn)(void*), void* arg);

// Borrows an m for this foreign thread from the list of extra ones: TLS, g0 over the stack it
// stands on (with the bounds of that stack), its gsignal as alternate signal stack. Waits while the
// list is empty. On a thread that has thread-local storage of the program's layout that is used,
// else the m's own block. `sp` is the caller's stack pointer.
void needm(uintptr_t sp);
// Gives it back, with the thread's own TLS, alternate stack and mask as they were.
void dropm();

// Makes one more m (with goroutine, gsignal and TLS) for the extra list. There are kExtraThreads
// from the start and each one taken by a callback is replaced; only signals live on those at hand.
void newextram();
inline constexpr int kExtraThreads = 8;
// How many are at hand now.
int32_t numextram();

// The bounds of a thread's stack: [lo, hi), lo being where growth ends and the next store faults.
struct StackBounds {
  uintptr_t lo;
  uintptr_t hi;
};

// The exact bounds of the calling thread's own stack; sp must be on it. Freestanding: for the main
// thread from the kernel's view (end of the [stack] mapping less RLIMIT_STACK, or the neighbour
// below and the kernel's gap); for runtime threads what was mapped; otherwise the mapping that
// holds sp. Hosted: pthread_getattr_np for threads of its libc. Reads /proc; not for signal
// handlers.
StackBounds stackbounds(uintptr_t sp);

// The default size of a new thread's stack, in bytes, by glibc's rule: the soft RLIMIT_STACK at
// start, 2 MB when unlimited, at least 16 KB (__pthread_initialize_minimal in glibc's nptl-init.c).
uintptr_t defaultstacksize();

// Sets g0's guard for the thread, sp being on its stack; where the defects fixed-64k, fixed-8k and
// attr-size live.
void initcgo(G* g0, uintptr_t sp, StackBounds exact);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_CGO_CGO_H_
