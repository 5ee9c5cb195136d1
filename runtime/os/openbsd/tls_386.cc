// TLS on openbsd/386 is the base of the descriptor that GS selects from a program's first
// instruction on (GUGS_SEL, i386/i386/machdep.c, setregs), which the kernel calls the thread's
// TCB. It is the thread that may load something else into GS.

#if defined(__i386__)  // for tools that read every file as one arch

#include "runtime/nosplit.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

extern "C" uint32_t runtime_getgs();
extern "C" void runtime_setgs(uint32_t selector);

namespace runtime {

namespace {

// What GS held at start. Not taken for granted: it is something else where OpenBSD's calls are
// served by another kernel.
uint32_t ours;

}  // namespace

GO_NOSPLIT uint32_t tlsselector() { return ours; }

GO_NOSPLIT void tlsinit(unsigned long) { ours = runtime_getgs(); }

GO_NOSPLIT void savetls(ThreadTls* tls) {
  tls->selector = runtime_getgs();
  tls->base = static_cast<uintptr_t>(sys::call(sys::k___get_tcb));
}

GO_NOSPLIT long installtls(uintptr_t tp) {
  const long error = sys::call(sys::k___set_tcb, static_cast<long>(tp));
  if (error == 0 && runtime_getgs() != ours) runtime_setgs(ours);
  return error;
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) {
  installtls(tls->base);
  // A selector of its own (none, a local descriptor): the base above was not in use.
  if (tls->selector != ours) runtime_setgs(tls->selector);
}

GO_NOSPLIT bool havetls() {
  ThreadTls tls;
  savetls(&tls);
  return tls.selector == ours && tls.base != 0;
}

}  // namespace runtime

#endif
