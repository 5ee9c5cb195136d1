// Between sigtramp, sighandler and the start.
#ifndef FAULTLINE_RUNTIME_SIGNAL_INTERNAL_H_
#define FAULTLINE_RUNTIME_SIGNAL_INTERNAL_H_

#include "runtime/signal/signal.h"

namespace runtime {

// Catches the signals that mean a fault. Signals with a handler already (a libc program's) keep it
// for forwarding.
void initsig();

// Deals with a caught signal, on gsignal, with that m's TLS. g is what the thread ran: a goroutine,
// g0 (C), or null on a foreign thread. Returns a handler that the signal is to be forwarded to once
// g, TLS and stack are the thread's own again, or null.
using SigForward = void (*)(int sig, sys::SigInfo* info, void* context);
SigForward sighandler(int sig, sys::SigInfo* info, void* context, G* g);

// Says "signal received on thread not created by Go" and exits with 2. On any thread.
[[noreturn]] void badsignal();

// Queues the signal for signal_recv; false when nobody enabled it.
bool sigsend(int sig);

// The restart flag setsig really uses; where the defect sa-restart lives.
uint32_t restartflag(bool restart);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_SIGNAL_INTERNAL_H_
