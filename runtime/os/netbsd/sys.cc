// runtime/sys/sys.h for NetBSD, 7.0 and later: what it has of its own beside os/bsd/sys.cc.

#include "runtime/sys/sys.h"

#include "runtime/os/bsd/raw.h"
#include "runtime/os/bsd/start.h"
#include "runtime/proc/proc.h"

extern "C" {
void runtime_threadstart();
void runtime_sigreturn();
}

namespace runtime::sys {

namespace {

// Who waits for which word. The kernel has no such table before 10.0: it parks a thread, and
// unparks one that is named. An unpark that comes too early is kept, and ends the next park at once
// (kern/sys_lwp.c, lwp_unpark).
struct Waiter {
  const uint32_t* word;  // atomic
  uint32_t state;        // atomic
  int32_t lwp;           // atomic
};
constexpr uint32_t kFree = 0;
constexpr uint32_t kTaken = 1;  // being filled in
constexpr uint32_t kWaiting = 2;
constexpr uint32_t kWoken = 3;  // an unpark for it has been made, or is about to be
// Twice as many as there can be threads: a handler may wait while the code that it interrupted
// does.
Waiter waiters[2 * kMaxThreads];
uint32_t waitersused;  // none has been taken at this index and above; atomic

GO_NOSPLIT bool claim(Waiter* waiter, uint32_t from, uint32_t to) {
  return __atomic_compare_exchange_n(&waiter->state, &from, to, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

// Lock-free, since handlers do it too.
GO_NOSPLIT Waiter* takewaiter() {
  for (;;) {
    for (uint32_t i = 0; i < 2 * kMaxThreads; i++) {
      if (!claim(&waiters[i], kFree, kTaken)) continue;
      uint32_t used = __atomic_load_n(&waitersused, __ATOMIC_SEQ_CST);
      while (used < i + 1 && !__atomic_compare_exchange_n(&waitersused, &used, i + 1, false,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      }
      return &waiters[i];
    }
    raw(k_sched_yield);
  }
}

// The hint says which queue of the kernel's a thread is looked for in first; the same for all
// waits, so that one that is kept for a wait is found by the next.
GO_NOSPLIT long unpark(int32_t lwp) { return raw(k__lwp_unpark, lwp, &waiters); }

// A wait that a handler made may have used up the unpark that was for the code that it interrupted.
GO_NOSPLIT void passon(int32_t lwp) {
  const uint32_t used = __atomic_load_n(&waitersused, __ATOMIC_SEQ_CST);
  for (uint32_t i = 0; i < used; i++) {
    if (__atomic_load_n(&waiters[i].state, __ATOMIC_SEQ_CST) == kWoken &&
        __atomic_load_n(&waiters[i].lwp, __ATOMIC_SEQ_CST) == lwp) {
      unpark(lwp);
      return;
    }
  }
}

}  // namespace

GO_NOSPLIT long pipe2(int fds[2], int flags) { return raw(k_pipe2, fds, flags); }
GO_NOSPLIT long fstatsize(int fd) {
  // lseek to the end and back: no struct stat, whose layout differs by release. A word of padding
  // is before the offset, which on 386 has two words; of the result the lower one comes back.
#if defined(__x86_64__)
  const long size = raw(k_lseek, fd, 0, 0, kSEEK_END);
  if (size >= 0) raw(k_lseek, fd, 0, 0, kSEEK_SET);
#else
  const long size = raw(k_lseek, fd, 0, 0, 0, kSEEK_END);
  if (size >= 0) raw(k_lseek, fd, 0, 0, 0, kSEEK_SET);
#endif
  return size;
}

GO_NOSPLIT intptr_t mmap(void* addr, size_t length, int prot, int flags, int fd, size_t offset) {
  return raw(k_mmap, addr, length, prot, flags, fd, 0, offset, 0);
}
GO_NOSPLIT void exit_thread(int) {
  for (;;) raw(k__lwp_exit);
}
GO_NOSPLIT long gettid() { return raw(k__lwp_self); }
GO_NOSPLIT bool kernelpath(char*, size_t) { return false; }  // the auxiliary vector tells

// The word is the thread's number: there is one of that number until somebody has waited for it,
// but one that has ended is not found (kern/kern_lwp.c, lwp_find).
GO_NOSPLIT bool threadlives(const ThreadLife* life) {
  const long lwp = __atomic_load_n(&life->word, __ATOMIC_ACQUIRE);
  return lwp > 0 && raw(k__lwp_kill, lwp, 0) == 0;
}
GO_NOSPLIT void waitthread(const ThreadLife* life) {
  const long lwp = __atomic_load_n(&life->word, __ATOMIC_ACQUIRE);
  while (lwp > 0 && raw(k__lwp_wait, lwp, 0) == -kEINTR) {
  }
}

// _lwp_create takes all of a thread's registers from a context. Which mask it is born with depends
// on the release: its creator's, or from 8.0 on the context's; the two are the same here.
GO_NOSPLIT long rawthread(void* stack, size_t bytes, uintptr_t tp, ThreadLife* life,
                          void (*fn)(void*), void* argument) {
  // What runtime_threadstart is to do, at the stack's high end.
  struct Start {
    void (*fn)(void*);
    void* argument;
  };
  const uintptr_t low = reinterpret_cast<uintptr_t>(stack);
  auto* start = reinterpret_cast<Start*>((low + bytes - sizeof(Start)) & ~uintptr_t{15});
  *start = {fn, argument};
  const SigSet all = ~SigSet{};
  SigSet mask = {};
  sigprocmask(kSIG_SETMASK, &all, &mask);
  UContext context;
  long error = raw(k_getcontext, &context);
  if (error == 0) {
    context.flags |= kUC_TLSBASE;
    context.mcontext.tlsbase = tp;
#if defined(__x86_64__)
    context.mcontext.rip = reinterpret_cast<uintptr_t>(&runtime_threadstart);
    context.mcontext.rsp = reinterpret_cast<uintptr_t>(start) - 8;
    context.mcontext.rdi = reinterpret_cast<uintptr_t>(start);
#else
    context.mcontext.eip = reinterpret_cast<uintptr_t>(&runtime_threadstart);
    context.mcontext.esp = reinterpret_cast<uintptr_t>(start) - 12;
    reinterpret_cast<uintptr_t*>(start)[-2] = reinterpret_cast<uintptr_t>(start);
#endif
    int32_t lwp = -1;
    error = raw(k__lwp_create, &context, 0, &lwp);
    __atomic_store_n(&life->word, error == 0 ? lwp : 0, __ATOMIC_RELEASE);
    if (error == 0) error = lwp;
  }
  sigprocmask(kSIG_SETMASK, &mask, nullptr);
  return error;
}

// The trampoline that a handler returns to is the program's own.
GO_NOSPLIT long sigaction(int sig, const SigAction* act, SigAction* old) {
  return raw(k___sigaction_sigtramp, sig, act, old, &runtime_sigreturn, kSigtrampSiginfo);
}
GO_NOSPLIT long kill(int pid, int sig) { return raw(k_kill, pid, sig); }
GO_NOSPLIT long tgkill(int, int tid, int sig) { return raw(k__lwp_kill, tid, sig); }

GO_NOSPLIT int32_t ncpu() {
  int32_t cpus = 0;
  const int name[] = {kCTL_HW, kHW_NCPUONLINE};
  size_t size = sizeof(cpus);
  if (sysctl(name, 2, &cpus, &size) != 0) cpus = 0;
  return cpus > 0 ? cpus : 1;
}
GO_NOSPLIT long bindtocpu() {
  // Which CPU a thread is on cannot be asked. A set is as large as the kernel was built for; what
  // is beyond the caller's is taken for empty (kern/sys_sched.c, genkcpuset).
  const uint32_t first[8] = {1};
  return raw(k__sched_setaffinity, getpid(), gettid(), sizeof(first), first);
}

GO_NOSPLIT long futexwait(const uint32_t* word, uint32_t value, const Timespec* timeout) {
  const auto lwp = static_cast<int32_t>(gettid());
  Waiter* waiter = takewaiter();
  __atomic_store_n(&waiter->lwp, lwp, __ATOMIC_SEQ_CST);
  __atomic_store_n(&waiter->word, word, __ATOMIC_SEQ_CST);
  __atomic_store_n(&waiter->state, kWaiting, __ATOMIC_SEQ_CST);
  long error = -kEAGAIN;
  // Whoever changes the word from here on sees the waiter.
  if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == value) {
    Timespec left = {};  // the kernel writes there
    if (timeout != nullptr) left = *timeout;
    error = raw(k____lwp_park60, kCLOCK_MONOTONIC, 0, timeout != nullptr ? &left : nullptr, 0,
                &waiters, 0);
    if (error == -kEALREADY) error = 0;
  }
  // Woken after it had found the word changed, or given up: that unpark is kept for the next wait,
  // which its caller takes for one that nobody asked for.
  __atomic_store_n(&waiter->state, kFree, __ATOMIC_SEQ_CST);
  passon(lwp);
  return error;
}
GO_NOSPLIT long futexwake(const uint32_t* word, int n) {
  // The word was changed before this; the waiters are looked at after.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  const uint32_t used = __atomic_load_n(&waitersused, __ATOMIC_SEQ_CST);
  int woken = 0;
  for (uint32_t i = 0; i < used && woken < n; i++) {
    Waiter* waiter = &waiters[i];
    if (__atomic_load_n(&waiter->state, __ATOMIC_SEQ_CST) != kWaiting ||
        __atomic_load_n(&waiter->word, __ATOMIC_SEQ_CST) != word) {
      continue;
    }
    if (!claim(waiter, kWaiting, kWoken)) continue;
    woken++;
    // Whose it is now: one that has given up meanwhile needs no unpark.
    unpark(__atomic_load_n(&waiter->lwp, __ATOMIC_SEQ_CST));
  }
  return woken;
}

}  // namespace runtime::sys
