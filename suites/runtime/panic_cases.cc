// Panics, recovered and not.

#include "suites/runtime/exercise.h"

namespace exercise {

using namespace runtime;  // NOLINT(google-build-using-namespace)

namespace {

extern "C" GO_NOINLINE void exercise_nil(void*) { *reinterpret_cast<volatile int*>(8) = 1; }

extern "C" GO_NOINLINE void exercise_divide(void* p) {
  volatile int zero = 0;
  volatile int one = 1;
  // What the processor does not do, a language's compiler does.
  if (!kDivisionTraps && zero == 0) gopanic("runtime error: integer divide by zero");
  *static_cast<int*>(p) = one / zero;
}

// An instruction that is none: SIGILL. (__builtin_trap is a breakpoint on arm64.)
GO_NOINLINE void illegal(void*) {
#if defined(__aarch64__)
  __asm__ volatile("udf #0");
#else
  __builtin_trap();
#endif
}

void nil() {
  Print(1).s("before\n");
  exercise_nil(nullptr);
}

void divide() {
  Print(1).s("before\n");
  int v = 0;
  exercise_divide(&v);
}

void message() {
  Print(1).s("before\n");
  gopanic("just so");
}

// On a goroutine that is not the main one, while others wait in all states.
void with_others() {
  gomaxprocs(2);
  static Chan<int> c;
  static int fds[2];
  sys::pipe2(fds, 0);
  newproc(
      [](void*) {
        int v = 0;
        c.recv(&v);
      },
      nullptr);
  newproc(
      [](void*) {
        char b = 0;
        blocking([&] { return sys::read(fds[0], &b, 1); });
      },
      nullptr);
  for (int i = 0; i < 100; i++) gosched();
  newproc(
      [](void*) {
        Print(1).s("before\n");
        exercise_nil(nullptr);
      },
      nullptr);
  for (;;) gosched();
}

void recovered() {
  Panic panic = {};
  int v = 0;
  for (int i = 0; i < 1000; i++) {
    CHECK(!recover(exercise_nil, nullptr, &panic));
    CHECK_EQ(panic.sig, sys::kSIGSEGV);
    CHECK_EQ(panic.addr, uintptr_t{8});
    CHECK_EQ(panic.code, sys::kSEGV_MAPERR);
    CHECK(panic.pc - reinterpret_cast<uintptr_t>(&exercise_nil) < 64);
    CHECK(!recover(exercise_divide, &v, &panic));
    CHECK_EQ(panic.sig, kDivisionTraps ? sys::kSIGFPE : 0);
    CHECK_EQ(panic.code, kDivisionTraps ? sys::kFPE_INTDIV : 0);
    CHECK(strcmp(panic.message, "runtime error: integer divide by zero") == 0);
    CHECK(!recover(illegal, nullptr, &panic));
    CHECK_EQ(panic.sig, sys::kSIGILL);
    CHECK(!recover([](void*) { gopanic("told"); }, nullptr, &panic));
    CHECK_EQ(panic.sig, 0);
    CHECK(recover([](void* p) { *static_cast<int*>(p) = 7; }, &v, &panic));
    CHECK_EQ(v, 7);
  }
}

// SIGBUS: a mapping beyond the end of its file.
void bus() {
  const long fd = sys::open(sys::executable(), sys::kO_RDONLY);
  const long size = sys::fstatsize(static_cast<int>(fd));
  const size_t whole = (static_cast<size_t>(size) + sys::kPageSize - 1) & ~(sys::kPageSize - 1);
  // Two pages behind its end: QEMU's user mode up to 7.2 tells the host's address of a SIGBUS,
  // which for hosted programs on arm is a page higher, where a goroutine's guard page could be.
  const long at = sys::mmap(nullptr, whole + 2 * sys::kPageSize, sys::kPROT_READ, sys::kMAP_PRIVATE,
                            static_cast<int>(fd), 0);
  CHECK(!sys::iserror(at));
  Panic panic = {};
  CHECK(!recover([](void* p) { (void)*static_cast<volatile char*>(p); },
                 reinterpret_cast<char*>(at) + whole, &panic));
  CHECK_EQ(panic.sig, sys::kSIGBUS);
}

// The inner one recovers first; the outer one still stands.
void nested() {
  Panic outer = {};
  static Panic inner;
  CHECK(!recover(
      [](void*) {
        CHECK(!recover([](void*) { gopanic("inner"); }, nullptr, &inner));
        CHECK(strcmp(inner.message, "inner") == 0);
        gopanic("outer");
      },
      nullptr, &outer));
  CHECK(strcmp(outer.message, "outer") == 0);
}

// A panic in a callback leaves through C: the calls in between are dropped, g0's stack with them,
// and the goroutine's tie to its thread. A thousand times, so that a leak of any of them ends it.
GO_NOINLINE void through(void* p) {
  auto* depth = static_cast<int*>(p);
  if (--*depth <= 0) {
    gosched();
    exercise_nil(nullptr);
  }
  cgocall([](void* q) { c_deep(2000, [](void* r) { cgocallback(through, r); }, q); }, depth);
  CHECK(false);
}

void through_c() {
  gomaxprocs(2);
  static int stop;
  auto other = [] {
    while (load(&stop) == 0) gosched();
  };
  go(other);
  const G* g = getg();
  for (int i = 0; i < 1000; i++) {
    int depth = 1 + i % 10;
    Panic panic = {};
    CHECK(!recover(through, &depth, &panic));
    CHECK_EQ(panic.sig, sys::kSIGSEGV);
    CHECK_EQ(g->lockcount, 0);
    CHECK(g->lockedm == nullptr);
    CHECK_EQ(getm()->ncgo, 0);
    CHECK_EQ(getm()->incallback, 0);
    int v = 0;
    cgocall([](void* p) { cgocallback([](void* q) { *static_cast<int*>(q) = 1; }, p); }, &v);
    CHECK_EQ(v, 1);
  }
  store(&stop, 1);
}

// And one that is recovered inside of the callback leaves C in place.
void inside_callback() {
  for (int i = 0; i < 100; i++) {
    static int back;
    back = 0;
    cgocall(
        [](void*) {
          cgocallback(
              [](void*) {
                Panic panic = {};
                CHECK(!recover(exercise_nil, nullptr, &panic));
              },
              nullptr);
          back = 1;
        },
        nullptr);
    CHECK_EQ(back, 1);
  }
}

// A fault in what blocking() runs: the goroutine has no slot then. With one slot, losing or gaining
// one shows.
void in_syscall() {
  gomaxprocs(1);
  static int turns;
  static int stop;
  static Sema done;
  auto other = [] {
    while (load(&stop) == 0) {
      add(&turns, 1);
      gosched();
    }
    semrelease(&done);
  };
  go(other);
  Panic panic = {};
  for (int i = 0; i < 200; i++) {
    CHECK(!recover(
        [](void*) {
          blocking([] {
            exercise_nil(nullptr);
            return 0;
          });
        },
        nullptr, &panic));
    gosched();
  }
  store(&stop, 1);
  semacquire(&done);
  CHECK(load(&turns) >= 200);
}

// Registers live over a recovered fault: callee-saved ones are the caller's again.
void registers() {
  for (int i = 0; i < 100; i++) {
    volatile int a = i;
    int b = a + 1;
    int c = a + 2;
    int d = a + 3;
    int e = a + 4;
    Panic panic = {};
    CHECK(!recover(exercise_nil, nullptr, &panic));
    CHECK_EQ(b + c + d + e, 4 * i + 10);
  }
}

// Everybody panics at once: one says so, the exit status is 2.
void all_at_once() {
  gomaxprocs(4);
  Print(1).s("before\n");
  for (int i = 0; i < 50; i++) newproc(exercise_nil, nullptr);
  for (;;) gosched();
}

void fault_in_c() {
  Print(1).s("before\n");
  cgocall([](void*) { c_fault(); }, nullptr);
}

void unrecovered_in_callback() {
  Print(1).s("before\n");
  cgocall([](void*) { cgocallback(exercise_nil, nullptr); }, nullptr);
}

void in_foreign_callback() {
  static Foreign f;
  f.fn = foreignfunction([](Foreign*) FOREIGN { cgocallback(exercise_nil, nullptr); });
  Print(1).s("before\n");
  foreign_start(&f, kNoTls);
  for (;;) gosched();
}

// Sent by someone, not raised by an instruction: no goroutine is to blame.
void sent_segv() {
  Print(1).s("before\n");
  sys::tgkill(static_cast<int>(sys::getpid()), static_cast<int>(sys::gettid()), sys::kSIGSEGV);
  for (;;) gosched();
}

void bad_stack_pointer() {
  Print(1).s("before\n");
#if defined(__x86_64__) || defined(__i386__)
  __asm__ volatile("xorl %%esp, %%esp\n\tmovl $1, 8" : : : "memory");
#elif defined(__aarch64__)
  __asm__ volatile("mov x9, #8\n\tmov x10, #0\n\tmov sp, x10\n\tstr wzr, [x9]" : : : "memory");
#elif defined(__arm__)
  __asm__ volatile("mov sp, #0\n\tstr sp, [sp, #8]" : : : "memory");
#elif defined(__riscv)
  __asm__ volatile("li sp, 0\n\tsw zero, 8(zero)" : : : "memory");
#endif
}

}  // namespace

const Case kPanicCases[] = {
    {"nil", nil},
    {"divide", divide},
    {"message", message},
    {"with-others", with_others},
    {"recovered", recovered},
    {"bus", bus},
    {"nested", nested},
    {"through-c", through_c},
    {"inside-callback", inside_callback},
    {"in-syscall", in_syscall},
    {"registers", registers},
    {"all-at-once", all_at_once},
    {"fault-in-c", fault_in_c},
    {"unrecovered-in-callback", unrecovered_in_callback},
    {"in-foreign-callback", in_foreign_callback},
    {"sent-segv", sent_segv},
    {"bad-stack-pointer", bad_stack_pointer},
    {nullptr, nullptr},
};

}  // namespace exercise
