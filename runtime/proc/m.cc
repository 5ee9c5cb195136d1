// Threads: the table of them, their signal stacks, and what each does when it starts.

#include "runtime/arch/arch.h"
#if UINTPTR_MAX > 0xffffffffu
#include "runtime/arch/amd64/offsets.h"
#else
#include "runtime/arch/386/offsets.h"
#endif
#include "runtime/proc/internal.h"

namespace runtime {

// What assembly believes of the layouts.
static_assert(offsetof(G, stackguard) == G_stackguard && offsetof(G, stacklo) == G_stacklo &&
              offsetof(G, stackhi) == G_stackhi && offsetof(G, sched.sp) == G_sched_sp &&
              offsetof(G, sched.pc) == G_sched_pc && offsetof(G, sched.bp) == G_sched_bp &&
              offsetof(G, m) == G_m);
static_assert(offsetof(M, g0) == M_g0 && offsetof(M, gsignal) == M_gsignal &&
              offsetof(M, curg) == M_curg && offsetof(M, tls) == M_tls);

M m0;
G g0;
M* mtab[kMaxThreads];
uintptr_t sigarena;
sys::SigSet threadmask;

namespace {

G gsignal0;
int32_t mcount;  // ids given out; atomic, as foreign threads take some in handlers
constexpr size_t kArenaBytes = static_cast<size_t>(kMaxThreads) * kSignalSlot;

// An m and what belongs to it, in one mapping.
struct MBlock {
  M m;
  G g0;
  G gsignal;
};

}  // namespace

GO_NOSPLIT G* getg() { return havetls() ? tlsg() : nullptr; }
GO_NOSPLIT M* getm() { return havetls() ? tlsm() : nullptr; }

GO_NOSPLIT M* mofsignalstack(uintptr_t sp) {
  const uintptr_t at = sp - sigarena;
  if (sigarena == 0 || at >= kArenaBytes) return nullptr;
  return __atomic_load_n(&mtab[at / kSignalSlot], __ATOMIC_ACQUIRE);
}

GO_NOSPLIT bool initsignalstack(M* m) {
  if (sigarena == 0) {  // the first m
    const intptr_t at =
        sys::mmap(nullptr, kArenaBytes, sys::kPROT_NONE,
                  sys::kMAP_PRIVATE | sys::kMAP_ANONYMOUS | sys::kMAP_NORESERVE, -1, 0);
    if (sys::iserror(at)) return false;
    sigarena = static_cast<uintptr_t>(at);
  }
  const uintptr_t lo = sigarena + static_cast<uintptr_t>(m->id) * kSignalSlot + sys::kPageSize;
  if (sys::mprotect(reinterpret_cast<void*>(lo), kSignalSlot - sys::kPageSize,
                    sys::kPROT_READ | sys::kPROT_WRITE) != 0) {
    return false;
  }
  m->gsignal->stacklo = lo;
  m->gsignal->stackhi = lo + kSignalSlot - sys::kPageSize;
  m->gsignal->stackguard = lo + kStackGuard;
  m->gsignal->m = m;
  __atomic_store_n(&mtab[m->id], m, __ATOMIC_RELEASE);
  return true;
}

GO_NOSPLIT M* allocm(bool withtls) {
  const int32_t id = __atomic_fetch_add(&mcount, 1, __ATOMIC_SEQ_CST);
  if (id >= kMaxThreads) {
    __atomic_fetch_sub(&mcount, 1, __ATOMIC_SEQ_CST);
    return nullptr;
  }
  M* m = nullptr;
  if (id == 0) {
    m = &m0;
    m->g0 = &g0;
    m->gsignal = &gsignal0;
  } else {
    auto* block = static_cast<MBlock*>(sysalloc(sizeof(MBlock)));
    if (block == nullptr) return nullptr;
    m = &block->m;
    m->g0 = &block->g0;
    m->gsignal = &block->gsignal;
  }
  m->id = id;
  m->g0->m = m;
  if (!initsignalstack(m)) return nullptr;
  if (withtls) {
    m->tls = newtls(m->g0, m);
    if (m->tls == 0) return nullptr;
  }
  return m;
}

GO_NOSPLIT void minit(M* m) {
  m->tid = static_cast<int32_t>(sys::gettid());
  sys::StackT stack = {};
  stack.sp = m->gsignal->stacklo;
  stack.size = m->gsignal->stackhi - m->gsignal->stacklo;
  sys::sigaltstack(&stack, nullptr);
  sys::sigprocmask(sys::kSIG_SETMASK, &threadmask, nullptr);
}

}  // namespace runtime
