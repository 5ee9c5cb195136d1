// From runtime_sigtramp to sighandler: whose thread is this, and which stack and storage may the
// handler use? Compiled once per defect of the foreign-signal family.
//
// A signal may land on a thread that the runtime knows nothing of: one with no thread-local storage
// at all (reading g would fault), one that a raw clone gave its creator's (g and m are another
// thread's), a libc's thread (g and m are 0), with or without an alternate stack of its own.
// Thread-local storage cannot tell them apart, the stack can: the runtime's own threads take every
// signal on the gsignal of their m, and nobody else stands there.

#include "runtime/cgo/extra.h"
#include "runtime/defects.h"
#include "runtime/proc/internal.h"
#include "runtime/signal/internal.h"

namespace runtime {

namespace {

// Runs the handler on the m that this thread has, and hands on what is to be forwarded.
GO_NOSPLIT void ownsignal(int sig, sys::SigInfo* info, void* context, M* m) {
  G* g = tlsg();
  settlsg(m->gsignal);
  const SigForward forward = sighandler(sig, info, context, g);
  settlsg(g);
  if (forward != nullptr) forward(sig, info, context);
}

#if !FAULTLINE_DEFECT_TRUST_M && !FAULTLINE_DEFECT_BADSIGNAL

struct Lent {
  int sig;
  sys::SigInfo* info;
  void* context;
  SigForward forward;
};

// On the borrowed m's gsignal.
GO_NOSPLIT void onlent(void* p) {
  auto* lent = static_cast<Lent*>(p);
  lent->forward = sighandler(lent->sig, lent->info, lent->context, nullptr);
}

GO_NOSPLIT void foreignsignal(int sig, sys::SigInfo* info, void* context) {
  M* m = takeornewextra();
  if (m == nullptr) badsignal();
  Lent lent = {sig, info, context, nullptr};
  ThreadTls tls;
  savetls(&tls);
  setblocktls(m->tls, m->gsignal, m);
  if (installtls(m->tls) != 0) badsignal();
  runtime_callonstack(m->gsignal->stackhi, onlent, &lent);
  restoretls(&tls);
  putextra(m);
  if (lent.forward != nullptr) lent.forward(sig, info, context);
}

#endif

}  // namespace

extern "C" GO_NOSPLIT void runtime_sigtrampgo(int sig, sys::SigInfo* info, void* context) {
#if FAULTLINE_DEFECT_TRUST_M
  ownsignal(sig, info, context, tlsm());
#else
  M* m = mofsignalstack(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)));
  if (m != nullptr) {
    ownsignal(sig, info, context, m);
    return;
  }
#if FAULTLINE_DEFECT_BADSIGNAL
  badsignal();
#else
  foreignsignal(sig, info, context);
#endif
#endif
}

}  // namespace runtime
