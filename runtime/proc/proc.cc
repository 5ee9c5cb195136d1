// The scheduler: one global run queue, and at most mcpumax threads in goroutine code at a time.
//
// A thread needs a slot (mcpu counts those taken) to run goroutines. It gives the slot up when it
// finds nothing to run and when its goroutine goes into the kernel or into C; whoever makes a
// goroutine runnable and sees a free slot takes it for an idle thread, hands that thread the
// goroutine (m->nextg) and wakes it. A goroutine that comes back from the kernel takes a free slot,
// or queues like any other.
//
// sched.lock guards everything in sched but mcpu and gwait, which are atomic so that entersyscall
// and exitsyscall need no lock: entersyscall gives the slot back and then looks at gwait; ready()
// raises gwait and then looks at mcpu. One of the two sees the other.
//
// A goroutine that is tied to a thread (LockOSThread, or C frames of its on that thread) stays in
// the queue until its thread waits for it (m->idle, not in the idle list).

#include "runtime/proc/internal.h"
#include "runtime/sys/print.h"
#include "runtime/sys/string.h"

namespace runtime {

namespace {

struct Sched {
  Lock lock;
  G* ghead = nullptr;  // the run queue
  G* gtail = nullptr;
  int32_t gwait = 0;          // its length; atomic
  M* mhead = nullptr;         // idle threads
  int32_t mcpu = 0;           // slots taken; atomic
  int32_t mcpumax = 0;        // atomic; 0 until schedinit
  int32_t grunning = 0;       // goroutines neither parked nor dead
  int32_t external = 0;       // outside sources that may ready one
  bool foreigncalls = false;  // foreign threads have called back: no telling who will ready whom
  int32_t gcount = 0;         // goroutines alive
  int32_t threads = 1;        // threads the runtime made, the first included; atomic
  int64_t goidgen = 0;
  G* gfree = nullptr;  // dead goroutines with a stack of kStackSize
  G* gbare = nullptr;  // dead ones without a stack
  G* allg = nullptr;   // all there ever were
};
Sched sched;

// Not every G is worth a page: they come a page at a time.
constexpr size_t kGBlock = sys::kPageSize / sizeof(G);

int32_t mcpu() { return __atomic_load_n(&sched.mcpu, __ATOMIC_SEQ_CST); }
int32_t gwait() { return __atomic_load_n(&sched.gwait, __ATOMIC_SEQ_CST); }

// Takes a slot if one is free.
bool takeslot() {
  int32_t n = mcpu();
  while (n < __atomic_load_n(&sched.mcpumax, __ATOMIC_RELAXED)) {
    if (__atomic_compare_exchange_n(&sched.mcpu, &n, n + 1, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST)) {
      return true;
    }
  }
  return false;
}

void giveslot() { __atomic_fetch_sub(&sched.mcpu, 1, __ATOMIC_SEQ_CST); }

void gput(G* g) {
  g->schedlink = nullptr;
  if (sched.ghead == nullptr) {
    sched.ghead = g;
  } else {
    sched.gtail->schedlink = g;
  }
  sched.gtail = g;
  __atomic_fetch_add(&sched.gwait, 1, __ATOMIC_SEQ_CST);
}

void gunlink(G* before, G* g) {
  if (before == nullptr) {
    sched.ghead = g->schedlink;
  } else {
    before->schedlink = g->schedlink;
  }
  if (sched.gtail == g) sched.gtail = before;
  g->schedlink = nullptr;
  __atomic_fetch_sub(&sched.gwait, 1, __ATOMIC_SEQ_CST);
}

// The first goroutine that can run: one that is free, or whose thread waits for it.
G* gget() {
  G* before = nullptr;
  for (G* g = sched.ghead; g != nullptr; before = g, g = g->schedlink) {
    if (g->lockedm == nullptr || g->lockedm->idle) {
      gunlink(before, g);
      return g;
    }
  }
  return nullptr;
}

// Takes this very goroutine out of the queue; false if it is not in it.
bool gtake(G* wanted) {
  G* before = nullptr;
  for (G* g = sched.ghead; g != nullptr; before = g, g = g->schedlink) {
    if (g == wanted) {
      gunlink(before, g);
      return true;
    }
  }
  return false;
}

// Gives m, which waits, a goroutine together with a slot.
void handto(M* m, G* g) {
  m->nextg = g;
  m->idle = false;
  notewakeup(&m->havenextg);
}

// Uses free slots for what is runnable. Threads that have yet to be made are returned as a list;
// startms() makes them once the lock is free.
M* matchmg() {
  M* toc = nullptr;
  while (gwait() > 0 && takeslot()) {
    G* g = gget();
    if (g == nullptr) {
      giveslot();
      break;
    }
    if (g->lockedm != nullptr) {
      handto(g->lockedm, g);
    } else if (sched.mhead != nullptr) {
      M* m = sched.mhead;
      sched.mhead = m->schedlink;
      handto(m, g);
    } else {
      M* m = allocm(threadsneedtls);
      if (m == nullptr) throw_("cannot make another thread");
      m->nextg = g;
      m->schedlink = toc;
      toc = m;
    }
  }
  return toc;
}

void startms(M* list) {
  while (list != nullptr) {
    M* m = list;
    list = m->schedlink;
    m->schedlink = nullptr;
    __atomic_fetch_add(&sched.threads, 1, __ATOMIC_SEQ_CST);
    const long error = newosproc(m);
    if (error != 0) {
      Print(2)
          .s("runtime: failed to create new OS thread (have ")
          .d(threadsmade())
          .s(", errno=")
          .d(-error)
          .s(")\n");
      throw_("newosproc");
    }
  }
}

void checkdead() {
  if (sched.grunning == 0 && sched.external == 0 && !sched.foreigncalls) {
    unlock(&sched.lock);
    startpanic();
    Print(2).s("fatal error: all goroutines are asleep - deadlock!\n");
    printothers(nullptr);
    exit(2);
  }
}

[[noreturn]] void execute(M* m, G* g) {
  g->status = GStatus::kRunning;
  g->m = m;
  m->curg = g;
  runtime_gogo(g);
}

// Finds this thread something to run. On g0, with sched.lock held (and released here), with or
// without a slot.
[[noreturn]] void schedule(M* m, bool slot) {
  for (;;) {
    if (!slot) {
      slot = takeslot();
    } else if (mcpu() > __atomic_load_n(&sched.mcpumax, __ATOMIC_RELAXED)) {
      giveslot();  // gomaxprocs was lowered
      slot = false;
    }
    G* next = nullptr;
    if (slot && m->lockedg != nullptr) {
      if (gtake(m->lockedg)) next = m->lockedg;
    } else if (slot) {
      next = gget();
      if (next != nullptr && next->lockedm != nullptr) {
        handto(next->lockedm, next);  // and the slot with it
        next = nullptr;
        slot = false;
      }
    }
    if (next != nullptr) {
      unlock(&sched.lock);
      execute(m, next);
    }

    // Nothing here. From `idle` on whoever has the lock may wake this thread.
    noteclear(&m->havenextg);
    m->idle = true;
    if (m->lockedg == nullptr) {
      m->schedlink = sched.mhead;
      sched.mhead = m;
    }
    M* toc = nullptr;
    if (slot) giveslot();
    slot = false;
    toc = matchmg();  // which may pick this one
    checkdead();
    unlock(&sched.lock);
    startms(toc);
    notesleep(&m->havenextg);
    next = m->nextg;
    m->nextg = nullptr;
    execute(m, next);
  }
}

// --- what mcall runs on g0
// -------------------------------------------------------------------------

// Leaves g's thread without a goroutine.
M* dropg(G* g) {
  M* m = g->m;
  m->curg = nullptr;
  g->m = nullptr;
  return m;
}

void gosched0(G* g) {
  M* m = dropg(g);
  g->status = GStatus::kRunnable;
  lock(&sched.lock);
  gput(g);
  schedule(m, true);
}

void park0(G* g) {
  M* m = dropg(g);
  g->status = GStatus::kWaiting;
  auto* const unlockf = m->waitunlock;
  Lock* const waitlock = m->waitlock;
  lock(&sched.lock);
  sched.grunning--;
  if (unlockf != nullptr) unlockf(waitlock);  // from here on g may be readied
  schedule(m, true);
}

void exitsyscall0(G* g) {
  M* m = dropg(g);
  g->status = GStatus::kRunnable;
  lock(&sched.lock);
  gput(g);
  schedule(m, false);
}

void goexit0(G* g) {
  M* m = dropg(g);
  g->status = GStatus::kDead;
  g->panicpoint = nullptr;
  const bool standard = g->stackbytes == kStackSize;
  if (!standard) {
    const uintptr_t lo = g->stacklo;
    g->stacklo = g->stackhi = 0;
    unmapstack(lo, g->stackbytes);
  }
  lock(&sched.lock);
  sched.grunning--;
  sched.gcount--;
  if (g->lockedm != nullptr) {  // it ended while tied: the thread is free again
    m->lockedg = nullptr;
    g->lockedm = nullptr;
    g->lockcount = 0;
  }
  G** list = standard ? &sched.gfree : &sched.gbare;
  g->schedlink = *list;
  *list = g;
  schedule(m, true);
}

// --- making goroutines
// ------------------------------------------------------------------------------

// A G with a stack of `bytes`, not yet counted. With sched.lock held.
G* galloc(size_t bytes) {
  G* g = nullptr;
  if (bytes == kStackSize && sched.gfree != nullptr) {
    g = sched.gfree;
    sched.gfree = g->schedlink;
  } else {
    if (sched.gbare == nullptr) {
      G* block = static_cast<G*>(sysalloc(sizeof(G) * kGBlock));
      if (block == nullptr) throw_("out of memory: no room for a goroutine");
      for (size_t i = 0; i < kGBlock; i++) {
        block[i].status = GStatus::kDead;
        block[i].schedlink = sched.gbare;
        sched.gbare = &block[i];
        block[i].alllink = sched.allg;
        __atomic_store_n(&sched.allg, &block[i], __ATOMIC_RELEASE);
      }
    }
    const uintptr_t lo = mapstack(bytes);
    if (lo == 0) throw_("out of memory: cannot map a goroutine's stack");
    g = sched.gbare;
    sched.gbare = g->schedlink;
    g->stacklo = lo;
    g->stackhi = lo + bytes;
    g->stackbytes = bytes;
    g->stackguard = lo + kStackGuard + kFrameRoom;
  }
  g->schedlink = nullptr;
  g->goid = ++sched.goidgen;
  g->status = GStatus::kIdle;
  g->waitreason = nullptr;
  g->panicpoint = nullptr;
  g->sched.sp = g->stackhi;
  g->sched.bp = 0;
  g->sched.pc = reinterpret_cast<uintptr_t>(&runtime_gostart);
  return g;
}

struct NewProc {
  void (*fn)(void*);
  void* arg;
  size_t bytes;
  G* g;
};

void newproc1(void* p) {
  auto* np = static_cast<NewProc*>(p);
  lock(&sched.lock);
  G* g = galloc(np->bytes);
  g->fn = np->fn;
  g->arg = np->arg;
  g->status = GStatus::kRunnable;
  sched.gcount++;
  sched.grunning++;
  np->g = g;
  gput(g);
  M* toc = matchmg();
  unlock(&sched.lock);
  startms(toc);
}

void ready1(void* p) {
  G* g = static_cast<G*>(p);
  lock(&sched.lock);
  if (g->status != GStatus::kWaiting) {
    unlock(&sched.lock);
    Print(2).s("runtime: goroutine ").d(g->goid).s(" has status ").s(statusname(g)).s("\n");
    throw_("bad g->status in ready");
  }
  g->status = GStatus::kRunnable;
  sched.grunning++;
  gput(g);
  M* toc = matchmg();
  unlock(&sched.lock);
  startms(toc);
}

void handoff(void*) {
  lock(&sched.lock);
  M* toc = matchmg();
  unlock(&sched.lock);
  startms(toc);
}

}  // namespace

// --- for programs
// --------------------------------------------------------------------------------------

GO_NOSPLIT void systemstack(void (*fn)(void*), void* arg) { runtime_asmcgocall(fn, arg); }

G* newproc(void (*fn)(void*), void* arg, size_t stacksize) {
  if (stacksize < 4 * kStackGuard + kFrameRoom) stacksize = 4 * kStackGuard + kFrameRoom;
  stacksize = (stacksize + sys::kPageSize - 1) & ~(sys::kPageSize - 1);
  NewProc np = {fn, arg, stacksize, nullptr};
  systemstack(newproc1, &np);
  return np.g;
}

// Where runtime_gostart leads.
extern "C" [[noreturn]] void runtime_gomain() {
  G* g = tlsg();
  g->fn(g->arg);
  goexit();
}

void gosched() { runtime_mcall(gosched0); }

void park(void (*unlockf)(Lock*), Lock* l, const char* reason) {
  M* m = tlsm();
  tlsg()->waitreason = reason;
  m->waitunlock = unlockf;
  m->waitlock = l;
  runtime_mcall(park0);
}

void ready(G* g) { systemstack(ready1, g); }

void goexit() {
  G* g = tlsg();
  if (g->m->incallback > 0) throw_("goexit in a callback");
  runtime_mcall(goexit0);
  __builtin_unreachable();
}

void LockOSThread() {
  G* g = tlsg();
  if (g->lockcount++ == 0) {
    g->lockedm = g->m;
    g->m->lockedg = g;
  }
}

void UnlockOSThread() {
  G* g = tlsg();
  if (g->lockcount == 0) throw_("UnlockOSThread without LockOSThread");
  if (--g->lockcount == 0) {
    g->m->lockedg = nullptr;
    g->lockedm = nullptr;
  }
}

int32_t gomaxprocs(int32_t n) {
  lock(&sched.lock);
  const int32_t old = sched.mcpumax;
  if (n >= 1) __atomic_store_n(&sched.mcpumax, n, __ATOMIC_SEQ_CST);
  unlock(&sched.lock);
  if (n > old) systemstack(handoff, nullptr);
  return old;
}

namespace {

// Notes where the caller's caller is, for a traceback of g meanwhile. fp is the caller's own frame.
GO_NOSPLIT inline void savecaller(G* g, const uintptr_t* fp) {
  g->sched.sp = reinterpret_cast<uintptr_t>(fp + 2);
  g->sched.pc = fp[1];
  g->sched.bp = fp[0];
}

}  // namespace

GO_NOSPLIT GO_NOINLINE void entersyscall() {
  G* g = tlsg();
  const auto* fp = static_cast<const uintptr_t*>(__builtin_frame_address(0));
  savecaller(g, fp);
  g->status = GStatus::kSyscall;
  __atomic_fetch_sub(&sched.mcpu, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&sched.gwait, __ATOMIC_SEQ_CST) > 0) {
    runtime_asmcgocall(handoff, nullptr);
    savecaller(g, fp);
  }
}

void exitsyscall() {
  G* g = tlsg();
  if (takeslot()) {
    g->status = GStatus::kRunning;
    return;
  }
  runtime_mcall(exitsyscall0);
}

void semacquire(Sema* s) {
  lock(&s->lock);
  if (s->count > 0) {
    s->count--;
    unlock(&s->lock);
    return;
  }
  G* g = tlsg();
  g->schedlink = nullptr;
  if (s->head == nullptr) {
    s->head = g;
  } else {
    s->tail->schedlink = g;
  }
  s->tail = g;
  park(unlock, &s->lock, "semacquire");  // the releaser's unit came with ready()
}

void semrelease(Sema* s) {
  lock(&s->lock);
  G* g = s->head;
  if (g == nullptr) {
    s->count++;
  } else {
    s->head = g->schedlink;
  }
  unlock(&s->lock);
  if (g != nullptr) ready(g);
}

void externalbegin() {
  lock(&sched.lock);
  sched.external++;
  unlock(&sched.lock);
}

void externalend() {
  lock(&sched.lock);
  sched.external--;
  unlock(&sched.lock);
}

int64_t numgoroutine() {
  lock(&sched.lock);
  const int64_t n = sched.gcount;
  unlock(&sched.lock);
  return n;
}

int32_t numthread() { return threadsmade(); }

GO_NOSPLIT int32_t threadsmade() { return __atomic_load_n(&sched.threads, __ATOMIC_SEQ_CST); }

GO_NOSPLIT void exit(int code) { sys::exit_group(code); }

// --- for the rest of the runtime
// ------------------------------------------------------------------------

void schedinit(int32_t cpus) { __atomic_store_n(&sched.mcpumax, cpus, __ATOMIC_SEQ_CST); }

void mstart(M* m) {
  m->g0->sched.sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  minit(m);
  if (m->nextg != nullptr) {  // made for a goroutine, and for its slot
    G* g = m->nextg;
    m->nextg = nullptr;
    execute(m, g);
  }
  lock(&sched.lock);
  schedule(m, false);
}

G* newcallbackg() {
  lock(&sched.lock);
  G* g = galloc(kStackSize);
  unlock(&sched.lock);
  g->status = GStatus::kSyscall;
  // runtime_callback expects what asmcgocall leaves: a stack pointer to go on below.
  g->sched.sp = g->stackhi - 64;
  return g;
}

void startcallbackg(G*) {
  lock(&sched.lock);
  sched.grunning++;
  sched.foreigncalls = true;
  unlock(&sched.lock);
}

void stopcallbackg(G*) {
  lock(&sched.lock);
  sched.grunning--;
  unlock(&sched.lock);
}

void unwindcgo(M* m, const PanicPoint* point) {
  while (m->ncgo > point->ncgo) {
    const CgoFrame* frame = m->cgoframe;
    m->g0->sched.sp = frame->g0sp;
    m->cgoframe = frame->outer;
    m->ncgo--;
    UnlockOSThread();  // g is the caller
  }
  m->incallback = point->incallback;
}

void forallg(bool (*f)(G* g, void* arg), void* arg) {
  for (G* g = __atomic_load_n(&sched.allg, __ATOMIC_ACQUIRE); g != nullptr; g = g->alllink) {
    if (!f(g, arg)) return;
  }
}

const char* statusname(const G* g) {
  switch (g->status) {
    case GStatus::kIdle:
      return "idle";
    case GStatus::kRunnable:
      return "runnable";
    case GStatus::kRunning:
      return "running";
    case GStatus::kSyscall:
      return g->m != nullptr && g->m->ncgo > 0 ? "in C" : "syscall";
    case GStatus::kWaiting:
      return g->waitreason != nullptr ? g->waitreason : "waiting";
    case GStatus::kDead:
      return "dead";
  }
  return "?";
}

}  // namespace runtime
