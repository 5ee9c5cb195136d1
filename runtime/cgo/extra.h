// The list of extra m's, for needm and for sigtramp. All safe in handlers.
#ifndef FAULTLINE_RUNTIME_CGO_EXTRA_H_
#define FAULTLINE_RUNTIME_CGO_EXTRA_H_

#include "runtime/proc/proc.h"

namespace runtime {

// Takes one; null when there is none at hand.
M* takeextra();
// Takes one, or makes it; null when there is no memory or there are kMaxThreads.
M* takeornewextra();
void putextra(M* m);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_CGO_EXTRA_H_
