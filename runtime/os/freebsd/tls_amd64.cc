// TLS on freebsd/amd64 is the FS base, which sysarch reads and writes.

#include "runtime/nosplit.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

namespace runtime {

GO_NOSPLIT void tlsinit(unsigned long) {}

GO_NOSPLIT void savetls(ThreadTls* tls) {
  sys::call(sys::k_sysarch, sys::kAMD64_GET_FSBASE, reinterpret_cast<long>(&tls->base));
  tls->selector = 0;
}

GO_NOSPLIT long installtls(uintptr_t tp) {
  return sys::call(sys::k_sysarch, sys::kAMD64_SET_FSBASE, reinterpret_cast<long>(&tp));
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) { installtls(tls->base); }

GO_NOSPLIT bool havetls() {
  ThreadTls tls;
  savetls(&tls);
  return tls.base != 0;
}

}  // namespace runtime
