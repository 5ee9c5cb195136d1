// TLS on openbsd/amd64 is the FS base, which the kernel calls the thread's TCB.

#include "runtime/nosplit.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

namespace runtime {

GO_NOSPLIT void tlsinit(unsigned long) {}

GO_NOSPLIT void savetls(ThreadTls* tls) {
  tls->base = static_cast<uintptr_t>(sys::call(sys::k___get_tcb));
  tls->selector = 0;
}

GO_NOSPLIT long installtls(uintptr_t tp) {
  return sys::call(sys::k___set_tcb, static_cast<long>(tp));
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) { installtls(tls->base); }

GO_NOSPLIT bool havetls() {
  ThreadTls tls;
  savetls(&tls);
  return tls.base != 0;
}

}  // namespace runtime
