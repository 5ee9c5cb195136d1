#include "runtime/proc/start.h"

#include "runtime/proc/internal.h"
#include "runtime/runtime.h"
#include "runtime/signal/internal.h"

namespace runtime {

namespace {

struct Args {
  int argc;
  char** argv;
  char** envp;
} args;

void maingoroutine(void*) {
  go_main(args.argc, args.argv, args.envp);
  waitforpanic();
  systemstack(endprogram, nullptr);
}

}  // namespace

GO_NOSPLIT void startruntime(int argc, char** argv, char** envp, uintptr_t sp) {
  args = {argc, argv, envp};
  M* m = allocm(false);  // m0: its TLS stands already
  if (m == nullptr) {
    Print(2).s("runtime: cannot map memory at start\n");
    sys::exit_group(2);
  }
  settlsm(m);
  settlsg(m->g0);
  const StackBounds bounds = mainstackbounds();
  m->threadlo = bounds.lo;
  m->threadhi = bounds.hi;
  initcgo(m->g0, sp, bounds);
  sys::sigprocmask(sys::kSIG_SETMASK, nullptr, &threadmask);
  minit(m);
  initsig();
  for (int i = 0; i < kExtraThreads; i++) newextram();
  // The main goroutine is made before the scheduler opens, so that it starts on this thread and on
  // no other.
  newproc(maingoroutine, nullptr, kMainStackSize);
  schedinit(sys::ncpu());
  mstart(m);
}

}  // namespace runtime
