// The freestanding form: the kernel starts us, threads are clones.

#include "runtime/os/linux/start.h"
#include "runtime/proc/internal.h"
#include "runtime/sys/tls.h"

namespace runtime {

// Where _start leads: still without TLS.
extern "C" GO_NOSPLIT [[noreturn]] void runtime_rt0go(uintptr_t* sp) {
  const auto argc = static_cast<int>(sp[0]);
  auto** argv = reinterpret_cast<char**>(sp + 1);
  char** envp = argv + argc + 1;
  const Auxv aux = readauxv(envp);
  tlsinit(aux.hwcap2);
  tlsimageinit(aux);
  const uintptr_t tp = newtls(nullptr, nullptr);
  if (tp == 0 || installtls(tp) != 0) {
    static const char message[] = "runtime: cannot set up thread-local storage\n";
    sys::write(2, message, sizeof(message) - 1);
    sys::exit_group(2);
  }
  stackinit(aux.execfn);
  startruntime(argc, argv, envp, reinterpret_cast<uintptr_t>(sp));
}

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
#if defined(__i386__)
  sys::os::UserDesc desc = {};
  desc.entry_number = tlsslot();
  desc.base_addr = m->tls;
  desc.limit = 0xfffff;
  desc.flags = sys::os::kUserDescFlat;
  const void* tls = &desc;
#else
  const void* tls = reinterpret_cast<const void*>(m->tls);
#endif
  // The thread starts with every signal blocked and takes the runtime's mask in minit, when it has
  // a gsignal.
  const sys::SigSet all = ~sys::SigSet{0};
  sys::SigSet mask = 0;
  sys::sigprocmask(sys::kSIG_SETMASK, &all, &mask);
  const long tid =
      sys::rawclone(sys::kCLONE_VM | sys::kCLONE_FS | sys::kCLONE_FILES | sys::kCLONE_SIGHAND |
                        sys::kCLONE_THREAD | sys::kCLONE_SYSVSEM | sys::kCLONE_SETTLS,
                    reinterpret_cast<void*>(m->threadhi), nullptr, nullptr, tls, threadentry, m);
  sys::sigprocmask(sys::kSIG_SETMASK, &mask, nullptr);
  return tid < 0 ? tid : 0;
}

// No libc, so whoever the runtime did not make has storage of a kind unknown here, if any.
GO_NOSPLIT bool ownsprogramtls() { return false; }
GO_NOSPLIT bool libcstackbounds(uintptr_t, StackBounds*) { return false; }

}  // namespace runtime
