// Memory straight from the kernel: stacks, and what is kept for ever.

#include "runtime/proc/internal.h"

namespace runtime {

GO_NOSPLIT uintptr_t mapstack(size_t bytes) {
  const intptr_t at =
      sys::mmap(nullptr, bytes + sys::kPageSize, sys::kPROT_READ | sys::kPROT_WRITE,
                sys::kMAP_PRIVATE | sys::kMAP_ANONYMOUS | sys::kMAP_NORESERVE, -1, 0);
  if (sys::iserror(at)) return 0;
  if (sys::mprotect(reinterpret_cast<void*>(at), sys::kPageSize, sys::kPROT_NONE) != 0) {
    sys::munmap(reinterpret_cast<void*>(at), bytes + sys::kPageSize);
    return 0;
  }
  return static_cast<uintptr_t>(at) + sys::kPageSize;
}

GO_NOSPLIT void unmapstack(uintptr_t lo, size_t bytes) {
  sys::munmap(reinterpret_cast<void*>(lo - sys::kPageSize), bytes + sys::kPageSize);
}

GO_NOSPLIT void* sysalloc(size_t bytes) {
  bytes = (bytes + sys::kPageSize - 1) & ~(sys::kPageSize - 1);
  const intptr_t at = sys::mmap(nullptr, bytes, sys::kPROT_READ | sys::kPROT_WRITE,
                                sys::kMAP_PRIVATE | sys::kMAP_ANONYMOUS, -1, 0);
  return sys::iserror(at) ? nullptr : reinterpret_cast<void*>(at);
}

}  // namespace runtime
