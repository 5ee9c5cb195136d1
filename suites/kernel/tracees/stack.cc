// stack: the limit of the stack, and guards.
//
//     stack limit   the soft limit of RLIMIT_STACK by each call that there is, and RLIMIT_NOFILE's
//     stack guard   what can be read of: a page that mprotect closed, one that mmap made so, a
//     large
//                   region, a thread's guard, a page with MADV_GUARD_INSTALL; and a page that
//                   mprotect made read only, if it can be written
//
// Prints: getrlimit=… prlimit=… old=… (386: the oldest call) hard=… files=…, each a number or
// infinity; or mprotect=… mmap=… large=… thread=… madvise=… readonly=…, each open, closed or none.

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "suites/kernel/tracees/tracee.h"

namespace {

constexpr size_t kPage = 4096;

void PrintLimit(const char* name, unsigned long long value, unsigned long long infinity) {
  if (value == infinity) {
    printf("%s=infinity ", name);
  } else {
    printf("%s=%llu ", name, value);
  }
}

int Limits() {
  struct Narrow {
    unsigned long cur, max;
  } narrow = {};
  struct Wide {
    unsigned long long cur, max;
  } wide = {};
#if defined(__x86_64__)
  constexpr long kGet = SYS_getrlimit;
#else
  constexpr long kGet = SYS_ugetrlimit;
  Narrow old = {};
  if (syscall(SYS_getrlimit, RLIMIT_STACK, &old) != 0) Die("getrlimit");
  PrintLimit("old", old.cur, 0x7fffffff);
#endif
  if (syscall(kGet, RLIMIT_STACK, &narrow) != 0) Die("getrlimit");
  if (syscall(SYS_prlimit64, 0, RLIMIT_STACK, nullptr, &wide) != 0) Die("prlimit64");
  PrintLimit("getrlimit", narrow.cur, ~0ul);
  PrintLimit("prlimit", wide.cur, ~0ull);
  PrintLimit("hard", wide.max, ~0ull);
  if (syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &wide) != 0) Die("prlimit64");
  PrintLimit("files", wide.cur, ~0ull);
  printf("\n");
  return 0;
}

sigjmp_buf back;

void OnFault(int) { siglongjmp(back, 1); }

const char* Try(void* at, bool write) {
  if (sigsetjmp(back, 1) != 0) return "closed";
  auto* byte = static_cast<volatile char*>(at);
  if (write) {
    *byte = 1;
  } else {
    (void)*byte;
  }
  return "open";
}

char* Map(size_t size, int protection, int more = 0) {
  void* at = mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | more, -1, 0);
  if (at == MAP_FAILED) Die("mmap");
  return static_cast<char*>(at);
}

const char* guard_of_thread = "none";

void* Thread(void*) {
  pthread_attr_t attributes;
  void* lowest = nullptr;
  size_t size = 0, guard = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0 ||
      pthread_attr_getstack(&attributes, &lowest, &size) != 0 ||
      pthread_attr_getguardsize(&attributes, &guard) != 0)
    Die("pthread_getattr_np");
  // Some libraries count the guard as part of the stack, others do not.
  const char* inside = Try(static_cast<char*>(lowest), /*write=*/true);
  const char* below = Try(static_cast<char*>(lowest) - kPage, /*write=*/true);
  guard_of_thread = strcmp(inside, "open") == 0 && strcmp(below, "open") == 0 ? "open" : "closed";
  pthread_attr_destroy(&attributes);
  return nullptr;
}

int Guards() {
  struct sigaction action = {};
  action.sa_handler = OnFault;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);

  char* region = Map(8 * kPage, PROT_READ | PROT_WRITE);
  if (mprotect(region, kPage, PROT_NONE) != 0) Die("mprotect");
  if (mprotect(region + 4 * kPage, kPage, PROT_READ) != 0) Die("mprotect");
  char* page = Map(kPage, PROT_NONE);
  char* large = Map(1 << 20, PROT_NONE);
  pthread_t thread;
  if (pthread_create(&thread, nullptr, Thread, nullptr) != 0) Die("pthread_create");
  pthread_join(thread, nullptr);
  constexpr int kGuardInstall = 102;
  bool installed = madvise(region + 2 * kPage, kPage, kGuardInstall) == 0;
  printf("mprotect=%s mmap=%s large=%s ", Try(region, true), Try(page, true), Try(large, true));
  printf("thread=%s madvise=%s readonly=%s\n", guard_of_thread,
         installed ? Try(region + 2 * kPage, true) : "none", Try(region + 4 * kPage, true));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  return strcmp(argv[1], "limit") == 0 ? Limits() : Guards();
}
