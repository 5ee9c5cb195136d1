// TLS on freebsd/386 is a descriptor that each thread has for GS. sysarch sets its base and loads
// the selector for it; a thread that never had it done may have GS flat, at base 0, and gets the
// same by thr_new from a creator that never had either (i386/i386/vm_machdep.c, cpu_set_user_tls).

#if defined(__i386__)  // for tools that read every file as one arch

#include "runtime/nosplit.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

extern "C" uint32_t runtime_getgs();
extern "C" void runtime_setgs(uint32_t selector);

namespace runtime {

namespace {

// What sysarch loads: 0x1b on FreeBSD itself (abi: kGsSelector). Something else where its calls are
// served by another kernel, which is why it is looked at and not taken for granted.
uint32_t ours;  // written by the first installtls, before there is a second thread

}  // namespace

GO_NOSPLIT uint32_t tlsselector() { return ours; }

GO_NOSPLIT void tlsinit(unsigned long) {}

GO_NOSPLIT void savetls(ThreadTls* tls) {
  tls->selector = runtime_getgs();
  tls->base = 0;
  sys::call(sys::k_sysarch, sys::kI386_GET_GSBASE, reinterpret_cast<long>(&tls->base));
}

GO_NOSPLIT long installtls(uintptr_t tp) {
  const long error = sys::call(sys::k_sysarch, sys::kI386_SET_GSBASE, reinterpret_cast<long>(&tp));
  if (error == 0 && ours == 0) ours = runtime_getgs();
  return error;
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) {
  installtls(tls->base);
  // A selector of its own (none, flat, a local descriptor): the base above was not in use.
  if (tls->selector != ours) runtime_setgs(tls->selector);
}

GO_NOSPLIT bool havetls() {
  ThreadTls tls;
  savetls(&tls);
  return tls.selector == ours && tls.base != 0;
}

}  // namespace runtime

#endif
