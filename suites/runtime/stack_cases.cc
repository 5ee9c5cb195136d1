// Stacks that end.

#include "suites/runtime/exercise.h"

namespace exercise {

using namespace runtime;  // NOLINT(google-build-using-namespace)

namespace {

GO_NOINLINE int recurse(int n) {
  volatile char frame[100];
  frame[0] = static_cast<char>(n);
  if (n < 0) return 0;  // never, as far as stacks go
  return recurse(n + 1) + frame[0];
}

void main_overflow() {
  Print(1).s("before\n");
  recurse(0);
}

void goroutine_overflow() {
  Print(1).s("before\n");
  static Sema never;
  newproc([](void*) { recurse(0); }, nullptr);
  semacquire(&never);
}

// C code on a goroutine's stack, which nobody checks: the page without access is met.
void unchecked_overflow() {
  Print(1).s("before\n");
  newproc([](void*) { c_overflow(); }, nullptr);
  for (;;) gosched();
}

// Almost all of a goroutine's stack can be used.
void nearly_all() {
  static Sema done;
  newproc(
      [](void*) {
        c_deep(kStackSize - 2 * kStackGuard, [](void*) { semrelease(&done); }, nullptr);
      },
      nullptr);
  semacquire(&done);
}

GO_NOINLINE void nothing(void*) {}

// C on g0 leaves less than the guard and calls back.
void g0_overflow() {
  Print(1).s("before\n");
  cgocall(
      [](void*) {
        const uintptr_t left =
            reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - getm()->threadlo;
        c_deep(left - 3000, [](void*) { cgocallback(nothing, nullptr); }, nullptr);
      },
      nullptr);
}

// The same with some KB more than the guard: it must work, and more than once.
void g0_nearly() {
  static int calls;
  for (int i = 0; i < 10; i++) {
    cgocall(
        [](void*) {
          const uintptr_t left =
              reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - getm()->threadlo;
          c_deep(
              left - 12000,
              [](void*) { cgocallback([](void*) { gosched(), add(&calls, 1); }, nullptr); },
              nullptr);
        },
        nullptr);
  }
  CHECK_EQ(load(&calls), 10);
}

// C runs over the end of the thread's stack: of the main thread, of another.
void c_main_overflow() {
  LockOSThread();
  until([] { return getm()->id == 0; });
  Print(1).s("before\n");
  cgocall([](void*) { c_overflow(); }, nullptr);
}

void onotherthread(void (*fn)(void*)) {
  gomaxprocs(2);
  static Sema never;
  static void (*call)(void*);
  call = fn;
  LockOSThread();  // the main goroutine keeps the main thread to itself
  newproc(
      [](void*) {
        CHECK(getm()->id != 0);
        Print(1).s("before\n");
        cgocall(call, nullptr);
      },
      nullptr);
  semacquire(&never);
}

void c_thread_overflow() {
  onotherthread([](void*) { c_overflow(); });
}

void g0_thread_overflow() {
  onotherthread([](void*) {
    const uintptr_t left =
        reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - getm()->threadlo;
    c_deep(left - 3000, [](void*) { cgocallback(nothing, nullptr); }, nullptr);
  });
}

// In a callback a foreign thread has a gsignal: its C can overflow there and be told.
void foreign_c_overflow() {
  static Foreign f;
  f.fn = foreignfunction([](Foreign*) FOREIGN {
    cgocallback([](void*) { cgocall([](void*) { c_overflow(); }, nullptr); }, nullptr);
  });
  Print(1).s("before\n");
  foreign_start(&f, kNoTls);
  blocking([] {
    foreign_join(&f);
    return 0;
  });
}

// The bounds that g0 believes are the thread's: every byte of them can be touched (the main thread
// grows into them).
void bounds() {
  const M* m = getm();
  LockOSThread();
  CHECK(m->threadlo < m->threadhi);
  cgocall(cfunction([](void*) FOREIGN {
            const M* self = getm();
            const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
            CHECK(self->threadlo <= sp && sp < self->threadhi);
            c_deep(sp - self->threadlo - 1000, cfunction([](void*) FOREIGN {}), nullptr);
            for (uintptr_t at = self->threadlo; at < sp - 4096; at += 4096) {
              *reinterpret_cast<volatile char*>(at) = 1;
            }
          }),
          nullptr);
}

// A thread other than those above: what stackbounds says of it is what was mapped.
void foreign_bounds() {
  static Foreign f;
  f.stackbytes = 96 << 10;
  static StackBounds seen;
  f.fn = foreignfunction([](Foreign*) FOREIGN {
    cgocallback([](void*) { seen = {getm()->threadlo, getm()->threadhi}; }, nullptr);
  });
  foreign_start(&f, kNoTls);
  while (sys::threadlives(&f.life)) gosched();
  CHECK_EQ(seen.lo, f.stack);
  CHECK(seen.hi >= f.stack + f.stackbytes);  // neighbours with the same rights share the mapping
}

// C uses so much, then calls back. What the defects of the stack guard turn on.
size_t deep;
int returned;

void deepcallback(size_t bytes) {
  deep = bytes;
  LockOSThread();
  cgocall(
      [](void*) {
        c_deep(
            deep, [](void*) { cgocallback([](void*) { add(&returned, 1); }, nullptr); }, nullptr);
      },
      nullptr);
  CHECK_EQ(load(&returned), 1);
}

void deep_12k() { deepcallback(12 << 10); }
void deep_100k() { deepcallback(100 << 10); }
void deep_7m() { deepcallback(7 << 20); }

// A thread whose stack is larger than the default, and uses it after it has called back once.
void deep_large_thread() {
  static Foreign f;
  f.stackbytes = 32 << 20;
  f.fn = foreignfunction([](Foreign*) FOREIGN {
    cgocallback(
        [](void*) {
          cgocall(
              [](void*) {
                c_deep(
                    20 << 20, [](void*) { cgocallback([](void*) { add(&returned, 1); }, nullptr); },
                    nullptr);
              },
              nullptr);
        },
        nullptr);
  });
  foreign_start(&f, kNoTls);
  blocking([] {
    foreign_join(&f);
    return 0;
  });
  CHECK_EQ(load(&returned), 1);
}

}  // namespace

const Case kStackCases[] = {
    {"deep-12k", deep_12k},
    {"deep-100k", deep_100k},
    {"deep-7m", deep_7m},
    {"deep-large-thread", deep_large_thread},
    {"main-overflow", main_overflow},
    {"goroutine-overflow", goroutine_overflow},
    {"unchecked-overflow", unchecked_overflow},
    {"nearly-all", nearly_all},
    {"g0-overflow", g0_overflow},
    {"g0-nearly", g0_nearly},
    {"c-main-overflow", c_main_overflow},
    {"c-thread-overflow", c_thread_overflow},
    {"g0-thread-overflow", g0_thread_overflow},
    {"foreign-c-overflow", foreign_c_overflow},
    {"bounds", bounds},
    {"foreign-bounds", foreign_bounds},
    {nullptr, nullptr},
};

}  // namespace exercise
