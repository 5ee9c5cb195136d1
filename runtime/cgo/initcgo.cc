// What g0 believes of its stack. Compiled once per defect of the stack guard.

#include "runtime/cgo/cgo.h"
#include "runtime/defects.h"
#include "runtime/proc/internal.h"

// What morestack does on g0: 0 reports, 1 is INT $3, as before anyone knew what to report. Assembly
// reads it.
extern "C" {
extern const unsigned char runtime_trapong0;
const unsigned char runtime_trapong0 =
    FAULTLINE_DEFECT_FIXED_64K + FAULTLINE_DEFECT_FIXED_8K + FAULTLINE_DEFECT_ATTR_SIZE;
}

namespace runtime {

void initcgo(G* g0, uintptr_t sp, StackBounds exact) {
#if FAULTLINE_DEFECT_FIXED_64K || FAULTLINE_DEFECT_FIXED_8K
  // rt0 of Go 1.0: "create istack out of the given (operating system) stack", -64*1024+104(SP) and
  // -8192+104(SP).
  constexpr uintptr_t kSize = FAULTLINE_DEFECT_FIXED_64K ? 64 << 10 : 8 << 10;
  constexpr uintptr_t kSlack = 104;
  g0->stacklo = sp - kSize;
  g0->stackhi = exact.hi;
  g0->stackguard = sp - kSize + kSlack;
#elif FAULTLINE_DEFECT_ATTR_SIZE
  // gcc_linux_amd64.c of Go 1.0: &local - size + 4096, size being that of fresh attributes, not of
  // this thread.
  g0->stacklo = sp - defaultstacksize();
  g0->stackhi = exact.hi;
  g0->stackguard = g0->stacklo + kStackGuard;
#else
  (void)sp;
  g0->stacklo = exact.lo;
  g0->stackhi = exact.hi;
  g0->stackguard = exact.lo + kStackGuard;
#endif
}

}  // namespace runtime
