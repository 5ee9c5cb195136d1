// runtime/sys/sys.h for OpenBSD, 5.5 and later: what it has of its own beside os/bsd/sys.cc.
// Numbers of calls are not kept from release to release; which ones hold is asked once.

#include "runtime/sys/sys.h"

#include "runtime/os/bsd/raw.h"
#include "runtime/os/bsd/start.h"
#include "runtime/proc/proc.h"

extern "C" {
long runtime_tfork(const runtime::sys::os::Tfork* param, size_t size);
void runtime_threadstart();
}

namespace runtime::sys {

long threadkill = k_kill_to_5_8;

namespace {

constexpr int32_t kThrkillSince = 201603;  // 5.9
constexpr int32_t kStacksSince = 201810;   // 6.4
constexpr int32_t kNoPadsSince = 202304;   // 7.3

int32_t release;  // kern.osrevision; 0: not asked yet; atomic

GO_NOSPLIT int32_t osrevision() {
  int32_t known = __atomic_load_n(&release, __ATOMIC_ACQUIRE);
  if (known != 0) return known;
  const int name[] = {kCTL_KERN, kKERN_OSREV};
  size_t size = sizeof(known);
  if (sysctl(name, 2, &known, &size) != 0) known = 1;
  if (known >= kThrkillSince) threadkill = k_thrkill;
  __atomic_store_n(&release, known, __ATOMIC_RELEASE);
  return known;
}

// Who waits for which word. What the kernel sleeps on is an address; it looks at a flag before it
// does, and whoever wakes sets that first (kern/kern_synch.c, thrsleep).
struct Waiter {
  const uint32_t* word;  // atomic
  uint32_t state;        // atomic
  int32_t woken;         // atomic
};
constexpr uint32_t kFree = 0;
constexpr uint32_t kTaken = 1;  // being filled in
constexpr uint32_t kWaiting = 2;
// Twice as many as there can be threads: a handler may wait while the code that it interrupted
// does.
Waiter waiters[2 * kMaxThreads];
uint32_t waitersused;  // none has been taken at this index and above; atomic

// Lock-free, since handlers do it too.
GO_NOSPLIT Waiter* takewaiter() {
  for (;;) {
    for (uint32_t i = 0; i < 2 * kMaxThreads; i++) {
      uint32_t state = kFree;
      if (!__atomic_compare_exchange_n(&waiters[i].state, &state, kTaken, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST)) {
        continue;
      }
      uint32_t used = __atomic_load_n(&waitersused, __ATOMIC_SEQ_CST);
      while (used < i + 1 && !__atomic_compare_exchange_n(&waitersused, &used, i + 1, false,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      }
      return &waiters[i];
    }
    raw(k_sched_yield);
  }
}

}  // namespace

GO_NOSPLIT long pipe2(int fds[2], int flags) { return raw(k_pipe2, fds, flags); }
GO_NOSPLIT long fstatsize(int fd) {
  // lseek to the end and back: no struct stat, whose layout differs by release. On 386 the offset
  // has two words; of the result the lower one comes back.
  const auto seek = [fd](int whence) GO_NOSPLIT {
#if defined(__x86_64__)
    if (osrevision() < kNoPadsSince) return raw(k_pad_lseek, fd, 0, 0, whence);
    return raw(k_lseek, fd, 0, whence);
#else
    if (osrevision() < kNoPadsSince) return raw(k_pad_lseek, fd, 0, 0, 0, whence);
    return raw(k_lseek, fd, 0, 0, whence);
#endif
  };
  const long size = seek(kSEEK_END);
  if (size >= 0) seek(kSEEK_SET);
  return size;
}

// Any memory of one's own may become a stack, and since 6.4 a stack has to be asked for as such.
// Also where it is opened later: mprotect makes no stack, and a stack that is asked for is open.
GO_NOSPLIT intptr_t mmap(void* addr, size_t length, int prot, int flags, int fd, size_t offset) {
  const bool own = (flags & ~kMAP_FIXED) == (kMAP_ANON | kMAP_PRIVATE);
  const bool closed = own && prot == kPROT_NONE && osrevision() >= kStacksSince;
  if (closed) prot = kPROT_READ | kPROT_WRITE;
  if (own && prot == (kPROT_READ | kPROT_WRITE) && osrevision() >= kStacksSince) {
    flags |= kMAP_STACK;
  }
  const intptr_t at = osrevision() < kNoPadsSince
                          ? raw(k_pad_mmap, addr, length, prot, flags, fd, 0, offset, 0)
                          : raw(k_mmap, addr, length, prot, flags, fd, offset, 0);
  if (closed && !iserror(at)) raw(k_mprotect, at, length, kPROT_NONE);
  return at;
}
GO_NOSPLIT void exit_thread(int) {
  for (;;) raw(k___threxit, 0);
}
GO_NOSPLIT long gettid() { return raw(k_getthrid); }
GO_NOSPLIT bool kernelpath(char*, size_t) { return false; }  // it keeps none

// The word is 1 until the kernel clears the half of it that it takes for the whole, when the thread
// has left its stack for good (kern/kern_exit.c, exit1). It wakes nobody.
GO_NOSPLIT bool threadlives(const ThreadLife* life) {
  return __atomic_load_n(&life->word, __ATOMIC_ACQUIRE) != 0;
}
GO_NOSPLIT void waitthread(const ThreadLife* life) {
  // Looked at again each millisecond. Yielding until then keeps a CPU from those who end it.
  constexpr Timespec kLook = {.sec = 0, .nsec = 1000000};
  while (threadlives(life)) raw(k_nanosleep, &kLook, 0);
}

GO_NOSPLIT long rawthread(void* stack, size_t bytes, uintptr_t tp, ThreadLife* life,
                          void (*fn)(void*), void* argument) {
  // What runtime_threadstart is to do, at the stack's high end, and below it where that is.
  struct Start {
    void (*fn)(void*);
    void* argument;
    long* over;
  };
  const uintptr_t low = reinterpret_cast<uintptr_t>(stack);
  // It may be memory that was not asked for as a stack. Nothing is on it yet.
  if (osrevision() >= kStacksSince) {
    const uintptr_t from = (low + kPageSize - 1) & ~(kPageSize - 1);
    const uintptr_t to = (low + bytes) & ~(kPageSize - 1);
    const long at = mmap(reinterpret_cast<void*>(from), to - from, kPROT_READ | kPROT_WRITE,
                         kMAP_ANON | kMAP_PRIVATE | kMAP_FIXED, -1, 0);
    if (iserror(at)) return at;
  }
  auto* start = reinterpret_cast<Start*>((low + bytes - sizeof(Start)) & ~uintptr_t{15});
  *start = {fn, argument, &life->word};
  auto* below = reinterpret_cast<uintptr_t*>(start);
#if defined(__x86_64__)
  constexpr int kBelow = 1;
  below[-1] = reinterpret_cast<uintptr_t>(start);
#else
  constexpr int kBelow = 3;
  below[-2] = reinterpret_cast<uintptr_t>(start);
#endif
  int32_t tid = 0;
  os::Tfork param = {};
  param.tcb = tp;
  param.tid_at = reinterpret_cast<uintptr_t>(&tid);
  param.stack = reinterpret_cast<uintptr_t>(below - kBelow);
  const SigSet all = ~SigSet{};
  SigSet mask = {};
  sigprocmask(kSIG_SETMASK, &all, &mask);
  __atomic_store_n(&life->word, 1, __ATOMIC_RELEASE);
  const long made = runtime_tfork(&param, sizeof(param));
  if (made < 0) __atomic_store_n(&life->word, 0, __ATOMIC_RELEASE);
  sigprocmask(kSIG_SETMASK, &mask, nullptr);
  return made;
}

GO_NOSPLIT long sigaction(int sig, const SigAction* act, SigAction* old) {
  return raw(k_sigaction, sig, act, old);
}
GO_NOSPLIT long kill(int pid, int sig) {
  return raw(osrevision() < kThrkillSince ? k_kill_to_5_8 : k_kill, pid, sig);
}
GO_NOSPLIT long tgkill(int, int tid, int sig) {
  osrevision();
  return raw(threadkill, tid, sig, 0);
}

GO_NOSPLIT int32_t ncpu() {
  int32_t cpus = 0;
  const int name[] = {kCTL_HW, kHW_NCPU};
  size_t size = sizeof(cpus);
  if (sysctl(name, 2, &cpus, &size) != 0) cpus = 0;
  return cpus > 0 ? cpus : 1;
}
GO_NOSPLIT long bindtocpu() { return -kENOSYS; }  // no call ties a thread to a CPU

GO_NOSPLIT long futexwait(const uint32_t* word, uint32_t value, const Timespec* timeout) {
  Waiter* waiter = takewaiter();
  __atomic_store_n(&waiter->woken, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n(&waiter->word, word, __ATOMIC_SEQ_CST);
  __atomic_store_n(&waiter->state, kWaiting, __ATOMIC_SEQ_CST);
  long error = -kEAGAIN;
  // Whoever changes the word from here on sees the waiter.
  if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == value) {
    Timespec end = {};
    if (timeout != nullptr) {
      clock_gettime(kCLOCK_MONOTONIC, &end);
      end.sec += timeout->sec;
      end.nsec += timeout->nsec;
      if (end.nsec >= 1000000000) {
        end.nsec -= 1000000000;
        end.sec++;
      }
    }
    // The error is its result, without the carry flag.
    const long result = raw(k___thrsleep, waiter, kCLOCK_MONOTONIC,
                            timeout != nullptr ? &end : nullptr, 0, &waiter->woken);
    error = result == kEAGAIN ? -kETIMEDOUT : result > 0 ? -result : result;
    if (__atomic_load_n(&waiter->woken, __ATOMIC_SEQ_CST) != 0) error = 0;
  }
  __atomic_store_n(&waiter->state, kFree, __ATOMIC_SEQ_CST);
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
    if (__atomic_exchange_n(&waiter->woken, 1, __ATOMIC_SEQ_CST) != 0) continue;
    woken++;
    // It sleeps, or sees that it need not, or is another one's by now: who finds itself woken for
    // nothing looks at its word.
    raw(k___thrwakeup, waiter, 1);
  }
  return woken;
}

}  // namespace runtime::sys
