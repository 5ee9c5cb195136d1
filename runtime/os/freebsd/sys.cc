// runtime/sys/sys.h for FreeBSD: each call with its number and the shape of its arguments.

#include "runtime/sys/sys.h"

#include "runtime/os/freebsd/start.h"
#include "runtime/sys/tls.h"

extern "C" {
#if defined(__x86_64__)
long runtime_syscall(long number, long a, long b, long c, long d, long e, long f);
#else
long runtime_syscall(long number, long a, long b, long c, long d, long e, long f, long g);
#endif
long runtime_fork();
long runtime_pipe(int fds[2]);
void runtime_threadstart();
}

namespace runtime::sys {

namespace {

template <typename T>
GO_NOSPLIT inline long arg(T* v) {
  return reinterpret_cast<long>(v);
}
template <typename T>
GO_NOSPLIT inline long arg(T v) {
  static_assert(sizeof(v) <= sizeof(long));
  return static_cast<long>(v);
}

#if defined(__x86_64__)
constexpr int kArguments = 6;
#else
constexpr int kArguments = 7;  // mmap's offset has two words
#endif

template <typename... A>
GO_NOSPLIT inline long raw(long number, A... a) {
  static_assert(sizeof...(a) <= kArguments);
  long v[kArguments] = {};
  [[maybe_unused]] int n = 0;
  ((v[n++] = arg(a)), ...);
#if defined(__x86_64__)
  return runtime_syscall(number, v[0], v[1], v[2], v[3], v[4], v[5]);
#else
  return runtime_syscall(number, v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
#endif
}

constexpr size_t kPathMax = 1024;  // sys/syslimits.h, PATH_MAX
char path[kPathMax];

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

GO_NOSPLIT long call(long number, long a, long b, long c, long d, long e, long f) {
  return raw(number, a, b, c, d, e, f);
}

GO_NOSPLIT long sysctl(const int* name, unsigned parts, void* value, size_t* size) {
  return raw(k___sysctl, name, parts, value, size, 0, 0);
}

GO_NOSPLIT long open(const char* name, int flags, int mode) {
  return raw(k_open, name, flags, mode);
}
GO_NOSPLIT long read(int fd, void* buf, size_t n) { return raw(k_read, fd, buf, n); }
GO_NOSPLIT long write(int fd, const void* buf, size_t n) { return raw(k_write, fd, buf, n); }
GO_NOSPLIT long close(int fd) { return raw(k_close, fd); }
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
GO_NOSPLIT long poll(PollFd* fds, unsigned n, int timeout_ms) {
  return raw(k_poll, fds, n, timeout_ms);
}
GO_NOSPLIT long ioctl(int fd, unsigned long request, void* argument) {
  return raw(k_ioctl, fd, request, argument);
}
GO_NOSPLIT long dup2(int from, int to) { return raw(k_dup2, from, to); }
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

GO_NOSPLIT long mmap(void* addr, size_t length, int prot, int flags, int fd, size_t offset) {
#if defined(__x86_64__)
  return raw(k_mmap, addr, length, prot, flags, fd, offset);
#else
  return raw(k_mmap, addr, length, prot, flags, fd, offset, 0);
#endif
}
GO_NOSPLIT long munmap(void* addr, size_t length) { return raw(k_munmap, addr, length); }
GO_NOSPLIT long mprotect(void* addr, size_t length, int prot) {
  return raw(k_mprotect, addr, length, prot);
}

GO_NOSPLIT long fork() { return runtime_fork(); }
GO_NOSPLIT long execve(const char* name, char* const argv[], char* const envp[]) {
  return raw(k_execve, name, argv, envp);
}
GO_NOSPLIT void exit_group(int code) {
  for (;;) raw(k_exit, code);
}
GO_NOSPLIT void exit_thread(int) {
  for (;;) raw(k_thr_exit, 0);
}
GO_NOSPLIT long wait4(int pid, int* status, int options, Rusage* usage) {
  return raw(k_wait4, pid, status, options, usage);
}
GO_NOSPLIT long getpid() { return raw(k_getpid); }
GO_NOSPLIT long getppid() { return raw(k_getppid); }
GO_NOSPLIT long gettid() {
  long id = 0;
  raw(k_thr_self, &id);
  return id;
}
GO_NOSPLIT void pathinit(const char* execpath) {
  const int name[] = {kCTL_KERN, kKERN_PROC, kKERN_PROC_PATHNAME, -1};
  size_t size = sizeof(path);
  if (sysctl(name, 4, path, &size) == 0 && size > 1) return;
  size_t n = 0;
  for (; execpath[n] != 0 && n < kPathMax - 1; n++) path[n] = execpath[n];
  path[n] = 0;
}
GO_NOSPLIT const char* executable() { return path; }
GO_NOSPLIT long getrlimit(int resource, Rlimit* limit) { return raw(k_getrlimit, resource, limit); }
GO_NOSPLIT long setrlimit(int resource, const Rlimit* limit) {
  return raw(k_setrlimit, resource, limit);
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
GO_NOSPLIT long sigprocmask(int how, const SigSet* set, SigSet* old) {
  return raw(k_sigprocmask, how, set, old);
}
GO_NOSPLIT long sigaltstack(const StackT* stack, StackT* old) {
  return raw(k_sigaltstack, stack, old);
}
GO_NOSPLIT long sigpending(SigSet* set) { return raw(k_sigpending, set); }
GO_NOSPLIT long sigsuspend(const SigSet* set) { return raw(k_sigsuspend, set); }
GO_NOSPLIT long sigtimedwait(const SigSet* set, SigInfo* info, const Timespec* timeout) {
  return raw(k_sigtimedwait, set, info, timeout);
}
GO_NOSPLIT long kill(int pid, int sig) { return raw(k_kill, pid, sig); }
GO_NOSPLIT long tgkill(int pid, int tid, int sig) { return raw(k_thr_kill2, pid, tid, sig); }
GO_NOSPLIT long setitimer(int which, const Itimerval* value, Itimerval* old) {
  return raw(k_setitimer, which, value, old);
}
GO_NOSPLIT long timer_create(int clock, SigEvent* event, int32_t* id) {
  return raw(k_ktimer_create, clock, event, id);
}
GO_NOSPLIT long timer_settime(int32_t id, int flags, const Itimerspec* value, Itimerspec* old) {
  return raw(k_ktimer_settime, id, flags, value, old);
}
GO_NOSPLIT long timer_delete(int32_t id) { return raw(k_ktimer_delete, id); }

GO_NOSPLIT long nanosleep(const Timespec* request, Timespec* rest) {
  return raw(k_nanosleep, request, rest);
}
GO_NOSPLIT long clock_gettime(int clock, Timespec* ts) { return raw(k_clock_gettime, clock, ts); }
GO_NOSPLIT int64_t nanotime() {
  Timespec ts = {};
  clock_gettime(kCLOCK_MONOTONIC, &ts);
  return static_cast<int64_t>(ts.sec) * 1000000000 + ts.nsec;
}
GO_NOSPLIT long sched_yield() { return raw(k_sched_yield); }

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

GO_NOSPLIT uintptr_t threadpointer() {
  ThreadTls tls;
  savetls(&tls);
#if defined(__i386__)
  if (tls.selector != tlsselector()) return 0;
#endif
  return tls.base;
}
GO_NOSPLIT long settls(uintptr_t tp) { return installtls(tp); }

}  // namespace runtime::sys
