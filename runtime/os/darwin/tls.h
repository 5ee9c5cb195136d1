// Which thread has which base of GS. Nothing on Darwin tells: no call, and where there is none a
// load by way of GS faults. So whoever sets one here writes it down.
#ifndef FAULTLINE_RUNTIME_OS_DARWIN_TLS_H_
#define FAULTLINE_RUNTIME_OS_DARWIN_TLS_H_

#include <stdint.h>

namespace runtime {

// Of the calling thread; 0: none. Lock-free, since handlers ask too.
void notetls(uintptr_t base);
uintptr_t notedtls();

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_OS_DARWIN_TLS_H_
