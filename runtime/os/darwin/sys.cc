// runtime/sys/sys.h for Darwin, 10.6 and later: what it has of its own beside os/bsd/sys.cc.

#include "runtime/sys/sys.h"

#include "runtime/os/bsd/raw.h"
#include "runtime/os/bsd/start.h"
#include "runtime/os/darwin/tls.h"
#include "runtime/proc/proc.h"
#include "runtime/sys/tls.h"

extern "C" {
void runtime_threadstart();
void runtime_tramp();
long runtime_pipe(int fds[2]);
long runtime_fork();
long runtime_mach(long trap, long a, long b, long c, long d, long e, long f, long g);
void runtime_gettimeofday(runtime::sys::Timeval* tv);
}

namespace runtime {

namespace {

// What there can be of threads at once, those of other libraries included.
constexpr uint32_t kNoted = 2 * kMaxThreads;
struct Noted {
  uintptr_t thread;  // 0: free; atomic, taken by a compare and swap
  uintptr_t base;    // atomic
};
Noted noted[kNoted];
uint32_t notedused;  // none has been taken at this index and above; atomic

// The number is unique while the system runs (of 64 bits, of which the lower half has to do on
// 386), and a new one in the child of a fork.
GO_NOSPLIT uintptr_t self() { return static_cast<uintptr_t>(sys::raw(sys::k_thread_selfid)); }

GO_NOSPLIT Noted* find(uintptr_t thread) {
  const uint32_t used = __atomic_load_n(&notedused, __ATOMIC_SEQ_CST);
  for (uint32_t i = 0; i < used; i++) {
    if (__atomic_load_n(&noted[i].thread, __ATOMIC_SEQ_CST) == thread) return &noted[i];
  }
  return nullptr;
}

}  // namespace

GO_NOSPLIT void notetls(uintptr_t base) {
  const uintptr_t thread = self();
  if (Noted* own = find(thread)) {
    __atomic_store_n(&own->base, base, __ATOMIC_SEQ_CST);
    if (base == 0) __atomic_store_n(&own->thread, 0, __ATOMIC_SEQ_CST);
    return;
  }
  if (base == 0) return;
  for (uint32_t i = 0;; i = i + 1 == kNoted ? 0 : i + 1) {
    uintptr_t none = 0;
    if (!__atomic_compare_exchange_n(&noted[i].thread, &none, thread, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
      continue;
    }
    __atomic_store_n(&noted[i].base, base, __ATOMIC_SEQ_CST);
    uint32_t used = __atomic_load_n(&notedused, __ATOMIC_SEQ_CST);
    while (used < i + 1 && !__atomic_compare_exchange_n(&notedused, &used, i + 1, false,
                                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    return;
  }
}

GO_NOSPLIT uintptr_t notedtls() {
  const Noted* own = find(self());
  return own != nullptr ? __atomic_load_n(&own->base, __ATOMIC_SEQ_CST) : 0;
}

}  // namespace runtime

namespace runtime::sys {

namespace {

GO_NOSPLIT int mach(long trap, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                    long f = 0, long g = 0) {
  return static_cast<int>(runtime_mach(trap, a, b, c, d, e, f, g));
}

// Sends the request to the task's own port, and takes the reply in its place; false: it says no.
GO_NOSPLIT bool askTask(MachHeader* header, uint32_t size, uint32_t room) {
  // A port for each request: a handler may ask while the code that it interrupted does.
  const auto port = static_cast<uint32_t>(mach(k_mach_reply_port));
  const auto task = static_cast<uint32_t>(mach(k_task_self_trap));
  const int id = header->id;
  header->bits = kMACH_MSG_TYPE_COPY_SEND | kMACH_MSG_TYPE_MAKE_SEND_ONCE << 8;
  header->size = size;
  header->remote = task;
  header->local = port;
  // The record follows the header in every request.
  *reinterpret_cast<NdrRecord*>(header + 1) = kNdrRecord;
  const int error = mach(k_mach_msg_trap, arg(header), kMACH_SEND_MSG | kMACH_RCV_MSG,
                         static_cast<long>(size), static_cast<long>(room), static_cast<long>(port));
  mach(k_mach_port_mod_refs_trap, static_cast<long>(task), static_cast<long>(port),
       kMACH_PORT_RIGHT_RECEIVE, -1);
  return error == 0 && header->id == id + kMigReply &&
         (header->bits & kMACH_MSGH_BITS_COMPLEX) != 0;
}

}  // namespace

}  // namespace runtime::sys

namespace runtime {

bool regionat(uintptr_t from, MapEntry* out) {
  using sys::RegionReply;
  using sys::RegionRequest;
  union {
    RegionRequest request;
    RegionReply reply;
    char room[sizeof(RegionReply) + sys::kMachTrailer];
  } message = {};
  message.request.header.id = sys::kMigMachVmRegion;
  message.request.address = from;
  message.request.flavor = sys::kVM_REGION_BASIC_INFO_64;
  message.request.words = sys::kRegionWords;
  if (!sys::askTask(&message.request.header, sizeof(message.request), sizeof(message)))
    return false;
  const auto lo = static_cast<uintptr_t>(message.reply.address);
  *out = {lo, lo + static_cast<uintptr_t>(message.reply.size), message.reply.protection != 0, false,
          0};
  return true;
}

}  // namespace runtime

namespace runtime::sys {

namespace {

// ---- Semaphores ---------------------------------------------------------------------------------

// No trap makes one: a message to the task does, and its answer holds the name. 0 when there can be
// no more.
GO_NOSPLIT uint32_t newsemaphore() {
  union {
    SemaphoreCreateRequest request;
    SemaphoreCreateReply reply;
    char room[sizeof(SemaphoreCreateReply) + kMachTrailer];
  } message = {};
  message.request.header.id = kMigSemaphoreCreate;
  message.request.policy = kSYNC_POLICY_FIFO;
  if (!askTask(&message.request.header, sizeof(message.request), sizeof(message))) return 0;
  return message.reply.semaphore.name;
}

GO_NOSPLIT void post(uint32_t semaphore) {
  mach(k_semaphore_signal_trap, static_cast<long>(semaphore));
}
GO_NOSPLIT int wait(uint32_t semaphore) {
  return mach(k_semaphore_wait_trap, static_cast<long>(semaphore));
}
// To the end, whatever signals come.
GO_NOSPLIT void waitfirmly(uint32_t semaphore) {
  while (wait(semaphore) == kKERN_ABORTED) {
  }
}

// Who waits for which word, on a semaphore that stays with the place.
struct Waiter {
  const uint32_t* word;  // atomic
  uint32_t state;        // atomic
  uint32_t semaphore;    // atomic; 0: not made yet
};
constexpr uint32_t kFree = 0;
constexpr uint32_t kTaken = 1;  // being filled in
constexpr uint32_t kWaiting = 2;
constexpr uint32_t kWoken = 3;  // the semaphore is posted for it, or is about to be
// Twice as many as there can be threads: a handler may wait while the code that it interrupted
// does.
constexpr uint32_t kWaiters = 2 * kMaxThreads;
Waiter waiters[kWaiters];
uint32_t waitersused;  // none has been taken at this index and above; atomic

// Those whose threads are over, for new ones.
uint32_t spare[kMaxThreads];  // atomic

GO_NOSPLIT bool claim(Waiter* waiter, uint32_t from, uint32_t to) {
  return __atomic_compare_exchange_n(&waiter->state, &from, to, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

// Lock-free, since handlers do it too. Null: the kernel has no semaphore for it.
GO_NOSPLIT Waiter* takewaiter() {
  for (;;) {
    for (uint32_t i = 0; i < kWaiters; i++) {
      if (!claim(&waiters[i], kFree, kTaken)) continue;
      uint32_t used = __atomic_load_n(&waitersused, __ATOMIC_SEQ_CST);
      while (used < i + 1 && !__atomic_compare_exchange_n(&waitersused, &used, i + 1, false,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      }
      if (waiters[i].semaphore == 0) waiters[i].semaphore = newsemaphore();
      if (waiters[i].semaphore != 0) return &waiters[i];
      __atomic_store_n(&waiters[i].state, kFree, __ATOMIC_SEQ_CST);
      return nullptr;
    }
    sched_yield();
  }
}

GO_NOSPLIT uint32_t takesemaphore() {
  for (uint32_t& each : spare) {
    const uint32_t semaphore = __atomic_exchange_n(&each, 0, __ATOMIC_SEQ_CST);
    if (semaphore != 0) return semaphore;
  }
  return newsemaphore();
}
GO_NOSPLIT void givesemaphore(uint32_t semaphore) {
  for (uint32_t& each : spare) {
    uint32_t none = 0;
    if (__atomic_compare_exchange_n(&each, &none, semaphore, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST)) {
      return;
    }
  }
}

// ---- Threads ------------------------------------------------------------------------------------

// What a new thread is to do, at the high end of its stack.
struct Start {
  void (*fn)(void*);
  void* argument;
  uintptr_t tp;
  uint32_t ended;  // the semaphore
  uint32_t port;   // told by the thread
};

}  // namespace

// Where runtime_threadstart leads: on the new thread, with every signal blocked and no TLS.
extern "C" GO_NOSPLIT [[noreturn]] void runtime_threadgo(void* argument, uint32_t port) {
  auto* start = static_cast<Start*>(argument);
  // The creator may be away, and this record with it, as soon as it knows the port.
  const Start mine = *start;
  if (mine.tp != 0) installtls(mine.tp);
  __atomic_store_n(&start->port, port, __ATOMIC_RELEASE);
  futexwake(&start->port, 1);
  mine.fn(mine.argument);
  const SigSet all = ~SigSet{};
  sigprocmask(kSIG_SETMASK, &all, nullptr);
  notetls(0);
  // Posted once nothing of the stack is in use.
  for (;;) raw(k_bsdthread_terminate, 0, 0, port, mine.ended);
}

GO_NOSPLIT long pipe2(int fds[2], int flags) {
  const long error = runtime_pipe(fds);
  if (error != 0) return error;
  for (int i = 0; i < 2; i++) {
    if ((flags & kO_CLOEXEC) != 0) raw(k_fcntl, fds[i], kF_SETFD, kFD_CLOEXEC);
    if ((flags & kO_NONBLOCK) != 0) raw(k_fcntl, fds[i], kF_SETFL, kO_NONBLOCK);
  }
  return 0;
}
GO_NOSPLIT long fstatsize(int fd) {
  // lseek to the end and back: no struct stat, of which there are several. On 386 the offset has
  // two words; of the result the lower one comes back.
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
  return raw(k_mmap, addr, length, prot, flags, fd, offset, 0);
}
GO_NOSPLIT void exit_thread(int) {
  for (;;) raw(k_bsdthread_terminate, 0, 0, 0, 0);
}
// The thread's port, by which it is signalled.
GO_NOSPLIT long gettid() { return mach(k_thread_self_trap); }
GO_NOSPLIT bool kernelpath(char*, size_t) { return false; }  // Apple's strings tell

// In the child every name of a port is void, and its one thread has another number.
GO_NOSPLIT long fork() {
  const SigSet all = ~SigSet{};
  SigSet mask = {};
  sigprocmask(kSIG_SETMASK, &all, &mask);
  const uintptr_t base = notedtls();
  const long pid = runtime_fork();
  if (pid == 0) {
    for (Waiter& each : waiters) each = {};
    for (uint32_t& each : spare) each = 0;
    for (Noted& each : noted) each = {};
    if (base != 0) notetls(base);
  }
  sigprocmask(kSIG_SETMASK, &mask, nullptr);
  return pid;
}

// The word is a semaphore that the kernel posts when the thread is over; whoever finds it posted
// posts it again, for others that ask.
GO_NOSPLIT bool threadlives(const ThreadLife* life) {
  const long semaphore = __atomic_load_n(&life->word, __ATOMIC_ACQUIRE);
  if (semaphore == 0) return false;
  int error = kKERN_ABORTED;
  while (error == kKERN_ABORTED) error = mach(k_semaphore_timedwait_trap, semaphore, 0, 0);
  if (error != 0) return true;
  post(static_cast<uint32_t>(semaphore));
  return false;
}
GO_NOSPLIT void waitthread(const ThreadLife* life) {
  const auto semaphore = static_cast<uint32_t>(__atomic_load_n(&life->word, __ATOMIC_ACQUIRE));
  if (semaphore == 0) return;
  waitfirmly(semaphore);
  __atomic_store_n(&const_cast<ThreadLife*>(life)->word, 0, __ATOMIC_RELEASE);
  givesemaphore(semaphore);
}

GO_NOSPLIT long rawthread(void* stack, size_t bytes, uintptr_t tp, ThreadLife* life,
                          void (*fn)(void*), void* argument) {
  // Once for the process; where every thread begins.
  static uint32_t registered;
  if (__atomic_exchange_n(&registered, 1, __ATOMIC_SEQ_CST) == 0)
    raw(k_bsdthread_register, &runtime_threadstart, 0, 0, 0, 0, 0);
  const uint32_t ended = takesemaphore();
  if (ended == 0) return -kEAGAIN;
  const uintptr_t low = reinterpret_cast<uintptr_t>(stack);
  auto* start = reinterpret_cast<Start*>((low + bytes - sizeof(Start)) & ~uintptr_t{15});
  *start = {fn, argument, tp, ended, 0};
  __atomic_store_n(&life->word, static_cast<long>(ended), __ATOMIC_RELEASE);
  // A thread is born with its creator's mask.
  const SigSet all = ~SigSet{};
  SigSet mask = {};
  sigprocmask(kSIG_SETMASK, &all, &mask);
  const long result = raw(k_bsdthread_create, 0, start, start, start, kPTHREAD_START_CUSTOM);
  sigprocmask(kSIG_SETMASK, &mask, nullptr);
  if (iserror(result)) {
    __atomic_store_n(&life->word, 0, __ATOMIC_RELEASE);
    givesemaphore(ended);
    return result;
  }
  uint32_t port = 0;
  while ((port = __atomic_load_n(&start->port, __ATOMIC_ACQUIRE)) == 0)
    futexwait(&start->port, 0, nullptr);
  return static_cast<long>(port);
}

// ---- Signals ------------------------------------------------------------------------------------

// Every handler is called by the program's own trampoline, which the kernel enters.
GO_NOSPLIT long sigaction(int sig, const SigAction* act, SigAction* old) {
  if (act == nullptr) return raw(k_sigaction, sig, 0, old);
  os::NewSigAction action = {act->handler, reinterpret_cast<uintptr_t>(&runtime_tramp), act->mask,
                             act->flags};
  return raw(k_sigaction, sig, &action, old);
}
GO_NOSPLIT long sigsuspend(const SigSet* set) { return raw(k_sigsuspend, set->word[0]); }
// There is no wait with a time limit.
GO_NOSPLIT long sigtimedwait(const SigSet* set, SigInfo* info, const Timespec* timeout) {
  if (timeout != nullptr) return -kENOSYS;
  int32_t sig = 0;
  const long error = raw(k___sigwait, set, &sig);
  if (error != 0) return error;
  if (info != nullptr) {
    *info = {};
    info->signo = sig;
  }
  return sig;
}
// The third: as POSIX has it.
GO_NOSPLIT long kill(int pid, int sig) { return raw(k_kill, pid, sig, 1); }
GO_NOSPLIT long tgkill(int, int tid, int sig) { return raw(k___pthread_kill, tid, sig); }

// ---- Time ---------------------------------------------------------------------------------------

// The time of day: a clock that never goes back is in the page that libc reads, not in a call.
GO_NOSPLIT long clock_gettime(int, Timespec* ts) {
  Timeval tv = {};
  runtime_gettimeofday(&tv);
  ts->sec = tv.sec;
  ts->nsec = tv.usec * 1000;
  return 0;
}
GO_NOSPLIT long nanosleep(const Timespec* request, Timespec* rest) {
  const int64_t begin = nanotime();
  Timeval time = {};
  time.sec = request->sec;
  time.usec = static_cast<int32_t>((request->nsec + 999) / 1000);
  if (time.usec >= 1000000) {
    time.sec++;
    time.usec -= 1000000;
  }
  const long error = raw(k_select, 0, 0, 0, 0, &time);
  if (error < 0 && rest != nullptr) {
    int64_t left =
        static_cast<int64_t>(request->sec) * 1000000000 + request->nsec - (nanotime() - begin);
    if (left < 0) left = 0;
    // 64-bit division needs a helper of libgcc on 386; seconds by subtraction are few.
    rest->sec = 0;
    for (; left >= 1000000000; left -= 1000000000) rest->sec++;
    rest->nsec = static_cast<decltype(rest->nsec)>(left);
  }
  return error < 0 ? error : 0;
}
GO_NOSPLIT long sched_yield() {
  mach(k_swtch_pri, 0);
  return 0;
}

GO_NOSPLIT int32_t ncpu() {
  int32_t cpus = 0;
  const int name[] = {kCTL_HW, kHW_AVAILCPU};
  size_t size = sizeof(cpus);
  if (sysctl(name, 2, &cpus, &size) != 0) cpus = 0;
  return cpus > 0 ? cpus : 1;
}
// No thread is tied to a CPU here.
GO_NOSPLIT long bindtocpu() { return -kENOSYS; }

// ---- Waiting for words --------------------------------------------------------------------------

GO_NOSPLIT long futexwait(const uint32_t* word, uint32_t value, const Timespec* timeout) {
  Waiter* waiter = takewaiter();
  if (waiter == nullptr) return -kEAGAIN;
  __atomic_store_n(&waiter->word, word, __ATOMIC_SEQ_CST);
  __atomic_store_n(&waiter->state, kWaiting, __ATOMIC_SEQ_CST);
  int error = kKERN_ABORTED;
  // Whoever changes the word from here on sees the waiter.
  const bool sleeps = __atomic_load_n(word, __ATOMIC_SEQ_CST) == value;
  if (sleeps) {
    error = timeout == nullptr
                ? wait(waiter->semaphore)
                : mach(k_semaphore_timedwait_trap, static_cast<long>(waiter->semaphore),
                       static_cast<long>(timeout->sec), static_cast<long>(timeout->nsec));
  }
  // Woken although it gave up: the post is this wait's, and is not to be left for the next one.
  if (error != 0 && !claim(waiter, kWaiting, kTaken)) {
    waitfirmly(waiter->semaphore);
    error = 0;
  }
  __atomic_store_n(&waiter->state, kFree, __ATOMIC_SEQ_CST);
  if (!sleeps) return -kEAGAIN;
  return error == 0 ? 0 : error == kKERN_OPERATION_TIMED_OUT ? -kETIMEDOUT : -kEINTR;
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
    const uint32_t semaphore = waiter->semaphore;
    if (!claim(waiter, kWaiting, kWoken)) continue;
    woken++;
    post(semaphore);
  }
  return woken;
}

}  // namespace runtime::sys
