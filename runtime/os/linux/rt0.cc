// Where the freestanding form starts.

#include "runtime/elf/image.h"
#include "runtime/os/linux/start.h"
#include "runtime/proc/internal.h"
#include "runtime/proc/start.h"
#include "runtime/sys/tls.h"

namespace runtime {

// Where _start leads: still without TLS.
extern "C" GO_NOSPLIT [[noreturn]] void runtime_rt0go(uintptr_t* sp) {
  const auto argc = static_cast<int>(sp[0]);
  auto** argv = reinterpret_cast<char**>(sp + 1);
  char** envp = argv + argc + 1;
  const Auxv aux = readauxv(envp);
  tlsinit(aux.hwcap2);
  tlsimageinit(aux.phdr, aux.phnum);
  const uintptr_t tp = newtls(nullptr, nullptr);
  if (tp == 0 || installtls(tp) != 0) {
    static const char message[] = "runtime: cannot set up thread-local storage\n";
    sys::write(2, message, sizeof(message) - 1);
    sys::exit_group(2);
  }
  stackinit(aux.execfn);
  startruntime(argc, argv, envp, reinterpret_cast<uintptr_t>(sp));
}

}  // namespace runtime
