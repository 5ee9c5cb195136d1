// runtime/sys/sys.h for Windows, by kernel32 and ntdll. What it has no counterpart of (processes
// that fork, signals that are sent, file descriptors but 1 and 2) is not here.
//
// The functions of the system run on the stack that their caller stands on, a goroutine's too: what
// they need there is part of kFrameRoom.

#include "runtime/sys/sys.h"

#include "runtime/os/windows/start.h"
#include "runtime/sys/tls.h"

namespace runtime::sys {

namespace {

constexpr size_t kPathMax = 1024;
char path[kPathMax];

// Handlers by signal. Exceptions are there from the start; an event's handler has to be asked for.
uintptr_t handlers[kNSIG];  // atomic

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr int64_t kUnit = 100;  // nanoseconds, of the system's times
int64_t frequency = 1;          // of the performance counter; set once at start

GO_NOSPLIT uint32_t protection(int prot) {
  if ((prot & kPROT_EXEC) != 0) {
    return (prot & kPROT_WRITE) != 0 ? os::kPAGE_EXECUTE_READWRITE : os::kPAGE_EXECUTE_READ;
  }
  if ((prot & kPROT_WRITE) != 0) return os::kPAGE_READWRITE;
  return (prot & kPROT_READ) != 0 ? os::kPAGE_READONLY : os::kPAGE_NOACCESS;
}

template <typename T>
GO_NOSPLIT inline T teb(uintptr_t offset) {
  T value;
#if defined(__x86_64__)
  __asm__ volatile("mov %%gs:(%1), %0" : "=r"(value) : "r"(offset));
#else
  __asm__ volatile("mov %%fs:(%1), %0" : "=r"(value) : "r"(offset));
#endif
  return value;
}

// What osthread hands to a new thread, on its creator's stack until it is taken.
struct Start {
  void (*fn)(void*);
  void* arg;
  uint32_t taken;
};

GO_NOSPLIT uint32_t FAULTLINE_WINAPI threadstart(void* p) {
  auto* from = static_cast<Start*>(p);
  const Start start = *from;
  __atomic_store_n(&from->taken, 1, __ATOMIC_RELEASE);
  futexwake(&from->taken, 1);
  start.fn(start.arg);
  return 0;
}

}  // namespace

GO_NOSPLIT long write(int fd, const void* buf, size_t n) {
  os::Handle out = os::GetStdHandle(fd == 2 ? os::kSTD_ERROR_HANDLE : os::kSTD_OUTPUT_HANDLE);
  uint32_t done = 0;
  if (os::WriteFile(out, buf, static_cast<uint32_t>(n), &done, nullptr) == 0) return -kEIO;
  return static_cast<long>(done);
}

// A mapping without access is memory that is reserved only.
GO_NOSPLIT intptr_t mmap(void* addr, size_t length, int prot, int, int, size_t) {
  const uint32_t type = prot == kPROT_NONE ? os::kMEM_RESERVE : os::kMEM_RESERVE | os::kMEM_COMMIT;
  void* at = os::VirtualAlloc(addr, length, type, protection(prot));
  return at == nullptr ? -kENOMEM : reinterpret_cast<intptr_t>(at);
}
GO_NOSPLIT long munmap(void* addr, size_t) {
  return os::VirtualFree(addr, 0, os::kMEM_RELEASE) != 0 ? 0 : -kEINVAL;
}
GO_NOSPLIT long mprotect(void* addr, size_t length, int prot) {
  if (prot != kPROT_NONE &&
      os::VirtualAlloc(addr, length, os::kMEM_COMMIT, protection(prot)) == nullptr) {
    return -kENOMEM;
  }
  uint32_t old = 0;
  return os::VirtualProtect(addr, length, protection(prot), &old) != 0 ? 0 : -kENOMEM;
}

// Not ExitProcess: it runs every library's clean-up, on whatever stack this is, and waits for locks
// that another thread may hold.
GO_NOSPLIT void exit_group(int code) {
  for (;;) os::TerminateProcess(os::currentprocess(), static_cast<uint32_t>(code));
}
GO_NOSPLIT long getpid() { return static_cast<long>(os::GetCurrentProcessId()); }
GO_NOSPLIT long gettid() { return static_cast<long>(os::GetCurrentThreadId()); }
GO_NOSPLIT const char* executable() { return path; }

GO_NOSPLIT ThreadStack threadstack() {
  const auto high = teb<uintptr_t>(os::Teb::kStackBase);
  const auto reserved = teb<uintptr_t>(os::Teb::kDeallocationStack);
  uintptr_t kept = teb<uint32_t>(os::Teb::kGuaranteedStackBytes);
  if (kept < os::kGuaranteedPages * kPageSize) kept = os::kGuaranteedPages * kPageSize;
  // The lowest page is never used, and those above it are for the handler of an overflow.
  return {reserved + kPageSize + kept, high};
}

// The word is the thread's handle, of which 32 bits count on amd64 too; 0: it is over.
GO_NOSPLIT long osthread(size_t bytes, ThreadLife* life, void (*fn)(void*), void* arg) {
  Start start = {fn, arg, 0};
  uint32_t id = 0;
  os::Handle handle = os::CreateThread(nullptr, bytes, threadstart, &start,
                                       os::kSTACK_SIZE_PARAM_IS_A_RESERVATION, &id);
  if (handle == nullptr) return -kEAGAIN;
  __atomic_store_n(&life->word, static_cast<long>(reinterpret_cast<intptr_t>(handle)),
                   __ATOMIC_RELEASE);
  while (__atomic_load_n(&start.taken, __ATOMIC_ACQUIRE) == 0) futexwait(&start.taken, 0, nullptr);
  return static_cast<long>(id);
}
GO_NOSPLIT bool threadlives(const ThreadLife* life) {
  const long word = __atomic_load_n(&life->word, __ATOMIC_ACQUIRE);
  return word != 0 && os::WaitForSingleObject(reinterpret_cast<os::Handle>(intptr_t{word}), 0) !=
                          os::kWAIT_OBJECT_0;
}
GO_NOSPLIT void waitthread(const ThreadLife* life) {
  const long word = __atomic_load_n(&life->word, __ATOMIC_ACQUIRE);
  if (word == 0) return;
  os::WaitForSingleObject(reinterpret_cast<os::Handle>(intptr_t{word}), os::kINFINITE);
  os::CloseHandle(reinterpret_cast<os::Handle>(intptr_t{word}));
  __atomic_store_n(const_cast<long*>(&life->word), 0, __ATOMIC_RELEASE);
}

GO_NOSPLIT long sigaction(int sig, const SigAction* act, SigAction* old) {
  if (sig < 1 || sig >= kNSIG) return -kEINVAL;
  const uintptr_t before = __atomic_load_n(&handlers[sig], __ATOMIC_ACQUIRE);
  if (old != nullptr) *old = {before, 0, 0};
  if (act != nullptr) __atomic_store_n(&handlers[sig], act->handler, __ATOMIC_RELEASE);
  return 0;
}
GO_NOSPLIT long sigprocmask(int, const SigSet*, SigSet* old) {
  if (old != nullptr) *old = 0;
  return 0;
}
GO_NOSPLIT long sigaltstack(const StackT*, StackT* old) {
  if (old != nullptr) *old = {0, 0, kSS_DISABLE};
  return 0;
}

GO_NOSPLIT long nanosleep(const Timespec* request, Timespec*) {
  const uint32_t never = 0;
  futexwait(&never, 0, request);
  return 0;
}
GO_NOSPLIT int64_t nanotime() {
  int64_t count = 0;
  os::QueryPerformanceCounter(&count);
  const int64_t seconds = count / frequency;
  return seconds * kNanosecondsPerSecond +
         (count - seconds * frequency) * kNanosecondsPerSecond / frequency;
}
GO_NOSPLIT long sched_yield() {
  os::SwitchToThread();
  return 0;
}
GO_NOSPLIT int32_t ncpu() {
  uintptr_t mask = 0;
  uintptr_t all = 0;
  if (os::GetProcessAffinityMask(os::currentprocess(), &mask, &all) == 0 || mask == 0) return 1;
  return __builtin_popcountl(static_cast<unsigned long>(mask)) +
         (sizeof(mask) > 4 ? __builtin_popcount(static_cast<uint32_t>(uint64_t{mask} >> 32)) : 0);
}

GO_NOSPLIT long futexwait(const uint32_t* word, uint32_t value, const Timespec* timeout) {
  int64_t units = 0;
  if (timeout != nullptr) {
    units = -(timeout->sec * (kNanosecondsPerSecond / kUnit) + (timeout->nsec + kUnit - 1) / kUnit);
  }
  const int32_t status =
      os::RtlWaitOnAddress(word, &value, sizeof(value), timeout != nullptr ? &units : nullptr);
  return status == os::kSTATUS_TIMEOUT ? -kETIMEDOUT : 0;
}
GO_NOSPLIT long futexwake(const uint32_t* word, int n) {
  if (n == 1) {
    os::RtlWakeAddressSingle(word);
  } else {
    os::RtlWakeAddressAll(word);
  }
  return 0;
}

// What the runtime's slots of the TEB hold: 0 on a thread that is not its own.
GO_NOSPLIT uintptr_t threadpointer() {
  ThreadTls tls;
  savetls(&tls);
  return reinterpret_cast<uintptr_t>(tls.m);
}
GO_NOSPLIT long settls(uintptr_t tp) { return installtls(tp); }

}  // namespace runtime::sys

namespace runtime {

GO_NOSPLIT void programinit() {
  sys::os::GetModuleFileNameA(nullptr, sys::path, sys::kPathMax);
  sys::os::QueryPerformanceFrequency(&sys::frequency);
}

GO_NOSPLIT uintptr_t sighandlerof(int sig) {
  return __atomic_load_n(&sys::handlers[sig], __ATOMIC_ACQUIRE);
}

}  // namespace runtime
