// runtime/sys/sys.h for FreeBSD: what it has of its own beside os/bsd/sys.cc.

#include "runtime/sys/sys.h"

#include "runtime/os/bsd/raw.h"
#include "runtime/os/bsd/start.h"

extern "C" {
long runtime_pipe(int fds[2]);
void runtime_threadstart();
}

namespace runtime::sys {

namespace {

// A set of CPUs, as cpuset_getaffinity has it. Its size in bytes must be at least what the kernel
// was built for, and at most what the release can have (kern/kern_cpuset.c): 8 to 16 up to 9.x, 8
// to 32 in 10.x, 32 from 11.0 on, 128 from 14.0 on.
struct CpuSet {
  static constexpr size_t kSizes[] = {16, 32, 128};
  size_t bytes;
  unsigned long bits[kSizes[2] / sizeof(unsigned long)];
};

// The calls came with 7.1; a number that the kernel does not have costs a program its life
// (SIGSYS).
GO_NOSPLIT bool havecpusets() {
  const int name[] = {kCTL_KERN, kKERN_OSRELDATE};
  int release = 0;
  size_t size = sizeof(release);
  return sysctl(name, 2, &release, &size) == 0 && release >= kCpusetSince;
}

// The 64-bit id (-1: the caller's own) is two words on 386.
GO_NOSPLIT long affinity(long number, int which, CpuSet* set) {
#if defined(__x86_64__)
  return raw(number, kCPU_LEVEL_WHICH, which, -1, set->bytes, set->bits);
#else
  return raw(number, kCPU_LEVEL_WHICH, which, -1, -1, set->bytes, set->bits);
#endif
}

GO_NOSPLIT long getaffinity(int which, CpuSet* set) {
  if (!havecpusets()) return -kENOSYS;
  long error = -kERANGE;
  for (const size_t& bytes : CpuSet::kSizes) {
    *set = {bytes, {}};
    error = affinity(k_cpuset_getaffinity, which, set);
    if (error != -kERANGE) break;
  }
  return error;
}

}  // namespace

GO_NOSPLIT long pipe2(int fds[2], int flags) {
  // The call of this name came with 10.0; the old one is there in every release. What was asked for
  // takes hold a moment later.
  if ((flags & ~(kO_NONBLOCK | kO_CLOEXEC)) != 0) return -kEINVAL;
  const long error = runtime_pipe(fds);
  if (error != 0) return error;
  for (int i = 0; i < 2; i++) {
    if ((flags & kO_CLOEXEC) != 0) raw(k_fcntl, fds[i], kF_SETFD, kFD_CLOEXEC);
    if ((flags & kO_NONBLOCK) != 0) raw(k_fcntl, fds[i], kF_SETFL, kO_NONBLOCK);
  }
  return 0;
}
GO_NOSPLIT long fstatsize(int fd) {
  // lseek to the end and back: no struct stat, whose layout differs by release. On 386 the offset
  // has two words; of the result the lower one comes back.
#if defined(__x86_64__)
  const long size = raw(k_lseek, fd, 0, kSEEK_END);
  if (size >= 0) raw(k_lseek, fd, 0, kSEEK_SET);
#else
  const long size = raw(k_lseek, fd, 0, 0, kSEEK_END);
  if (size >= 0) raw(k_lseek, fd, 0, 0, kSEEK_SET);
#endif
  return size;
}

GO_NOSPLIT intptr_t mmap(void* addr, size_t length, int prot, int flags, int fd, size_t offset) {
#if defined(__x86_64__)
  return raw(k_mmap, addr, length, prot, flags, fd, offset);
#else
  return raw(k_mmap, addr, length, prot, flags, fd, offset, 0);
#endif
}
GO_NOSPLIT void exit_thread(int) {
  for (;;) raw(k_thr_exit, 0);
}
GO_NOSPLIT long gettid() {
  long id = 0;
  raw(k_thr_self, &id);
  return id;
}
GO_NOSPLIT bool kernelpath(char* path, size_t size) {
  const int name[] = {kCTL_KERN, kKERN_PROC, kKERN_PROC_PATHNAME, -1};
  return sysctl(name, 4, path, &size) == 0 && size > 1;
}

// The word is 0 until the kernel writes 1 and wakes, at thr_exit (kern/kern_thr.c).
GO_NOSPLIT bool threadlives(const ThreadLife* life) {
  return __atomic_load_n(&life->word, __ATOMIC_ACQUIRE) == 0;
}
GO_NOSPLIT void waitthread(const ThreadLife* life) {
  while (threadlives(life)) raw(k__umtx_op, &life->word, kUMTX_OP_WAIT, 0, 0, 0);
}

GO_NOSPLIT long rawthread(void* stack, size_t bytes, uintptr_t tp, ThreadLife* life,
                          void (*fn)(void*), void* argument) {
  // What runtime_threadstart is to do, at the stack's high end.
  struct Start {
    void (*fn)(void*);
    void* argument;
    long* over;
  };
  const uintptr_t low = reinterpret_cast<uintptr_t>(stack);
  auto* start = reinterpret_cast<Start*>((low + bytes - sizeof(Start)) & ~uintptr_t{15});
  *start = {fn, argument, &life->word};
  long tid = 0;
  os::ThrParam param = {};
  param.start_func = reinterpret_cast<uintptr_t>(&runtime_threadstart);
  param.arg = reinterpret_cast<uintptr_t>(start);
  param.stack_base = low;
  param.stack_size = reinterpret_cast<uintptr_t>(start) - low;
  param.tls_base = tp;
  param.parent_tid = reinterpret_cast<uintptr_t>(&tid);
  const SigSet all = ~SigSet{};
  SigSet mask = {};
  sigprocmask(kSIG_SETMASK, &all, &mask);
  life->word = 0;
  const long error = raw(k_thr_new, &param, sizeof(param));
  if (error != 0) life->word = 1;
  sigprocmask(kSIG_SETMASK, &mask, nullptr);
  return error != 0 ? error : tid;
}

GO_NOSPLIT long sigaction(int sig, const SigAction* act, SigAction* old) {
  return raw(k_sigaction, sig, act, old);
}
GO_NOSPLIT long kill(int pid, int sig) { return raw(k_kill, pid, sig); }
GO_NOSPLIT long tgkill(int pid, int tid, int sig) { return raw(k_thr_kill2, pid, tid, sig); }

GO_NOSPLIT int32_t ncpu() {
  int32_t cpus = 0;
  CpuSet set;
  if (getaffinity(kCPU_WHICH_PID, &set) == 0) {
    for (const unsigned long& word : set.bits) cpus += __builtin_popcountl(word);
  } else {
    const int name[] = {kCTL_HW, kHW_NCPU};
    size_t size = sizeof(cpus);
    if (sysctl(name, 2, &cpus, &size) != 0) cpus = 0;
  }
  return cpus > 0 ? cpus : 1;
}
GO_NOSPLIT long bindtocpu() {
  // Which CPU a thread is on cannot be asked before 14.0.
  CpuSet set;
  const long error = getaffinity(kCPU_WHICH_TID, &set);
  if (error != 0) return error;
  bool found = false;
  for (unsigned long& word : set.bits) {
    word = found ? 0 : word & -word;
    found = found || word != 0;
  }
  return affinity(k_cpuset_setaffinity, kCPU_WHICH_TID, &set);
}

// Not the _PRIVATE ones, which came with 8.0: memory that is not shared is told by where it is
// (kern/kern_umtx.c, umtx_key_get).
GO_NOSPLIT long futexwait(const uint32_t* word, uint32_t value, const Timespec* timeout) {
  return raw(k__umtx_op, word, kUMTX_OP_WAIT_UINT, value, 0, timeout);
}
GO_NOSPLIT long futexwake(const uint32_t* word, int n) {
  return raw(k__umtx_op, word, kUMTX_OP_WAKE, n, 0, 0);
}

}  // namespace runtime::sys
