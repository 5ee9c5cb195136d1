// TLS on linux/arm64, arm and riscv64: the thread pointer is a register of its own, which holds an
// address and nothing else. What tls_<arch>.cc is there.
#ifndef FAULTLINE_RUNTIME_OS_LINUX_TLS_REGISTER_H_
#define FAULTLINE_RUNTIME_OS_LINUX_TLS_REGISTER_H_

#include "runtime/nosplit.h"
#include "runtime/sys/tls.h"

// In sys_<arch>.S. The second returns 0 or -errno.
extern "C" uintptr_t runtime_threadpointer();
extern "C" long runtime_setthreadpointer(uintptr_t tp);

namespace runtime {

GO_NOSPLIT void tlsinit(unsigned long) {}

GO_NOSPLIT void savetls(ThreadTls* tls) {
  tls->base = runtime_threadpointer();
  tls->selector = 0;
}

GO_NOSPLIT long installtls(uintptr_t tp) { return runtime_setthreadpointer(tp); }

GO_NOSPLIT void restoretls(const ThreadTls* tls) { installtls(tls->base); }

GO_NOSPLIT bool havetls() { return runtime_threadpointer() != 0; }

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_OS_LINUX_TLS_REGISTER_H_
