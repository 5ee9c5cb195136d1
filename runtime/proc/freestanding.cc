// The freestanding form: there is no libc, and threads are the kernel's own.

#include "runtime/proc/internal.h"

namespace runtime {

const bool threadsneedtls = true;

void endprogram(void*) { exit(0); }

namespace {

GO_NOSPLIT void threadentry(void* p) {
  M* m = static_cast<M*>(p);
  initcgo(m->g0, reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
          {m->threadlo, m->threadhi});
  mstart(m);
}

}  // namespace

long newosproc(M* m) {
  const uintptr_t size = defaultstacksize();
  const uintptr_t lo = mapstack(size);
  if (lo == 0) return -sys::kENOMEM;
  m->threadlo = lo;
  m->threadhi = lo + size;
  // The thread takes the runtime's mask in minit, when it has a gsignal. Threads of the runtime do
  // not end: nobody will ask for this one's life.
  static sys::ThreadLife life;
  const long tid = sys::rawthread(reinterpret_cast<void*>(lo), size, m->tls, &life, threadentry, m);
  return tid < 0 ? tid : 0;
}

// No libc, so whoever the runtime did not make has storage of a kind unknown here, if any.
GO_NOSPLIT bool ownsprogramtls() { return false; }
GO_NOSPLIT bool libcstackbounds(uintptr_t, StackBounds*) { return false; }

}  // namespace runtime
