// TLS on linux/amd64 is the FS base: by RDFSBASE/WRFSBASE where the kernel allows them (since 5.9),
// else by arch_prctl.

#include "runtime/nosplit.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

extern "C" uintptr_t runtime_rdfsbase();
extern "C" void runtime_wrfsbase(uintptr_t base);

namespace runtime {

namespace {
bool havefsgsbase;  // written once by tlsinit, before there is a second thread
}

GO_NOSPLIT void tlsinit(unsigned long hwcap2) {
  havefsgsbase = (hwcap2 & sys::os::kHWCAP2_FSGSBASE) != 0;
}

GO_NOSPLIT void savetls(ThreadTls* tls) {
  if (havefsgsbase) {
    tls->base = runtime_rdfsbase();
  } else {
    sys::call(sys::os::k_arch_prctl, sys::os::kARCH_GET_FS, reinterpret_cast<long>(&tls->base));
  }
  tls->selector = 0;
}

GO_NOSPLIT long installtls(uintptr_t tp) {
  if (havefsgsbase) {
    runtime_wrfsbase(tp);
    return 0;
  }
  return sys::call(sys::os::k_arch_prctl, sys::os::kARCH_SET_FS, static_cast<long>(tp));
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) { installtls(tls->base); }

GO_NOSPLIT bool havetls() {
  ThreadTls tls;
  savetls(&tls);
  return tls.base != 0;
}

}  // namespace runtime
