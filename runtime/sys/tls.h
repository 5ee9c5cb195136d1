// The thread-local storage of one thread, as the processor sees it: what sigtramp and needm put
// aside when they lend a thread an m with storage of its own.
#ifndef FAULTLINE_RUNTIME_SYS_TLS_H_
#define FAULTLINE_RUNTIME_SYS_TLS_H_

#include <stdint.h>

#include "runtime/sys/types.h"

namespace runtime {

// ThreadTls, what a thread's storage registers hold, is the port's (os/<os>/types.h): at least
//   uintptr_t base;     // the thread pointer; 0: the thread has none
//   uint32_t selector;  // 386: the GS selector

// Notes the calling thread's; reads no memory through it.
void savetls(ThreadTls* tls);
// Makes tp the thread pointer (0: none). Returns 0 or -errno.
long installtls(uintptr_t tp);
// Puts back what savetls noted.
void restoretls(const ThreadTls* tls);
// Whether memory can be read through the thread pointer; cheaper than savetls.
bool havetls();

// Learns how the processor's TLS works here, on the main thread: hwcap2 is AT_HWCAP2, 0 where there
// is none.
void tlsinit(unsigned long hwcap2);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_SYS_TLS_H_
