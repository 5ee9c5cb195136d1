#include "runtime/os/windows/start.h"

#include "runtime/proc/internal.h"

namespace runtime {

const bool threadsneedtls = true;

namespace {

[[noreturn]] GO_NOSPLIT void fail(const char* message, size_t size) {
  sys::write(2, message, size);
  sys::exit_group(2);
}

}  // namespace

GO_NOSPLIT void osinit() {
  programinit();
  if (!tlsslotsinit()) {
    static const char message[] = "runtime: the TEB has no free slot for thread-local storage\n";
    fail(message, sizeof(message) - 1);
  }
  if (!exceptioninit()) {
    static const char message[] = "runtime: cannot handle exceptions\n";
    fail(message, sizeof(message) - 1);
  }
}

GO_NOSPLIT void threadentry(void* p) {
  M* m = static_cast<M*>(p);
  installtls(m->tls);
  const StackBounds bounds = mainstackbounds();
  m->threadlo = bounds.lo;
  m->threadhi = bounds.hi;
  initcgo(m->g0, reinterpret_cast<uintptr_t>(__builtin_frame_address(0)), bounds);
  mstart(m);
}

}  // namespace runtime
