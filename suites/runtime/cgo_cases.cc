// Calls into C and back, from threads of ours and of others.

#include "suites/runtime/exercise.h"

namespace exercise {

using namespace runtime;  // NOLINT(google-build-using-namespace)

namespace {

void call() {
  int v = 1;
  cgocall([](void* p) { *static_cast<int*>(p) += 41; }, &v);
  CHECK_EQ(v, 42);
  asmcgocall([](void* p) { *static_cast<int*>(p) += 1; }, &v);
  CHECK_EQ(v, 43);
  // On the thread's own stack, with g0.
  static int ong0;
  cgocall(
      [](void*) {
        const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
        const M* m = getm();
        ong0 = getg() == m->g0 && m->threadlo <= sp && sp < m->threadhi;
      },
      nullptr);
  CHECK_EQ(ong0, 1);
}

// One slot, and C that only returns when a goroutine has run.
void handoff() {
  gomaxprocs(1);
  static int ran;
  auto other = [] { store(&ran, 1); };
  go(other);
  cgocall(
      [](void*) {
        while (load(&ran) == 0) sys::sched_yield();
      },
      nullptr);
}

struct Level {
  int depth;
  int64_t sum;
  const G* g;
  long tid;
};

void descend(void* p);

void incalled(void* p) { cgocallback(descend, p); }

GO_NOINLINE void descend(void* p) {
  auto* level = static_cast<Level*>(p);
  CHECK(getg() == level->g);
  if (level->tid != 0) CHECK_EQ(sys::gettid(), level->tid);
  const int depth = level->depth;
  if (depth == 0) return;
  level->depth--;
  level->sum += depth;
  gosched();
  level->tid = sys::gettid();
  cgocall(incalled, level);
  CHECK_EQ(level->depth, 0);
  gosched();
}

// Callbacks in callbacks, 100 deep, with others running at every level; the goroutine stays the
// same one, on one thread.
void nested() {
  gomaxprocs(3);
  static int stop;
  static Sema done;
  auto other = [] {
    while (load(&stop) == 0) gosched();
    semrelease(&done);
  };
  go(other);
  go(other);
  auto deep = [] {
    for (int round = 0; round < 20; round++) {
      Level level = {100, 0, getg(), 0};
      cgocall(incalled, &level);
      CHECK_EQ(level.sum, 5050);
      CHECK_EQ(getm()->ncgo, 0);
    }
    semrelease(&done);
  };
  static constexpr int kDeep = 4;
  for (int i = 0; i < kDeep; i++) {
    newproc([](void* p) { (*static_cast<decltype(deep)*>(p))(); }, &deep, 256 << 10);
  }
  for (int i = 0; i < kDeep; i++) semacquire(&done);
  store(&stop, 1);
  semacquire(&done);
  semacquire(&done);
}

// Several callbacks in one call, some of which block.
void many() {
  gomaxprocs(2);
  static Chan<int> c;
  auto sender = [] {
    for (int i = 0; i < 1000; i++) c.send(i);
  };
  go(sender);
  static int64_t sum;
  cgocall(
      [](void*) {
        for (int i = 0; i < 1000; i++) {
          cgocallback(
              [](void*) {
                int v = 0;
                c.recv(&v);
                sum += v;
              },
              nullptr);
        }
      },
      nullptr);
  CHECK_EQ(sum, 499500);
}

// C that switches to a stack of its own and calls back from there; then deeper and shallower ones
// from the thread's.
void c_stack_switch() {
  static int calls;
  static uintptr_t end;
  constexpr size_t kBytes = 64 << 10;
  const long at = sys::mmap(nullptr, kBytes, sys::kPROT_READ | sys::kPROT_WRITE,
                            sys::kMAP_PRIVATE | sys::kMAP_ANONYMOUS, -1, 0);
  CHECK(!sys::iserror(at));
  end = static_cast<uintptr_t>(at) + kBytes;
  static void (*back)(void*) = cfunction([](void*) FOREIGN {
    cgocallback(
        [](void*) {
          add(&calls, 1);
          gosched();
        },
        nullptr);
  });
  for (int i = 0; i < 20; i++) {
    cgocall(
        [](void*) {
          back(nullptr);
          runtime_callonstack(end, back, nullptr);
          c_deep(100000, back, nullptr);
          c_deep(100000, cfunction([](void*) FOREIGN { runtime_callonstack(end, back, nullptr); }),
                 nullptr);
          back(nullptr);
        },
        nullptr);
  }
  CHECK_EQ(load(&calls), 100);
}

constexpr int kThreads = 16;

// Threads nobody here made, with and without thread-local storage, call in at the same time as
// others.
void foreign() {
  gomaxprocs(3);
  static Foreign threads[kThreads];
  static int64_t sum;
  static Chan<int> c(8);
  auto drain = [] {
    int v = 0;
    while (c.recv(&v)) __atomic_fetch_add(&sum, v, __ATOMIC_SEQ_CST);
  };
  go(drain);
  for (int i = 0; i < kThreads; i++) {
    threads[i].fn = foreignfunction([](Foreign*) FOREIGN {
      for (int j = 0; j < 200; j++) {
        cgocallback([](void*) { c.send(1); }, nullptr);
      }
    });
    foreign_start(&threads[i], i % 2 == 0 ? kNoTls : kInheritedTls);
  }
  for (Foreign& f : threads) {
    blocking([&] {
      foreign_join(&f);
      return 0;
    });
  }
  until([] { return __atomic_load_n(&sum, __ATOMIC_SEQ_CST) == kThreads * 200; });
}

// From a foreign thread into a goroutine, into C, back, and so on.
void foreign_nested() {
  static Foreign f;
  static Level level;
  f.stackbytes = 512 << 10;
  f.fn = foreignfunction([](Foreign*) FOREIGN {
    cgocallback(
        [](void*) {
          level = {30, 0, getg(), 0};
          descend(&level);
        },
        nullptr);
  });
  foreign_start(&f, kNoTls);
  until([] { return !sys::threadlives(&f.life); });
  CHECK_EQ(level.sum, 465);
}

// More of them inside at once than there are m's at hand.
void foreign_crowd() {
  gomaxprocs(2);
  constexpr int kCrowd = 100;
  static Foreign threads[kCrowd];
  static int inside;
  static Sema out;
  for (Foreign& f : threads) {
    f.stackbytes = 64 << 10;
    f.fn = foreignfunction([](Foreign*) FOREIGN {
      cgocallback(
          [](void*) {
            add(&inside, 1);
            semacquire(&out);
          },
          nullptr);
    });
    foreign_start(&f, kNoTls);
  }
  until([] { return load(&inside) == kCrowd; });
  for (int i = 0; i < kCrowd; i++) semrelease(&out);
  for (Foreign& f : threads) {
    blocking([&] {
      foreign_join(&f);
      return 0;
    });
  }
  CHECK(numextram() >= kExtraThreads);
}

// What a foreign thread had it has again afterwards: thread-local storage, alternate stack, mask.
void foreign_keeps() {
  static Foreign f[2];
  static int wrong[8];
  static char altstack[32768];
  for (Foreign& t : f) {
    t.fn = foreignfunction([](Foreign*) FOREIGN {
      sys::StackT mine = {};
      mine.sp = reinterpret_cast<uintptr_t>(altstack);
      mine.size = sizeof(altstack);
      CHECK_EQ(sys::sigaltstack(&mine, nullptr), 0);
      const sys::SigSet mask = sys::sigmask(sys::kSIGUSR1) | sys::sigmask(sys::kSIGALRM);
      sys::sigprocmask(sys::kSIG_SETMASK, &mask, nullptr);
      const uintptr_t tp = sys::threadpointer();
      for (int i = 0; i < 50; i++) {
        cgocallback(
            [](void*) {
              // Inside, the mask is still the thread's.
              sys::SigSet now = {};
              sys::sigprocmask(sys::kSIG_SETMASK, nullptr, &now);
              if (now != (sys::sigmask(sys::kSIGUSR1) | sys::sigmask(sys::kSIGALRM)))
                add(&wrong[0], 1);
            },
            nullptr);
        sys::StackT stack = {};
        sys::sigaltstack(nullptr, &stack);
        if (stack.sp != mine.sp || stack.size != mine.size || stack.flags != 0) add(&wrong[1], 1);
        sys::SigSet now = {};
        sys::sigprocmask(sys::kSIG_SETMASK, nullptr, &now);
        if (now != mask) add(&wrong[2], 1);
        if (sys::threadpointer() != tp) add(&wrong[3], 1);
      }
      sys::StackT off = {};
      off.flags = sys::kSS_DISABLE;
      sys::sigaltstack(&off, nullptr);
    });
  }
  for (int i = 0; i < 2; i++) {
    foreign_start(&f[i], i == 0 ? kNoTls : kInheritedTls);
    until([&] { return !sys::threadlives(&f[i].life); });
  }
  for (const int& n : wrong) CHECK_EQ(load(&n), 0);
}

// A callback that is none: on a goroutine.
void not_from_c() {
  Print(1).s("before\n");
  cgocallback([](void*) {}, nullptr);
}

void goexit_in_callback() {
  Print(1).s("before\n");
  cgocall([](void*) { cgocallback([](void*) { goexit(); }, nullptr); }, nullptr);
}

}  // namespace

const Case kCgoCases[] = {
    {"call", call},
    {"cgo-handoff", handoff},
    {"nested-callbacks", nested},
    {"many-callbacks", many},
    {"c-stack-switch", c_stack_switch},
    {"foreign", foreign},
    {"foreign-nested", foreign_nested},
    {"foreign-crowd", foreign_crowd},
    {"foreign-keeps", foreign_keeps},
    {"not-from-c", not_from_c},
    {"goexit-in-callback", goexit_in_callback},
    {nullptr, nullptr},
};

}  // namespace exercise
