// Signals, on threads of ours and of others.

#include "suites/runtime/exercise.h"

namespace exercise {

using namespace runtime;  // NOLINT(google-build-using-namespace)

namespace {

FOREIGN int self() { return static_cast<int>(sys::getpid()); }

// One without a name, where there are such.
constexpr int kThird = sys::kNSIG > 40 ? 40 : static_cast<int>(sys::kSIGURG);

void queue() {
  gomaxprocs(2);
  CHECK_EQ(signal_enable(sys::kSIGUSR1), 0);
  CHECK_EQ(signal_enable(sys::kSIGUSR2), 0);
  CHECK_EQ(signal_enable(kThird), 0);
  CHECK(signal_enable(sys::kSIGKILL) < 0);
  CHECK(signal_enable(sys::kNSIG) < 0);
  static Chan<int> received;
  auto receiver = [] {
    for (;;) received.send(signal_recv());
  };
  go(receiver);
  // One at a time: none may be lost, whichever way the sender and the receiver meet.
  for (int i = 0; i < 2000; i++) {
    const int sig = i % 3 == 0 ? sys::kSIGUSR1 : i % 3 == 1 ? sys::kSIGUSR2 : kThird;
    CHECK_EQ(sys::kill(self(), sig), 0);
    int got = 0;
    received.recv(&got);
    CHECK_EQ(got, sig);
  }
  // The goroutine in signal_recv is in the kernel, not dead, and main waits: no deadlock is seen.
  auto later = [] { sys::kill(self(), sys::kSIGUSR1); };
  go(later);
  int got = 0;
  received.recv(&got);
  signal_disable(sys::kSIGUSR2);
  sys::SigAction action = {};
  sys::sigaction(sys::kSIGUSR2, nullptr, &action);
  CHECK_EQ(action.handler, sys::kSIG_DFL);
}

// The next signal comes a little earlier or later each time while the receiver goes to sleep: one
// that is missed is never followed by another.
void queue_race() {
  gomaxprocs(2);
  CHECK_EQ(signal_enable(sys::kSIGUSR1), 0);
  static int received;
  auto receiver = [] {
    for (;;) {
      signal_recv();
      const int n = add(&received, 1);
      for (int spin = 0; spin < n % 150; spin++) cpurelax();
    }
  };
  go(receiver);
  static Foreign sender;
  sender.fn = foreignfunction([](Foreign*) FOREIGN {
    const int tid = static_cast<int>(sys::gettid());
    for (int i = 0; i < 20000; i++) {
      sys::tgkill(self(), tid, sys::kSIGUSR1);
      // Spinning first, so that the receiver is met as it goes to sleep; but it may need this CPU.
      for (int spin = 0; load(&received) <= i; spin++) {
        if (spin < 1000) {
          cpurelax();
        } else {
          sys::sched_yield();
        }
      }
    }
  });
  foreign_start(&sender, kNoTls);
  blocking([] {
    foreign_join(&sender);
    return 0;
  });
  CHECK_EQ(load(&received), 20000);
}

int hooked;
int notongsignal;
int foreigners;

bool counting(int, sys::SigInfo*, void*) {
  const SigPlace place = sigplace();
  add(&hooked, 1);
  if (!place.ongsignal) add(&notongsignal, 1);
  if (place.foreign) add(&foreigners, 1);
  return true;
}

void hook() {
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  CHECK(sighook(sys::kSIGUSR1, counting) == nullptr);
  for (int i = 0; i < 100; i++) sys::tgkill(self(), static_cast<int>(sys::gettid()), sys::kSIGUSR1);
  CHECK_EQ(load(&hooked), 100);
  CHECK_EQ(load(&notongsignal), 0);
  CHECK_EQ(load(&foreigners), 0);
  CHECK_EQ(sigcount(sys::kSIGUSR1), 100u);
  CHECK_EQ(sigforeign(sys::kSIGUSR1), 0u);
  CHECK(sighook(sys::kSIGUSR1, nullptr) == counting);
  CHECK(!sigplace().ongsignal);
}

// Signals to every thread from a foreign one, a timer for the process, and meanwhile everything the
// runtime can do.
[[maybe_unused]] void storm() {
  gomaxprocs(3);
  static int stop;
  static Sema done;
  static int64_t work;
  static int first;
  first = getm()->tid;
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  setsig(sys::kSIGALRM, Disposition::kCatch, true);
  sighook(sys::kSIGUSR1, counting);
  sighook(sys::kSIGALRM, counting);
  CHECK_EQ(signal_enable(sys::kSIGUSR2), 0);
  auto receiver = [] {
    for (;;) {
      signal_recv();
      __atomic_fetch_add(&work, 1, __ATOMIC_SEQ_CST);
    }
  };
  go(receiver);
  static Chan<int> ring[8] = {Chan<int>(0), Chan<int>(1), Chan<int>(0), Chan<int>(2),
                              Chan<int>(0), Chan<int>(1), Chan<int>(0), Chan<int>(2)};
  for (int i = 0; i < 8; i++) {
    newproc(
        [](void* p) {
          auto* from = static_cast<Chan<int>*>(p);
          Chan<int>* to = from + 1 == ring + 8 ? ring : from + 1;
          int v = 0;
          while (from->recv(&v)) {
            __atomic_fetch_add(&work, 1, __ATOMIC_SEQ_CST);
            if (load(&stop) != 0) break;
            to->send(v + 1);
          }
          semrelease(&done);
        },
        &ring[i]);
  }
  auto kernel = [] {
    while (load(&stop) == 0) blocking([] { return sys::sched_yield(); });
    semrelease(&done);
  };
  auto c = [] {
    while (load(&stop) == 0) {
      cgocall(
          [](void*) {
            c_deep(20000, [](void*) { cgocallback([](void*) { gosched(); }, nullptr); }, nullptr);
          },
          nullptr);
    }
    semrelease(&done);
  };
  auto faults = [] {
    Panic panic = {};
    while (load(&stop) == 0) {
      CHECK(!recover([](void*) { *reinterpret_cast<volatile int*>(8) = 1; }, nullptr, &panic));
      gosched();
    }
    semrelease(&done);
  };
  go(kernel);
  go(c);
  go(faults);

  static Foreign callers[4];
  for (Foreign& f : callers) {
    f.fn = foreignfunction([](Foreign*) FOREIGN {
      while (load(&stop) == 0) cgocallback([](void*) { gosched(); }, nullptr);
    });
    foreign_start(&f, &f - callers < 2 ? kNoTls : kInheritedTls);
  }
  static Foreign killer;
  killer.fn = foreignfunction([](Foreign*) FOREIGN {
    const int pid = self();
    // The threads of this process, over and over: their numbers follow each other. Those of Mach
    // are names of ports, with the index above a byte.
#if FAULTLINE_MACH
    constexpr int kNext = 1 << 8;
#else
    constexpr int kNext = 1;
#endif
    // An emulator's threads are slow to take them, and one that waits already is not sent again.
    for (int i = 0; i < 3000 || load(&hooked) <= 3000; i++) {
      for (const Foreign& f : callers) sys::tgkill(pid, f.tid, sys::kSIGUSR1);
      sys::kill(pid, i % 2 == 0 ? sys::kSIGUSR1 : sys::kSIGUSR2);
      for (int n = 0; n < 16; n++) sys::tgkill(pid, first + n * kNext, sys::kSIGUSR1);
      sys::sched_yield();
    }
  });
  sys::Itimerval timer = {};
  timer.interval.usec = timer.value.usec = 300;
  sys::setitimer(sys::kITIMER_REAL, &timer, nullptr);
  ring[0].send(0);
  foreign_start(&killer, kNoTls);
  until([] { return !sys::threadlives(&killer.life); });
  timer = {};
  sys::setitimer(sys::kITIMER_REAL, &timer, nullptr);
  store(&stop, 1);
  for (int i = 0; i < 3; i++) semacquire(&done);
  for (Foreign& f : callers) {
    blocking([&] {
      foreign_join(&f);
      return 0;
    });
  }
  CHECK(load(&hooked) > 3000);
  CHECK_EQ(load(&notongsignal), 0);
  CHECK(__atomic_load_n(&work, __ATOMIC_SEQ_CST) > 100);
}

// A thread signals itself: with no thread-local storage, with its creator's, with an alternate
// stack of its own.
void foreign_signals() {
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  sighook(sys::kSIGUSR1, counting);
  static int wrong;
  static Foreign threads[8];
  for (Foreign& f : threads) {
    f.fn = foreignfunction([](Foreign* t) FOREIGN {
      static char altstacks[8][32768];
      const auto index = static_cast<size_t>(t - threads);
      const int tid = static_cast<int>(sys::gettid());
      if (index % 2 == 1) {
        sys::StackT mine = {};
        mine.sp = reinterpret_cast<uintptr_t>(altstacks[index]);
        mine.size = sizeof(altstacks[index]);
        sys::sigaltstack(&mine, nullptr);
      }
      const uintptr_t tp = sys::threadpointer();
      for (int i = 0; i < 100; i++) {
        sys::tgkill(self(), tid, sys::kSIGUSR1);
        if (sys::threadpointer() != tp) add(&wrong, 1);
      }
    });
    foreign_start(&f, &f - threads < 4 ? kNoTls : kInheritedTls);
  }
  for (Foreign& f : threads) {
    blocking([&] {
      foreign_join(&f);
      return 0;
    });
  }
  CHECK_EQ(load(&wrong), 0);
  CHECK_EQ(load(&hooked), 800);
  CHECK_EQ(load(&foreigners), 800);
  CHECK_EQ(load(&notongsignal), 0);
  CHECK_EQ(sigforeign(sys::kSIGUSR1), 800u);
  CHECK_EQ(numextram(), kExtraThreads);
}

// More threads in handlers at once than there are m's at hand: more are made.
void foreign_crowd() {
  constexpr int kCrowd = 60;
  static int inside;
  static Foreign threads[kCrowd];
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  sighook(sys::kSIGUSR1, [](int sig, sys::SigInfo* info, void* context) {
    add(&inside, 1);
    while (load(&inside) < kCrowd) sys::sched_yield();
    return counting(sig, info, context);
  });
  for (Foreign& f : threads) {
    f.stackbytes = 64 << 10;
    f.fn = foreignfunction([](Foreign*) FOREIGN {
      sys::tgkill(self(), static_cast<int>(sys::gettid()), sys::kSIGUSR1);
    });
    foreign_start(&f, kNoTls);
  }
  for (Foreign& f : threads) {
    blocking([&] {
      foreign_join(&f);
      return 0;
    });
  }
  CHECK_EQ(load(&hooked), kCrowd);
  CHECK_EQ(load(&foreigners), kCrowd);
  CHECK_EQ(load(&notongsignal), 0);
  CHECK(numextram() >= kCrowd);
}

// No m and no memory for one: the thread says so and the process ends.
[[maybe_unused]] void foreign_none_left() {
  static int inside;
  static Foreign threads[kExtraThreads + 1];
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  sighook(sys::kSIGUSR1, [](int, sys::SigInfo*, void*) {
    add(&inside, 1);
    for (;;) sys::sched_yield();
    return true;
  });
  static int go_on;
  for (Foreign& f : threads) {
    f.fn = foreignfunction([](Foreign*) FOREIGN {
      while (load(&go_on) == 0) sys::sched_yield();
      sys::tgkill(self(), static_cast<int>(sys::gettid()), sys::kSIGUSR1);
    });
    foreign_start(&f, kNoTls);
  }
  const sys::Rlimit none = {1, 1};
  CHECK_EQ(sys::setrlimit(sys::kRLIMIT_AS, &none), 0);
  Print(1).s("before\n");
  store(&go_on, 1);
  for (;;) sys::sched_yield();
}

// An interrupted read: restarted when asked, not otherwise (the defect sa-restart makes both the
// same).
void restart() {
  static int fds[2];
  static int reader;
  static bool write_in_handler;
  sys::pipe2(fds, 0);
  sighook(sys::kSIGUSR1, [](int, sys::SigInfo*, void*) {
    if (write_in_handler) sys::write(fds[1], "x", 1);
    add(&hooked, 1);
    return true;
  });
  static Foreign killer;
  for (int round = 0; round < 2; round++) {
    const bool restarts = round == 1;
    setsig(sys::kSIGUSR1, Disposition::kCatch, restarts);
    sys::SigAction action = {};
    sys::sigaction(sys::kSIGUSR1, nullptr, &action);
    CHECK_EQ((action.flags & sys::kSA_RESTART) != 0, restarts);
    write_in_handler = restarts;
    hooked = 0;
    LockOSThread();
    reader = static_cast<int>(sys::gettid());
    killer.fn = foreignfunction([](Foreign*) FOREIGN {
      // Again and again: one may come before the read has begun to sleep.
      while (load(&hooked) == 0 || (!write_in_handler && load(&reader) != 0)) {
        sys::tgkill(self(), reader, sys::kSIGUSR1);
        sys::sched_yield();
      }
    });
    foreign_start(&killer, kNoTls);
    char c = 0;
    const long got = blocking([&] { return sys::read(fds[0], &c, 1); });
    store(&reader, 0);
    if (restarts) {
      CHECK_EQ(got, 1);
    } else {
      CHECK_EQ(got, -sys::kEINTR);
    }
    blocking([] {
      foreign_join(&killer);
      return 0;
    });
    UnlockOSThread();
  }
}

// Blocked in every thread of the runtime: a signal for the process goes to the foreign one.
[[maybe_unused]] void blocked() {
  blocksignals(sys::sigmask(sys::kSIGUSR1));
  gomaxprocs(3);
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  sighook(sys::kSIGUSR1, counting);
  static int stop;
  static Sema done;
  auto busy = [] {
    while (load(&stop) == 0) gosched();
    semrelease(&done);
  };
  go(busy);
  go(busy);
  static Foreign f;
  static int open;
  f.fn = foreignfunction([](Foreign*) FOREIGN {
    const sys::SigSet none = {};
    sys::sigprocmask(sys::kSIG_SETMASK, &none, nullptr);
    store(&open, 1);
    while (load(&stop) == 0) sys::sched_yield();
  });
  foreign_start(&f, kNoTls);
  // Darwin gives a signal that all threads block to the first one, for good.
  until([] { return load(&open) == 1; });
  for (int i = 1; i <= 30; i++) {
    sys::kill(self(), sys::kSIGUSR1);
    until([&] { return load(&hooked) == i; });
  }
  CHECK_EQ(load(&foreigners), 30);
  store(&stop, 1);
  semacquire(&done);
  semacquire(&done);
}

void blocked_late() {
  Print(1).s("before\n");
  gomaxprocs(2);
  static int other;
  auto busy = [] {
    store(&other, 1);
    for (;;) gosched();
  };
  go(busy);
  while (load(&other) == 0) cpurelax();
  blocksignals(sys::sigmask(sys::kSIGUSR1));
}

// A hook mends a fault of a foreign thread and of C on g0: it moves the PC on.
void mended() {
  sighook(sys::kSIGSEGV, [](int, sys::SigInfo*, void* ctx) {
    sys::Context context(ctx);
    uintptr_t pc = context.pc();
    if (!skipstoreat8(&pc)) return false;
    add(&hooked, 1);
    context.set_pc(pc);
    return true;
  });
  static void (*faulting)(void*) = cfunction([](void*) FOREIGN { storeat8(); });
  cgocall(faulting, nullptr);
  CHECK_EQ(load(&hooked), 1);
  faulting(nullptr);
  CHECK_EQ(load(&hooked), 2);
  static Foreign f;
  f.fn = foreignfunction([](Foreign*) FOREIGN { faulting(nullptr); });
  foreign_start(&f, kNoTls);
  until([] { return !sys::threadlives(&f.life); });
  CHECK_EQ(load(&hooked), 3);
  CHECK_EQ(sigforeign(sys::kSIGSEGV), 1u);
}

void foreign_fault() {
  static Foreign f;
  f.fn = foreignfunction([](Foreign*) FOREIGN { c_fault(); });
  Print(1).s("before\n");
  foreign_start(&f, kNoTls);
  for (;;) gosched();
}

// The first signal on a foreign thread, without a hook: what the defects of that family turn on.
void foreign_once() {
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  static Foreign f;
  f.fn = foreignfunction([](Foreign*) FOREIGN {
    sys::tgkill(self(), static_cast<int>(sys::gettid()), sys::kSIGUSR1);
  });
  Print(1).s("before\n");
  foreign_start(&f, kNoTls);
  blocking([] {
    foreign_join(&f);
    return 0;
  });
  CHECK_EQ(sigforeign(sys::kSIGUSR1), 1u);
}

// A signal in a child of fork, which has one thread and everything else a copy.
void forked() {
  setsig(sys::kSIGUSR1, Disposition::kCatch, true);
  sighook(sys::kSIGUSR1, counting);
  const long pid = sys::fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    sys::tgkill(self(), static_cast<int>(sys::gettid()), sys::kSIGUSR1);
    sys::exit_group(load(&hooked) == 1 && load(&notongsignal) == 0 ? 7 : 8);
  }
  int status = 0;
  sys::Rusage usage = {};
  long got = 0;
  do {
    got = blocking([&] { return sys::wait4(static_cast<int>(pid), &status, 0, &usage); });
  } while (got == -sys::kEINTR);
  CHECK_EQ(got, pid);
  CHECK(sys::wifexited(status));
  CHECK_EQ(sys::wexitstatus(status), 7);
}

// Aims a timer at one thread; where none can be, the others do not take its signal.
template <typename Event>
void aim(Event* event, int tid) {
  if constexpr (requires { event->tid; }) {
    event->notify = sys::kSIGEV_THREAD_ID;
    event->tid = tid;
  } else {
    event->notify = sys::kSIGEV_SIGNAL;
    blocksignals(sys::sigmask(event->signo));
  }
}

// A timer that signals one thread.
void timer() {
  constexpr int signal = sys::kOnlyTimerSignal != 0 ? sys::kOnlyTimerSignal : sys::kSIGUSR2;
  setsig(signal, Disposition::kCatch, true);
  sighook(signal, counting);
  static Foreign f;
  static int stop;
  f.fn = foreignfunction([](Foreign*) FOREIGN {
    while (load(&stop) == 0) sys::sched_yield();
  });
  foreign_start(&f, kNoTls);
  sys::SigEvent event = {};
  event.signo = signal;
  aim(&event, f.tid);
  int32_t id = 0;
  CHECK_EQ(sys::timer_create(sys::kCLOCK_MONOTONIC, &event, &id), 0);
  sys::Itimerspec spec = {};
  spec.interval.nsec = spec.value.nsec = 200000;
  CHECK_EQ(sys::timer_settime(id, 0, &spec, nullptr), 0);
  until([] { return load(&foreigners) >= 20; });
  CHECK_EQ(sys::timer_delete(id), 0);
  store(&stop, 1);
  blocking([] {
    foreign_join(&f);
    return 0;
  });
  CHECK_EQ(load(&notongsignal), 0);
}

}  // namespace

const Case kSignalCases[] = {
    {"queue", queue},
    {"queue-race", queue_race},
    {"hook", hook},
#if !defined( \
    __riscv)  // one run in eight through QEMU's user mode sees a handler off gsignal; why is open
    {"storm", storm},
#endif
    {"foreign-signals", foreign_signals},
    {"foreign-signal-crowd", foreign_crowd},
#if !FAULTLINE_MACH  // RLIMIT_AS takes no memory away there
    {"foreign-none-left", foreign_none_left},
#endif
    {"restart", restart},
#if !FAULTLINE_MACH  // a signal that comes while its one taker is in a handler is another's for
                     // good there
    {"blocked", blocked},
#endif
    {"blocked-late", blocked_late},
    {"mended", mended},
    {"foreign-fault", foreign_fault},
    {"foreign-once", foreign_once},
    {"forked", forked},
    {"timer", timer},
    {nullptr, nullptr},
};

}  // namespace exercise
