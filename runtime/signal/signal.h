// Signals: how they arrive (sigtramp, sighandler), how goroutines get them (signal_recv), and where
// a program may look on.
#ifndef FAULTLINE_RUNTIME_SIGNAL_SIGNAL_H_
#define FAULTLINE_RUNTIME_SIGNAL_SIGNAL_H_

#include <stdint.h>

#include "runtime/proc/proc.h"
#include "runtime/sys/sys.h"

namespace runtime {

enum class Disposition {
  kDefault,
  kIgnore,
  kCatch,  // sigtramp
};

// Sets what the process does on a signal. Caught signals always get SA_SIGINFO | SA_ONSTACK and a
// full mask; `restart` adds SA_RESTART (the defect sa-restart adds it always). Returns 0 or -errno.
long setsig(int sig, Disposition disposition, bool restart);

// Looks on at a caught signal, before anything else is done with it: runs in the handler, on
// gsignal, with every signal blocked and with the runtime's own TLS (on a foreign thread: that of
// the borrowed m, so no libc call). It may read and change the context (sys::Context), e.g. step
// over a faulting instruction. Returns true when the signal is dealt with; false lets the runtime
// go on (queue, panic, forward, fatal). Only functions safe in handlers, all GO_NOSPLIT or compiled
// without the stack check.
using SigHook = bool (*)(int sig, sys::SigInfo* info, void* context);
// One hook per signal; null removes it. Returns the old one.
SigHook sighook(int sig, SigHook hook);

// Where the handler that runs right now stands; all zero outside of one. For hooks.
struct SigPlace {
  bool foreign;    // on a thread the runtime did not make (or: that is not in a callback)
  bool ongsignal;  // on the gsignal of the thread's m, or of the borrowed one
  int32_t mid;     // that m's id
};
SigPlace sigplace();

// How often sighandler ran for the signal, in all and on foreign threads.
uint64_t sigcount(int sig);
uint64_t sigforeign(int sig);

// Catches the signal and queues it for signal_recv. Returns 0 or -errno.
long signal_enable(int sig);
// Stops queueing it and restores the default.
void signal_disable(int sig);
// Waits for the next queued signal and returns its number. A signal sent again before it was
// received is one. At most one goroutine at a time. The thread waits in a system call, so the
// program does not count as dead.
int32_t signal_recv();

// Blocks signals in this thread and in every thread the runtime makes later. Call it first thing in
// go_main: it throws once there are other threads.
void blocksignals(sys::SigSet set);

// A fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL):
//   hook takes it                                    → back to the context
//   on a goroutine                                   → sigpanic: gopanic with the fault's data
//   in the thread's stack guard                      → "runtime: stack overflow in C code …", exit
//   2 in C, or on a foreign thread, handler before us  → forwarded to that handler, with the
//   thread's own TLS otherwise                                        → "fatal error: unexpected
//   signal …" with registers, exit 2

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_SIGNAL_SIGNAL_H_
