// Foreign threads: the list of extra m's, and lending them out. Taking and giving back is
// lock-free, because handlers do it too (signal/sigtramp.cc).

#include "runtime/cgo/extra.h"

#include "runtime/cgo/cgo.h"
#include "runtime/proc/internal.h"

namespace runtime {

namespace {

M* extra[kMaxThreads];  // those at hand; atomic
int32_t atthehand;      // how many; atomic
uint32_t givenback;     // counts putextra, for those who wait; atomic

}  // namespace

GO_NOSPLIT M* takeextra() {
  if (__atomic_load_n(&atthehand, __ATOMIC_SEQ_CST) <= 0) return nullptr;
  for (M*& slot : extra) {
    if (__atomic_load_n(&slot, __ATOMIC_RELAXED) == nullptr) continue;
    M* m = __atomic_exchange_n(&slot, static_cast<M*>(nullptr), __ATOMIC_SEQ_CST);
    if (m != nullptr) {
      __atomic_fetch_sub(&atthehand, 1, __ATOMIC_SEQ_CST);
      return m;
    }
  }
  return nullptr;
}

GO_NOSPLIT void putextra(M* m) {
  // There are as many slots as there can be m's, so one is free.
  for (;;) {
    for (M*& slot : extra) {
      M* none = nullptr;
      if (__atomic_load_n(&slot, __ATOMIC_RELAXED) == nullptr &&
          __atomic_compare_exchange_n(&slot, &none, m, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        __atomic_fetch_add(&atthehand, 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&givenback, 1, __ATOMIC_SEQ_CST);
        sys::futexwake(&givenback, 1);
        return;
      }
    }
  }
}

GO_NOSPLIT M* takeornewextra() {
  M* m = takeextra();
  return m != nullptr ? m : allocm(true);
}

GO_NOSPLIT void newextram() {
  M* m = allocm(true);
  if (m == nullptr) return;  // as many as there can be: callers wait for one to come back
  putextra(m);
}

GO_NOSPLIT int32_t numextram() { return __atomic_load_n(&atthehand, __ATOMIC_SEQ_CST); }

GO_NOSPLIT void needm(uintptr_t sp) {
  // No handler may run while this thread has half an m.
  const sys::SigSet all = ~sys::SigSet{};
  sys::SigSet mask = {};
  sys::sigprocmask(sys::kSIG_SETMASK, &all, &mask);

  M* m = nullptr;
  for (;;) {
    const uint32_t seen = __atomic_load_n(&givenback, __ATOMIC_SEQ_CST);
    m = takeornewextra();
    if (m != nullptr) break;
    sys::futexwait(&givenback, seen, nullptr);
  }
  m->oldmask = mask;
  m->tid = static_cast<int32_t>(sys::gettid());
  m->threadlo = 0;
  m->threadhi = 0;
  m->g0->stackguard = 0;  // until the bounds are known
  m->switchedtls = !ownsprogramtls();
  if (m->switchedtls) {
    setblocktls(m->tls, m->g0, m);
    savetls(&m->oldtls);
    installtls(m->tls);
  } else {
    settlsm(m);
    settlsg(m->g0);
  }
  sys::StackT stack = {};
  stack.sp = m->gsignal->stacklo;
  stack.size = m->gsignal->stackhi - m->gsignal->stacklo;
  sys::sigaltstack(
      &stack, &m->oldaltstack);  // fails when C calls back from a handler on its own: then it stays

  const StackBounds bounds = stackbounds(sp);
  m->threadlo = bounds.lo;
  m->threadhi = bounds.hi;
  initcgo(m->g0, sp, bounds);

  if (m->curg == nullptr) {
    G* g = newcallbackg();
    g->m = m;
    g->lockedm = m;
    g->lockcount = 1;
    m->curg = g;
    m->lockedg = g;
  }
  startcallbackg(m->curg);
  sys::sigprocmask(sys::kSIG_SETMASK, &mask, nullptr);
  if (numextram() < kExtraThreads) newextram();
}

GO_NOSPLIT void dropm() {
  const sys::SigSet all = ~sys::SigSet{};
  sys::sigprocmask(sys::kSIG_SETMASK, &all, nullptr);
  M* m = tlsm();
  const sys::SigSet mask = m->oldmask;
  stopcallbackg(m->curg);

  sys::StackT stack = m->oldaltstack;
  stack.flags &= static_cast<int32_t>(~static_cast<uint32_t>(sys::kSS_ONSTACK));
  sys::sigaltstack(&stack, nullptr);
  m->threadlo = 0;
  m->threadhi = 0;
  if (m->switchedtls) {
    const ThreadTls tls = m->oldtls;
    restoretls(&tls);
  } else {
    settlsg(nullptr);
    settlsm(nullptr);
  }
  putextra(m);
  sys::sigprocmask(sys::kSIG_SETMASK, &mask, nullptr);
}

}  // namespace runtime
