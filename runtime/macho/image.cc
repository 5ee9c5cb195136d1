// Thread-local storage of programs that are Mach-O: no image of it in the program, but the places
// of g and m above the base of GS, among those that libpthread keeps for keys.

#include "runtime/elf/image.h"

#include "abi/darwin/numbers.h"
#include "runtime/proc/internal.h"

namespace runtime {

namespace {

constexpr size_t kBlock = sys::kPageSize;
static_assert(TLS_OFFSET_M + sizeof(uintptr_t) <= kBlock);

}  // namespace

GO_NOSPLIT void tlsimageinit(uintptr_t, uintptr_t) {}

GO_NOSPLIT uintptr_t newtls(G* g, M* m) {
  const auto tp = reinterpret_cast<uintptr_t>(sysalloc(kBlock));
  if (tp == 0) return 0;
  *reinterpret_cast<uintptr_t*>(tp) = tp;  // the first place is pthread_self()
  setblocktls(tp, g, m);
  return tp;
}

GO_NOSPLIT void setblocktls(uintptr_t tp, G* g, M* m) {
  *reinterpret_cast<G**>(tp + TLS_OFFSET_G) = g;
  *reinterpret_cast<M**>(tp + TLS_OFFSET_M) = m;
}

}  // namespace runtime
