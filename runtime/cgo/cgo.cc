// Calls into C and callbacks on threads the runtime knows. README.md draws the route.

#include "runtime/cgo/cgo.h"

#include "runtime/proc/internal.h"

namespace runtime {

void cgocall(void (*fn)(void*), void* arg) {
  // C's frames are on this thread's g0: the goroutine has to come back to it.
  LockOSThread();
  M* m = tlsm();
  CgoFrame frame = {m->cgoframe, m->g0->sched.sp};
  m->cgoframe = &frame;
  m->ncgo++;
  entersyscall();
  runtime_asmcgocall(fn, arg);
  exitsyscall();
  m->ncgo--;
  m->cgoframe = frame.outer;
  UnlockOSThread();
}

void asmcgocall(void (*fn)(void*), void* arg) { runtime_asmcgocall(fn, arg); }

// Where runtime_callback leads: on the goroutine's stack, which is still in a system call as far as
// the scheduler knows.
extern "C" void runtime_cgocallbackg(void (*fn)(void*), void* arg) {
  exitsyscall();
  tlsm()->incallback++;
  fn(arg);
  tlsm()->incallback--;
  entersyscall();
}

namespace {

// On g0, right below the C frames. Its stack check is the one that finds C too deep.
GO_NOINLINE void callbackong0(void (*fn)(void*), void* arg) {
  const M* m = tlsm();
  if (tlsg() != m->g0 || m->curg == nullptr) throw_("cgocallback not called from C");
  runtime_callback(fn, arg);
}

}  // namespace

extern "C" GO_NOSPLIT void cgocallback(void (*fn)(void*), void* arg) {
  const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  M* m = getm();
  const bool onown = m != nullptr && m->threadlo <= sp && sp < m->threadhi;
  // Off its thread's stack: C that switches stacks; or a thread that a raw clone gave its creator's
  // TLS, whose m is not its own.
  if (m != nullptr && !onown && m->tid != sys::gettid()) m = nullptr;
  if (m == nullptr) {
    needm(sp);
    callbackong0(fn, arg);
    dropm();
  } else if (onown) {
    callbackong0(fn, arg);
  } else {
    // The bounds of the stack C has chosen, for as long as the callback lasts.
    G* g0 = m->g0;
    const uintptr_t guard = g0->stackguard;
    const StackBounds thread = {m->threadlo, m->threadhi};
    const uintptr_t lo = g0->stacklo;
    const uintptr_t hi = g0->stackhi;
    g0->stackguard = 0;
    const StackBounds here = stackbounds(sp);
    initcgo(g0, sp, here);
    m->threadlo = here.lo;
    m->threadhi = here.hi;
    callbackong0(fn, arg);
    m->threadlo = thread.lo;
    m->threadhi = thread.hi;
    g0->stackguard = guard;
    g0->stacklo = lo;
    g0->stackhi = hi;
  }
}

}  // namespace runtime
