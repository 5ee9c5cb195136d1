// The thread-local storage of one thread, as the processor sees it: what sigtramp and needm put
// aside when they lend a thread an m with storage of its own.
#ifndef FAULTLINE_RUNTIME_SYS_TLS_H_
#define FAULTLINE_RUNTIME_SYS_TLS_H_

#include <stdint.h>

#include "runtime/sys/types.h"

namespace runtime {

struct ThreadTls {
  uintptr_t base = 0;     // the thread pointer; 0: the thread has none
  uint32_t selector = 0;  // 386: the GS selector
#if defined(__i386__)
  sys::os::UserDesc slot = {};  // 386: what the GDT slot held that installtls writes
  bool haveslot = false;
#endif
};

// Notes the calling thread's; reads no memory through it.
void savetls(ThreadTls* tls);
// Makes tp the thread pointer (0: none). Returns 0 or -errno.
long installtls(uintptr_t tp);
// Puts back what savetls noted.
void restoretls(const ThreadTls* tls);
// Whether memory can be read through the thread pointer; cheaper than savetls.
bool havetls();

// Learns how the processor's TLS works here, on the main thread: hwcap2 is AT_HWCAP2. On 386 also
// which GDT slot is the program's: the one GS selects, or, when it selects none, the one that the
// kernel picks at the first installtls.
void tlsinit(unsigned long hwcap2);
#if defined(__i386__)
// 386: that slot, for CLONE_SETTLS.
uint32_t tlsslot();
#endif

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_SYS_TLS_H_
