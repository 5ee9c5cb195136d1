// runtime/sys/sys.h for the BSDs: the calls whose arguments have the same shape on all of them. The
// rest is in each one's own sys.cc, and where there is Mach beside BSD (FAULTLINE_MACH) more of it.

#include "runtime/sys/sys.h"

#include "runtime/os/bsd/raw.h"
#include "runtime/os/bsd/start.h"
#include "runtime/sys/tls.h"

extern "C" long runtime_fork();

namespace runtime::sys {

namespace {

constexpr size_t kPathMax = 1024;  // sys/syslimits.h, PATH_MAX
char path[kPathMax];

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
GO_NOSPLIT long poll(PollFd* fds, unsigned n, int timeout_ms) {
  return raw(k_poll, fds, n, timeout_ms);
}
GO_NOSPLIT long ioctl(int fd, unsigned long request, void* argument) {
  return raw(k_ioctl, fd, request, argument);
}
GO_NOSPLIT long dup2(int from, int to) { return raw(k_dup2, from, to); }
GO_NOSPLIT long munmap(void* addr, size_t length) { return raw(k_munmap, addr, length); }
GO_NOSPLIT long mprotect(void* addr, size_t length, int prot) {
  return raw(k_mprotect, addr, length, prot);
}

#if !FAULTLINE_MACH
GO_NOSPLIT long fork() { return runtime_fork(); }
#endif
GO_NOSPLIT long execve(const char* name, char* const argv[], char* const envp[]) {
  return raw(k_execve, name, argv, envp);
}
GO_NOSPLIT void exit_group(int code) {
  for (;;) raw(k_exit, code);
}
GO_NOSPLIT long wait4(int pid, int* status, int options, Rusage* usage) {
  return raw(kWait4Number, pid, status, options, usage);
}
GO_NOSPLIT long getpid() { return raw(k_getpid); }
GO_NOSPLIT long getppid() { return raw(k_getppid); }
GO_NOSPLIT void pathinit(const char* execpath) {
  if (kernelpath(path, sizeof(path))) return;
  size_t n = 0;
  for (; execpath[n] != 0 && n < kPathMax - 1; n++) path[n] = execpath[n];
  path[n] = 0;
}
GO_NOSPLIT const char* executable() { return path; }
GO_NOSPLIT long getrlimit(int resource, Rlimit* limit) { return raw(k_getrlimit, resource, limit); }
GO_NOSPLIT long setrlimit(int resource, const Rlimit* limit) {
  return raw(k_setrlimit, resource, limit);
}

// Sets that fit into a word are passed as such, and the former or pending one is the result
// (OpenBSD).
GO_NOSPLIT long sigprocmask(int how, const SigSet* set, SigSet* old) {
  if constexpr (kMasksAreWords) {
    // The result may be any word: the one error is ruled out.
    if (how < kSIG_BLOCK || how > kSIG_SETMASK) return -kEINVAL;
    const long was = set != nullptr ? raw(numbers::kSigprocmask, how, set->word[0])
                                    : raw(numbers::kSigprocmask, kSIG_BLOCK, 0);
    if (old != nullptr) *old = {{{static_cast<uint32_t>(was)}}};
    return 0;
  } else {
    return raw(numbers::kSigprocmask, how, set, old);
  }
}
GO_NOSPLIT long sigpending(SigSet* set) {
  if constexpr (kMasksAreWords) {
    *set = {{{static_cast<uint32_t>(raw(numbers::kSigpending))}}};
    return 0;
  } else {
    return raw(numbers::kSigpending, set);
  }
}
#if !FAULTLINE_MACH
GO_NOSPLIT long sigsuspend(const SigSet* set) {
  if constexpr (kMasksAreWords) {
    return raw(numbers::kSigsuspend, set->word[0]);
  } else {
    return raw(numbers::kSigsuspend, set);
  }
}
#endif
GO_NOSPLIT long sigaltstack(const StackT* stack, StackT* old) {
  return raw(numbers::kSigaltstack, stack, old);
}
#if !FAULTLINE_MACH
GO_NOSPLIT long sigtimedwait(const SigSet* set, SigInfo* info, const Timespec* timeout) {
  if constexpr (kMasksAreWords) {
    return raw(numbers::kSigtimedwait, set->word[0], info, timeout);
  } else {
    return raw(numbers::kSigtimedwait, set, info, timeout);
  }
}
#endif
GO_NOSPLIT long setitimer(int which, const Itimerval* value, Itimerval* old) {
  return raw(numbers::kSetitimer, which, value, old);
}

GO_NOSPLIT long timer_create(int clock, SigEvent* event, int32_t* id) {
  if constexpr (kOnlyTimerSignal != 0) {
    if (event->signo != kOnlyTimerSignal) return -kEINVAL;
    *id = kITIMER_REAL;
    return 0;
  } else {
    return raw(numbers::kTimerCreate, clock, event, id);
  }
}
GO_NOSPLIT long timer_settime(int32_t id, int flags, const Itimerspec* value, Itimerspec* old) {
  if constexpr (kOnlyTimerSignal != 0) {
    if (flags != 0 || old != nullptr) return -kEINVAL;
    const auto micro = [](const Timespec& time) GO_NOSPLIT {
      Timeval rounded = {};
      rounded.sec = time.sec;
      rounded.usec = static_cast<decltype(rounded.usec)>((time.nsec + 999) / 1000);
      return rounded;
    };
    Itimerval timer = {};
    timer.interval = micro(value->interval);
    timer.value = micro(value->value);
    return setitimer(id, &timer, nullptr);
  } else {
    return raw(numbers::kTimerSettime, id, flags, value, old);
  }
}
GO_NOSPLIT long timer_delete(int32_t id) {
  if constexpr (kOnlyTimerSignal != 0) {
    const Itimerval none = {};
    return setitimer(id, &none, nullptr);
  } else {
    return raw(numbers::kTimerDelete, id);
  }
}

#if !FAULTLINE_MACH
GO_NOSPLIT long nanosleep(const Timespec* request, Timespec* rest) {
  return raw(numbers::kNanosleep, request, rest);
}
GO_NOSPLIT long clock_gettime(int clock, Timespec* ts) {
  return raw(numbers::kClockGettime, clock, ts);
}
#endif
GO_NOSPLIT int64_t nanotime() {
  Timespec ts = {};
  clock_gettime(kCLOCK_MONOTONIC, &ts);
  return static_cast<int64_t>(ts.sec) * 1000000000 + ts.nsec;
}
#if !FAULTLINE_MACH
GO_NOSPLIT long sched_yield() { return raw(k_sched_yield); }
#endif

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
