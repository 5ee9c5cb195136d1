// The form beside a libc (glibc, static): main starts us, threads are its.

#include <pthread.h>
#include <time.h>

#include "runtime/elf/image.h"
#include "runtime/os/linux/start.h"
#include "runtime/proc/internal.h"
#include "runtime/proc/start.h"
#include "runtime/sys/tls.h"

// <stdlib.h> is wrapped by the C++ library, which the machine need not have for 386.
extern "C" [[noreturn]] void exit(int status) noexcept;

namespace runtime {

const bool threadsneedtls = false;

void endprogram(void*) { ::exit(0); }

GO_NOSPLIT bool ownsprogramtls() {
  ThreadTls tls;
  savetls(&tls);
  if (tls.base == 0) return false;
  // A thread pointer points to itself (ELF TLS ABI, variant II).
  if (!kTlsAbove && *reinterpret_cast<const uintptr_t*>(tls.base) != tls.base) return false;
  // A raw clone may have inherited its creator's: then the libc takes this thread for the creator.
  // Its view of the kernel's id is in the clock it names: bits 3 and up are the complement of the
  // id (linux/posix-timers.h).
  clockid_t clock = 0;
  if (pthread_getcpuclockid(pthread_self(), &clock) != 0) return false;
  return ~(clock >> 3) == sys::gettid();
}

namespace {

// The stack of a libc's thread does not change: what was found is kept in its own storage.
thread_local constinit StackBounds known = {0, 0};

}  // namespace

GO_NOSPLIT bool libcstackbounds(uintptr_t sp, StackBounds* out) {
  if (!ownsprogramtls()) return false;
  if (known.hi == 0) {
    if (sys::gettid() == sys::getpid()) {
      if (!onmainstack(sp)) return false;
      known = mainstackbounds();  // glibc forgets the gap below
    } else {
      pthread_attr_t attr;
      if (pthread_getattr_np(pthread_self(), &attr) != 0) return false;
      void* at = nullptr;
      size_t size = 0;
      pthread_attr_getstack(&attr, &at, &size);
      pthread_attr_destroy(&attr);
      known = {reinterpret_cast<uintptr_t>(at), reinterpret_cast<uintptr_t>(at) + size};
    }
  }
  *out = known;
  return known.lo <= sp && sp < known.hi;
}

namespace {

GO_NOSPLIT void* threadentry(void* p) {
  M* m = static_cast<M*>(p);
  settlsm(m);
  settlsg(m->g0);
  const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  m->tid = static_cast<int32_t>(sys::gettid());
  const StackBounds bounds = stackbounds(sp);
  m->threadlo = bounds.lo;
  m->threadhi = bounds.hi;
  initcgo(m->g0, sp, bounds);
  mstart(m);
}

}  // namespace

long newosproc(M* m) {
  // The thread starts with every signal blocked and takes the runtime's mask in minit, when it has
  // a gsignal.
  const sys::SigSet all = ~sys::SigSet{};
  sys::SigSet mask = {};
  sys::sigprocmask(sys::kSIG_SETMASK, &all, &mask);
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_t thread = {};
  const int error = pthread_create(&thread, &attr, threadentry, m);
  pthread_attr_destroy(&attr);
  sys::sigprocmask(sys::kSIG_SETMASK, &mask, nullptr);
  return -error;
}

}  // namespace runtime

GO_NOSPLIT int main(int argc, char** argv, char** envp) {
  using namespace runtime;  // NOLINT(google-build-using-namespace)
  const Auxv aux = readauxv(envp);
  tlsinit(aux.hwcap2);
  tlsimageinit(aux.phdr, aux.phnum);
  ThreadTls tls;
  savetls(&tls);
  tlscontrolinit(tls.base);
  stackinit(aux.execfn);
  pthread_attr_t attr;
  size_t size = 0;
  if (pthread_attr_init(&attr) == 0 && pthread_attr_getstacksize(&attr, &size) == 0) {
    setdefaultstacksize(size);
  }
  startruntime(argc, argv, envp, reinterpret_cast<uintptr_t>(__builtin_frame_address(0)));
}
