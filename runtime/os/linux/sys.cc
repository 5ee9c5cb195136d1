// runtime/sys/sys.h for Linux: each call with its number and the shape of its arguments.

#include "runtime/sys/sys.h"

#include "runtime/sys/tls.h"

// Arches that came late, and so have no fork (NR_fork), have none of the calls that a later one
// does better: open, dup2, poll.

extern "C" long runtime_syscall(long number, long a, long b, long c, long d, long e, long f);
extern "C" long runtime_rawclone(unsigned long flags, void* stack, int32_t* ptid, int32_t* ctid,
                                 const void* tls, void (*fn)(void*), void* arg);
#if !defined(__riscv)  // there the kernel brings its own
extern "C" void runtime_sigreturn();
#endif

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

template <typename... A>
GO_NOSPLIT inline long raw(long number, A... a) {
  long v[6] = {};
  int n = 0;
  ((v[n++] = arg(a)), ...);
  return runtime_syscall(number, v[0], v[1], v[2], v[3], v[4], v[5]);
}

}  // namespace

GO_NOSPLIT long call(long number, long a, long b, long c, long d, long e, long f) {
  return runtime_syscall(number, a, b, c, d, e, f);
}

GO_NOSPLIT long open(const char* path, int flags, int mode) {
#if defined(NR_fork)
  return raw(os::k_open, path, flags, mode);
#else
  return raw(os::k_openat, os::kAT_FDCWD, path, flags, mode);
#endif
}
GO_NOSPLIT long read(int fd, void* buf, size_t n) { return raw(os::k_read, fd, buf, n); }
GO_NOSPLIT long write(int fd, const void* buf, size_t n) { return raw(os::k_write, fd, buf, n); }
GO_NOSPLIT long close(int fd) { return raw(os::k_close, fd); }
GO_NOSPLIT long pipe2(int fds[2], int flags) { return raw(os::k_pipe2, fds, flags); }
GO_NOSPLIT long poll(PollFd* fds, unsigned n, int timeout_ms) {
#if defined(NR_fork)
  return raw(os::k_poll, fds, n, timeout_ms);
#else
  const Timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
  return raw(os::k_ppoll, fds, n, timeout_ms < 0 ? nullptr : &timeout, 0, kSigSetSize);
#endif
}
GO_NOSPLIT long ioctl(int fd, unsigned long request, void* argument) {
  return raw(os::k_ioctl, fd, request, argument);
}
GO_NOSPLIT long dup2(int from, int to) {
#if defined(NR_fork)
  return raw(os::k_dup2, from, to);
#else
  // dup3 refuses to do nothing; dup2 does it, if the file is open.
  if (from != to) return raw(os::k_dup3, from, to, 0);
  const long open = raw(os::k_fcntl, from, os::kF_GETFD);
  return open < 0 ? open : to;
#endif
}
GO_NOSPLIT long fstatsize(int fd) {
  // lseek to the end and back: no struct stat, whose layout differs by arch.
  const long size = raw(os::k_lseek, fd, 0, 2);
  if (size >= 0) raw(os::k_lseek, fd, 0, 0);
  return size;
}

GO_NOSPLIT intptr_t mmap(void* addr, size_t length, int prot, int flags, int fd, size_t offset) {
#if !defined(__LP64__)
  return raw(os::k_mmap2, addr, length, prot, flags, fd,
             offset / 4096);  // mmap2 counts in 4096 bytes
#else
  return raw(os::k_mmap, addr, length, prot, flags, fd, offset);
#endif
}
GO_NOSPLIT long munmap(void* addr, size_t length) { return raw(os::k_munmap, addr, length); }
GO_NOSPLIT long mprotect(void* addr, size_t length, int prot) {
  return raw(os::k_mprotect, addr, length, prot);
}

GO_NOSPLIT long fork() {
#if defined(NR_fork)
  return raw(os::k_fork);
#else
  return raw(os::k_clone, static_cast<unsigned long>(kSIGCHLD));
#endif
}
GO_NOSPLIT long execve(const char* path, char* const argv[], char* const envp[]) {
  return raw(os::k_execve, path, argv, envp);
}
GO_NOSPLIT void exit_group(int code) {
  for (;;) raw(os::k_exit_group, code);
}
GO_NOSPLIT void exit_thread(int code) {
  for (;;) raw(os::k_exit, code);
}
GO_NOSPLIT long wait4(int pid, int* status, int options, Rusage* usage) {
  return raw(os::k_wait4, pid, status, options, usage);
}
GO_NOSPLIT long getpid() { return raw(os::k_getpid); }
GO_NOSPLIT long getppid() { return raw(os::k_getppid); }
GO_NOSPLIT long gettid() { return raw(os::k_gettid); }
GO_NOSPLIT long personality(unsigned long persona) {
  return raw(os::k_personality, static_cast<long>(persona));
}
GO_NOSPLIT const char* executable() { return "/proc/self/exe"; }
GO_NOSPLIT long getrlimit(int resource, Rlimit* limit) {
#if !defined(__LP64__)
  return raw(os::k_ugetrlimit, resource, limit);  // 76, the old call, cuts values at 2^31
#else
  return raw(os::k_getrlimit, resource, limit);
#endif
}
GO_NOSPLIT long setrlimit(int resource, const Rlimit* limit) {
  return raw(os::k_setrlimit, resource, limit);
}

// The word is 1 until CLONE_CHILD_CLEARTID clears it; the kernel clears and wakes 32 bits of it.
GO_NOSPLIT bool threadlives(const ThreadLife* life) {
  return __atomic_load_n(&life->word, __ATOMIC_ACQUIRE) != 0;
}
GO_NOSPLIT void waitthread(const ThreadLife* life) {
  // The kernel wakes by a futex that is not private, as CLONE_CHILD_CLEARTID is defined.
  while (threadlives(life)) raw(os::k_futex, &life->word, kFUTEX_WAIT, 1);
}

GO_NOSPLIT long rawthread(void* stack, size_t bytes, uintptr_t tp, ThreadLife* life,
                          void (*fn)(void*), void* argument) {
  unsigned long flags = kCLONE_VM | kCLONE_FS | kCLONE_FILES | kCLONE_SIGHAND | kCLONE_THREAD |
                        kCLONE_SYSVSEM | kCLONE_CHILD_CLEARTID;
  const SigSet all = ~SigSet{};
  SigSet mask = {};
  sigprocmask(kSIG_SETMASK, &all, &mask);
#if defined(__i386__)
  ThreadTls tls;
  os::UserDesc desc = {};
  desc.entry_number = tlsslot();
  desc.base_addr = tp;
  desc.limit = 0xfffff;  // in pages
  desc.flags = os::kUserDescFlat;
  const void* settls = &desc;
  if (tp == 0) {
    // CLONE_SETTLS leaves the selector as it is, so the new thread inherits that there is none.
    savetls(&tls);
    installtls(0);
  } else {
    flags |= kCLONE_SETTLS;
  }
#else
  const void* settls = reinterpret_cast<const void*>(tp);
  flags |= kCLONE_SETTLS;
#endif
  life->word = 1;
  const long tid = runtime_rawclone(flags, static_cast<char*>(stack) + bytes, nullptr,
                                    reinterpret_cast<int32_t*>(&life->word), settls, fn, argument);
#if defined(__i386__)
  if (tp == 0) restoretls(&tls);
#endif
  if (tid < 0) life->word = 0;
  sigprocmask(kSIG_SETMASK, &mask, nullptr);
  return tid;
}

GO_NOSPLIT long sigaction(int sig, const SigAction* act, SigAction* old) {
  if (act == nullptr) return raw(os::k_rt_sigaction, sig, act, old, kSigSetSize);
  SigAction with = *act;
#if !defined(__riscv)
  with.flags |= kSA_RESTORER;
  with.restorer = reinterpret_cast<uintptr_t>(&runtime_sigreturn);
#endif
  return raw(os::k_rt_sigaction, sig, &with, old, kSigSetSize);
}
GO_NOSPLIT long sigprocmask(int how, const SigSet* set, SigSet* old) {
  return raw(os::k_rt_sigprocmask, how, set, old, kSigSetSize);
}
GO_NOSPLIT long sigaltstack(const StackT* stack, StackT* old) {
  return raw(os::k_sigaltstack, stack, old);
}
GO_NOSPLIT long sigpending(SigSet* set) { return raw(os::k_rt_sigpending, set, kSigSetSize); }
GO_NOSPLIT long sigsuspend(const SigSet* set) { return raw(os::k_rt_sigsuspend, set, kSigSetSize); }
GO_NOSPLIT long sigtimedwait(const SigSet* set, SigInfo* info, const Timespec* timeout) {
  return raw(os::k_rt_sigtimedwait, set, info, timeout, kSigSetSize);
}
GO_NOSPLIT long kill(int pid, int sig) { return raw(os::k_kill, pid, sig); }
GO_NOSPLIT long tgkill(int pid, int tid, int sig) { return raw(os::k_tgkill, pid, tid, sig); }
GO_NOSPLIT long setitimer(int which, const Itimerval* value, Itimerval* old) {
  return raw(os::k_setitimer, which, value, old);
}
GO_NOSPLIT long timer_create(int clock, SigEvent* event, int32_t* id) {
  return raw(os::k_timer_create, clock, event, id);
}
GO_NOSPLIT long timer_settime(int32_t id, int flags, const Itimerspec* value, Itimerspec* old) {
  return raw(os::k_timer_settime, id, flags, value, old);
}
GO_NOSPLIT long timer_delete(int32_t id) { return raw(os::k_timer_delete, id); }

GO_NOSPLIT long nanosleep(const Timespec* request, Timespec* rest) {
  return raw(os::k_nanosleep, request, rest);
}
GO_NOSPLIT long clock_gettime(int clock, Timespec* ts) {
  return raw(os::k_clock_gettime, clock, ts);
}
GO_NOSPLIT int64_t nanotime() {
  Timespec ts = {};
  clock_gettime(kCLOCK_MONOTONIC, &ts);
  return static_cast<int64_t>(ts.sec) * 1000000000 + ts.nsec;
}
GO_NOSPLIT long sched_yield() { return raw(os::k_sched_yield); }
GO_NOSPLIT int32_t ncpu() {
  unsigned char mask[1024 / 8] = {};
  const long n = raw(os::k_sched_getaffinity, 0, sizeof(mask), mask);
  int32_t cpus = 0;
  for (long i = 0; i < n; i++) cpus += __builtin_popcount(mask[i]);
  return cpus > 0 ? cpus : 1;
}
GO_NOSPLIT long bindtocpu() {
  constexpr unsigned kBits = 8 * sizeof(unsigned long);
  unsigned long set[1024 / kBits] = {};
  unsigned cpu = 0;
  const long error = raw(os::k_getcpu, &cpu, 0, 0);
  if (error != 0) return error;
  if (cpu >= 1024) return -kEINVAL;
  set[cpu / kBits] = 1ul << (cpu % kBits);
  return raw(os::k_sched_setaffinity, 0, sizeof(set), set);
}

GO_NOSPLIT long futexwait(const uint32_t* word, uint32_t value, const Timespec* timeout) {
  return raw(os::k_futex, word, kFUTEX_WAIT | kFUTEX_PRIVATE_FLAG, value, timeout);
}
GO_NOSPLIT long futexwake(const uint32_t* word, int n) {
  return raw(os::k_futex, word, kFUTEX_WAKE | kFUTEX_PRIVATE_FLAG, n);
}

GO_NOSPLIT uintptr_t threadpointer() {
  ThreadTls tls;
  savetls(&tls);
  return tls.base;
}
GO_NOSPLIT long settls(uintptr_t tp) { return installtls(tp); }

}  // namespace runtime::sys
