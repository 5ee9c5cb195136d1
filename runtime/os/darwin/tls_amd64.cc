// TLS on darwin/amd64 is the GS base, which libpthread keeps a thread's slots above.

#include "runtime/nosplit.h"
#include "runtime/os/darwin/tls.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

extern "C" void runtime_setcthreadself(uintptr_t base);

namespace runtime {

GO_NOSPLIT void tlsinit(unsigned long) {}

GO_NOSPLIT void savetls(ThreadTls* tls) {
  tls->base = notedtls();
  tls->selector = 0;
}

// What is noted is never more than what there is: a handler in between finds no TLS.
GO_NOSPLIT long installtls(uintptr_t tp) {
  notetls(0);
  runtime_setcthreadself(tp);
  notetls(tp);
  return 0;
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) { installtls(tls->base); }

GO_NOSPLIT bool havetls() { return notedtls() != 0; }

}  // namespace runtime
