// TLS on darwin/386 is the base of a descriptor of the LDT, two pages long, that
// thread_fast_set_cthread_self fills in and loads into GS; a handler begins with it loaded
// (bsd/dev/i386/unix_signal.c, sendsig).

#if defined(__i386__)  // for tools that read every file as one arch

#include "runtime/nosplit.h"
#include "runtime/os/darwin/tls.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

extern "C" uint32_t runtime_getgs();
extern "C" void runtime_setgs(uint32_t selector);
extern "C" void runtime_setcthreadself(uintptr_t base);

namespace runtime {

namespace {

// What GS holds after the first such call. Not taken for granted: it is something else where
// Darwin's calls are served by another kernel.
uint32_t ours;

}  // namespace

GO_NOSPLIT uint32_t tlsselector() { return ours; }

GO_NOSPLIT void tlsinit(unsigned long) {
  runtime_setcthreadself(0);
  ours = runtime_getgs();
}

GO_NOSPLIT void savetls(ThreadTls* tls) {
  tls->selector = runtime_getgs();
  tls->base = notedtls();
}

// What is noted is never more than what there is: a handler in between finds no TLS.
GO_NOSPLIT long installtls(uintptr_t tp) {
  notetls(0);
  runtime_setcthreadself(tp);
  notetls(tp);
  return 0;
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) {
  installtls(tls->base);
  // A selector of its own (none, a descriptor of the program's): the base above was not in use.
  if (tls->selector != ours) runtime_setgs(tls->selector);
}

GO_NOSPLIT bool havetls() { return runtime_getgs() == ours && notedtls() != 0; }

}  // namespace runtime

#endif
