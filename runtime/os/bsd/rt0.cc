// Where the freestanding form starts. It is the only one: no libc of these systems is on the
// machine that builds.

#include "runtime/elf/image.h"
#include "runtime/os/bsd/start.h"
#include "runtime/proc/internal.h"
#include "runtime/proc/start.h"
#include "runtime/sys/tls.h"

namespace runtime {

namespace {

[[noreturn]] GO_NOSPLIT void fail(const char* message, size_t size) {
  sys::write(2, message, size);
  sys::exit_group(2);
}

}  // namespace

// Where _start leads: still without TLS.
extern "C" GO_NOSPLIT [[noreturn]] void runtime_rt0go(uintptr_t* sp) {
  const auto argc = static_cast<int>(sp[0]);
  auto** argv = reinterpret_cast<char**>(sp + 1);
  char** envp = argv + argc + 1;
  const Auxv aux = readauxv(envp);
  tlsinit(0);
  tlsimageinit(aux.phdr, aux.phnum);
  const uintptr_t tp = newtls(nullptr, nullptr);
  if (tp == 0 || installtls(tp) != 0) {
    static const char message[] = "runtime: cannot set up thread-local storage\n";
    fail(message, sizeof(message) - 1);
  }
  sys::pathinit(aux.execpath != nullptr ? aux.execpath : argv[0]);
  if (!stackinit(aux)) {
    static const char message[] = "runtime: the kernel does not tell where the stack ends\n";
    fail(message, sizeof(message) - 1);
  }
  startruntime(argc, argv, envp, reinterpret_cast<uintptr_t>(sp));
}

}  // namespace runtime
