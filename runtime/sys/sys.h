// The one portable interface to the kernel. Every function is a raw call through the runtime's own
// assembly (os/<os>/), returns what the kernel returned, errors as -errno, and never touches libc's
// errno. All are safe in signal handlers and on threads that the runtime did not make (none checks
// the stack).
#ifndef FAULTLINE_RUNTIME_SYS_SYS_H_
#define FAULTLINE_RUNTIME_SYS_SYS_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/nosplit.h"
#include "runtime/sys/types.h"

namespace runtime::sys {

// The call itself: on amd64 by SYSCALL (or, where the port offers it and the build asks for it, by
// INT 0x80), on 386 by INT 0x80. Unused arguments are 0.
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0);

// Files.
long open(const char* path, int flags, int mode = 0);
long read(int fd, void* buf, size_t n);
long write(int fd, const void* buf, size_t n);
long close(int fd);
long pipe2(int fds[2], int flags);
long poll(PollFd* fds, unsigned n, int timeout_ms);
long fstatsize(int fd);  // size of the file in bytes
long ioctl(int fd, unsigned long request, void* arg);
long dup2(int from, int to);

// Memory. mmap returns the address, or -errno as a small negative value (iserror).
intptr_t mmap(void* addr, size_t length, int prot, int flags, int fd, size_t offset);
long munmap(void* addr, size_t length);
long mprotect(void* addr, size_t length, int prot);
inline bool iserror(intptr_t result) { return static_cast<uintptr_t>(result) > -uintptr_t{4096}; }
inline constexpr size_t kPageSize = 4096;

// Processes.
long fork();
long execve(const char* path, char* const argv[], char* const envp[]);
[[noreturn]] void exit_group(int code);
[[noreturn]] void exit_thread(int code);
long wait4(int pid, int* status, int options, Rusage* usage);
long getpid();
long getppid();
long gettid();
// The path of the program's own file: to be read, or executed anew.
const char* executable();
long getrlimit(int resource, Rlimit* limit);
long setrlimit(int resource, const Rlimit* limit);

// A thread's life, told by the kernel: it may be asked from anywhere. waitthread sleeps until the
// thread is gone, and its stack free.
struct ThreadLife {
  long word = 0;  // what the kernel writes at the end; its meaning is the port's
};
bool threadlives(const ThreadLife* life);
void waitthread(const ThreadLife* life);

// A thread of this process, by the kernel's own call (clone, thr_new): it runs fn(arg) on
// stack[0…bytes) with the thread pointer tp (0: no thread-local storage) and every signal blocked,
// and ends when fn returns. Returns its id.
long rawthread(void* stack, size_t bytes, uintptr_t tp, ThreadLife* life, void (*fn)(void*),
               void* arg);

// Signals. sigaction as it is: no flag is added but, on Linux, SA_RESTORER with the runtime's own
// restorer. The runtime's handlers are set by runtime::setsig. SigSet{} is the empty set;
// sigmask(n) holds signal n; ~, |, & and == are what they are for sets.
long sigaction(int sig, const SigAction* act, SigAction* old);
long sigprocmask(int how, const SigSet* set, SigSet* old);
long sigaltstack(const StackT* stack, StackT* old);
long sigpending(SigSet* set);
long sigsuspend(const SigSet* set);
// Waits at most timeout (null: for ever) for a pending signal of the set and takes it; returns its
// number.
long sigtimedwait(const SigSet* set, SigInfo* info, const Timespec* timeout);
long kill(int pid, int sig);
long tgkill(int pid, int tid, int sig);
long setitimer(int which, const Itimerval* value, Itimerval* old);
// A timer of POSIX. Where the system has none it is made of ITIMER_REAL: one at a time, and it
// sends kOnlyTimerSignal.
long timer_create(int clock, SigEvent* event, int32_t* id);
long timer_settime(int32_t id, int flags, const Itimerspec* value, Itimerspec* old);
long timer_delete(int32_t id);

// Time and scheduling. nanotime: CLOCK_MONOTONIC in nanoseconds.
long nanosleep(const Timespec* request, Timespec* rest);
long clock_gettime(int clock, Timespec* ts);
int64_t nanotime();
long sched_yield();
// How many CPUs the process may use; at least 1.
int32_t ncpu();
// Ties the calling thread, and every thread and process it makes, to one CPU: the one it is on, or
// where that cannot be asked the first that it may use. Returns 0 or -errno.
long bindtocpu();

// Waits while *word == value, at most timeout (null: for ever) / wakes up to n waiters: futex,
// _umtx_op. Within this process.
long futexwait(const uint32_t* word, uint32_t value, const Timespec* timeout);
long futexwake(const uint32_t* word, int n);

// Thread-local storage of the calling thread. threadpointer: the FS base (amd64) or the base of the
// GS selector (386); 0 when there is none. It reads no memory through it. settls puts a thread
// pointer in place (0: none).
uintptr_t threadpointer();
long settls(uintptr_t tp);

// wait4's status word.
inline bool wifexited(int status) { return (status & 0x7f) == 0; }
inline int wexitstatus(int status) { return (status >> 8) & 0xff; }
inline bool wifsignaled(int status) { return (status & 0x7f) != 0 && (status & 0x7f) != 0x7f; }
inline int wtermsig(int status) { return status & 0x7f; }

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_SYS_SYS_H_
