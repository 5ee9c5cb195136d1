// What only exists beside a libc: its threads, its handlers, its streams. On the foreign side: no
// stack checks.

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "suites/runtime/exercise.h"

// <errno.h> needs kernel headers for 32 bits, which the machine may lack; this is what it defines
// (glibc's bits/errno.h).
extern "C" int* __errno_location() noexcept;
#define errno (*__errno_location())

namespace exercise {

using namespace runtime;  // NOLINT(google-build-using-namespace)

namespace {

constexpr int kThreads = 16;

// Threads of pthread_create call back, block in there, and keep their own thread-local storage
// throughout.
thread_local int mine;
int wrong;

void* caller(void* p) {
  mine = static_cast<int>(reinterpret_cast<intptr_t>(p));
  for (int i = 0; i < 300; i++) {
    errno = 1000 + mine;
    cgocallback(
        [](void* q) {
          gosched();
          // The goroutine stays on the thread that called.
          if (mine != static_cast<int>(reinterpret_cast<intptr_t>(q))) add(&wrong, 1);
        },
        p);
    if (errno != 1000 + mine) add(&wrong, 1);
  }
  return nullptr;
}

void callbacks() {
  gomaxprocs(3);
  static pthread_t threads[kThreads];
  for (intptr_t i = 0; i < kThreads; i++) {
    CHECK_EQ(pthread_create(&threads[i], nullptr, caller, reinterpret_cast<void*>(i + 1)), 0);
  }
  for (const pthread_t t : threads) {
    blocking([=] { return pthread_join(t, nullptr); });
  }
  CHECK_EQ(load(&wrong), 0);
}

// The bounds of a thread with a stack of unusual size are those that the libc names.
void bounds() {
  static StackBounds seen;
  static StackBounds libc;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 200 << 10);
  pthread_t thread = {};
  CHECK_EQ(pthread_create(
               &thread, &attr,
               [](void*) -> void* {
                 pthread_attr_t a;
                 void* at = nullptr;
                 size_t size = 0;
                 pthread_getattr_np(pthread_self(), &a);
                 pthread_attr_getstack(&a, &at, &size);
                 pthread_attr_destroy(&a);
                 libc = {reinterpret_cast<uintptr_t>(at), reinterpret_cast<uintptr_t>(at) + size};
                 cgocallback([](void*) { seen = {getm()->threadlo, getm()->threadhi}; }, nullptr);
                 return nullptr;
               },
               nullptr),
           0);
  blocking([=] { return pthread_join(thread, nullptr); });
  CHECK_EQ(seen.lo, libc.lo);
  CHECK_EQ(seen.hi, libc.hi);
}

int hooked;
int notforeign;

bool counting(int, sys::SigInfo*, void*) {
  const SigPlace place = sigplace();
  if (!place.foreign || !place.ongsignal) add(&notforeign, 1);
  add(&hooked, 1);
  return true;
}

// A signal inside a key's destructor: the thread is nearly gone, its libc storage half taken down.
void key_destructor() {
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  sighook(sys::kSIGUSR1, counting);
  static pthread_key_t key;
  pthread_key_create(&key, [](void*) {
    for (int i = 0; i < 10; i++) raise(SIGUSR1);
  });
  for (int i = 0; i < 50; i++) {
    pthread_t thread = {};
    CHECK_EQ(pthread_create(
                 &thread, nullptr,
                 [](void*) -> void* {
                   pthread_setspecific(key, &key);
                   return nullptr;
                 },
                 nullptr),
             0);
    blocking([=] { return pthread_join(thread, nullptr); });
  }
  CHECK_EQ(load(&hooked), 500);
  CHECK_EQ(load(&notforeign), 0);
}

// Threads of the libc in a storm, while they use it: their storage must be theirs again after each
// signal.
void libc_storm() {
  gomaxprocs(2);
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  sighook(sys::kSIGUSR1, [](int, sys::SigInfo*, void*) { return add(&hooked, 1) > 0; });
  static int stop;
  static pthread_t threads[4];
  for (intptr_t i = 0; i < 4; i++) {
    pthread_create(
        &threads[i], nullptr,
        [](void* p) -> void* {
          mine = static_cast<int>(reinterpret_cast<intptr_t>(p));
          char text[64];
          for (int n = 0; load(&stop) == 0; n++) {
            errno = 2000 + mine;
            snprintf(text, sizeof(text), "%d %p", n, p);
            if (errno != 2000 + mine || mine != static_cast<int>(reinterpret_cast<intptr_t>(p)))
              add(&wrong, 1);
            if (n % 16 == 0) cgocallback([](void*) { gosched(); }, nullptr);
          }
          return nullptr;
        },
        reinterpret_cast<void*>(i + 1));
  }
  for (int i = 0; load(&hooked) < 2000; i++) {
    pthread_kill(threads[i % 4], SIGUSR1);
    gosched();
  }
  store(&stop, 1);
  for (const pthread_t t : threads) {
    blocking([=] { return pthread_join(t, nullptr); });
  }
  CHECK_EQ(load(&wrong), 0);
}

// A raw clone that has its creator's storage, that of a libc's thread: it must not be taken for the
// creator.
void inherited() {
  static pthread_t thread;
  static int32_t creator;
  static int32_t inside;
  static Foreign f;
  CHECK_EQ(pthread_create(
               &thread, nullptr,
               [](void*) -> void* {
                 creator = static_cast<int32_t>(sys::gettid());
                 f.fn = [](Foreign*) { cgocallback([](void*) { inside = getm()->tid; }, nullptr); };
                 foreign_start(&f, kInheritedTls);
                 const int32_t tid = f.tid;
                 cgocallback([](void*) { gosched(); }, nullptr);
                 foreign_join(&f);
                 if (tid != 0 && inside != tid) add(&wrong, 1);
                 return nullptr;
               },
               nullptr),
           0);
  blocking([] { return pthread_join(thread, nullptr); });
  CHECK(inside != 0);
  CHECK(inside != creator);
  CHECK_EQ(load(&wrong), 0);
}

// --- a handler that was there before the runtime
// -----------------------------------------------------------------

int forwarded;
int badforward;

void before_us(int sig, siginfo_t* info, void* ctx) {
  if (sig != SIGSEGV || info->si_addr != reinterpret_cast<void*>(8)) add(&badforward, 1);
  // Its own thread-local storage, not a lent one.
  if (mine != 77) add(&badforward, 1);
  sys::Context context(ctx);
  uintptr_t pc = context.pc();
  if (!skipstoreat8(&pc)) add(&badforward, 1);
  context.set_pc(pc);
  add(&forwarded, 1);
}

// Before main, as a library's own handler would be; only for its case. (glibc hands main's
// arguments to constructors.)
__attribute__((constructor)) void install(int argc, char** argv) {
  if (argc != 2 || strcmp(argv[1], "forward") != 0) return;
  struct sigaction action = {};
  action.sa_sigaction = before_us;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
}

__attribute__((noinline)) void fault() { storeat8(); }

void forward() {
  LockOSThread();
  mine = 77;
  for (int i = 0; i < 10; i++) cgocall([](void*) { fault(); }, nullptr);
  CHECK_EQ(load(&forwarded), 10);
  pthread_t thread = {};
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        mine = 77;
        for (int i = 0; i < 10; i++) fault();
        return nullptr;
      },
      nullptr);
  blocking([=] { return pthread_join(thread, nullptr); });
  CHECK_EQ(load(&forwarded), 20);
  CHECK_EQ(load(&badforward), 0);
  // On a goroutine it is still a panic.
  Panic panic = {};
  CHECK(!recover([](void*) { fault(); }, nullptr, &panic));
  CHECK_EQ(load(&forwarded), 20);
}

// What the libc buffered comes out when go_main returns.
void flushed() { printf("buffered\n"); }

void thread_overflow() {
  static pthread_t thread;
  Print(1).s("before\n");
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        cgocallback([](void*) { cgocall([](void*) { c_overflow(); }, nullptr); }, nullptr);
        return nullptr;
      },
      nullptr);
  blocking([] { return pthread_join(thread, nullptr); });
}

}  // namespace

const Case kHostedCases[] = {
    {"pthread-callbacks", callbacks},
    {"pthread-bounds", bounds},
    {"key-destructor", key_destructor},
    {"libc-storm", libc_storm},
    {"inherited", inherited},
    {"forward", forward},
    {"flushed", flushed},
    {"pthread-overflow", thread_overflow},
    {nullptr, nullptr},
};

}  // namespace exercise
