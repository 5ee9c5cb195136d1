// Goroutines, threads, channels, locks.

#include "suites/runtime/exercise.h"

namespace exercise {

using namespace runtime;  // NOLINT(google-build-using-namespace)

namespace {

// 10,000 goroutines on four threads, each of which gives way and meets the others in a semaphore.
void goroutines() {
  gomaxprocs(4);
  constexpr int kCount = 10000;
  constexpr int kRounds = 10;
  static Sema mutex;
  static Sema done;
  static int64_t sum;
  semrelease(&mutex);
  auto body = [] {
    for (int i = 0; i < kRounds; i++) {
      gosched();
      semacquire(&mutex);
      sum++;
      semrelease(&mutex);
    }
    semrelease(&done);
  };
  for (int i = 0; i < kCount; i++) go(body);
  for (int i = 0; i < kCount; i++) semacquire(&done);
  CHECK_EQ(sum, int64_t{kCount} * kRounds);
  until([] { return numgoroutine() == 1; });
  CHECK(numthread() <= 5);
}

// Stacks of dead goroutines are used again: far more goroutines in all than memory for stacks.
void reuse() {
  static Sema done;
  auto body = [] { semrelease(&done); };
  for (int i = 0; i < 200000; i++) {
    go(body);
    semacquire(&done);
  }
}

void unbuffered() {
  gomaxprocs(4);
  static Chan<int> ping;
  static Chan<int> pong;
  auto echo = [] {
    int v = 0;
    while (ping.recv(&v)) pong.send(v + 1);
    pong.close();
  };
  go(echo);
  int v = 0;
  for (int i = 0; i < 5000; i++) {
    ping.send(i);
    CHECK(pong.recv(&v));
    CHECK_EQ(v, i + 1);
  }
  ping.close();
  CHECK(!pong.recv(&v));
  CHECK_EQ(v, 0);
}

void buffered() {
  gomaxprocs(4);
  static Chan<int> work(16);
  static Chan<int64_t> results(3);
  constexpr int kItems = 5000;
  auto producer = [] {
    for (int i = 1; i <= kItems; i++) work.send(i);
    results.send(-1);
  };
  auto consumer = [] {
    int64_t sum = 0;
    int v = 0;
    while (work.recv(&v)) sum += v;
    results.send(sum);
  };
  for (int i = 0; i < 4; i++) go(producer);
  for (int i = 0; i < 4; i++) go(consumer);
  int64_t sum = 0;
  int64_t v = 0;
  for (int i = 0; i < 4; i++) {
    results.recv(&v);
    CHECK_EQ(v, -1);
  }
  work.close();
  for (int i = 0; i < 4; i++) {
    results.recv(&v);
    sum += v;
  }
  CHECK_EQ(sum, int64_t{4} * kItems * (kItems + 1) / 2);
}

// FIFO order through a full ring with waiting senders.
void order() {
  gomaxprocs(1);
  static Chan<int> c(2);
  auto sender = [] {
    for (int i = 0; i < 100; i++) c.send(i);
    c.close();
  };
  go(sender);
  int v = 0;
  for (int i = 0; i < 100; i++) {
    CHECK(c.recv(&v));
    CHECK_EQ(v, i);
  }
  CHECK(!c.recv(&v));
}

void closed() {
  static Chan<int> c(1);
  Panic panic = {};
  c.close();
  CHECK(!recover([](void*) { c.send(1); }, nullptr, &panic));
  CHECK(strcmp(panic.message, "send on closed channel") == 0);
  CHECK(!recover([](void*) { c.close(); }, nullptr, &panic));
  CHECK(strcmp(panic.message, "close of closed channel") == 0);
}

// With two slots two goroutines run at the same time: each waits for the other without giving way.
void parallel() {
  gomaxprocs(2);
  static int here;
  static Sema done;
  auto body = [] {
    add(&here, 1);
    while (load(&here) < 2) cpurelax();
    semrelease(&done);
  };
  go(body);
  go(body);
  semacquire(&done);
  semacquire(&done);
}

// And never more than the slots there are.
void slots() {
  gomaxprocs(3);
  static int inside;
  static int most;
  static Sema done;
  auto body = [] {
    for (int i = 0; i < 50; i++) {
      const int now = add(&inside, 1);
      int seen = load(&most);
      while (now > seen && !__atomic_compare_exchange_n(&most, &seen, now, false, __ATOMIC_SEQ_CST,
                                                        __ATOMIC_SEQ_CST)) {
      }
      for (int spin = 0; spin < 1000; spin++) cpurelax();
      add(&inside, -1);
      if (i % 2 == 0) {
        gosched();
      } else {
        blocking([] { return sys::sched_yield(); });
      }
    }
    semrelease(&done);
  };
  for (int i = 0; i < 20; i++) go(body);
  for (int i = 0; i < 20; i++) semacquire(&done);
  CHECK(load(&most) <= 3);
}

// Lowering gomaxprocs takes slots back from threads that have one.
void fewerslots() {
  gomaxprocs(4);
  static int inside;
  static int lowered;
  static int toomany;
  static int stop;
  static Sema done;
  auto body = [] {
    while (load(&stop) == 0) {
      if (add(&inside, 1) > 1 && load(&lowered) != 0) add(&toomany, 1);
      for (int spin = 0; spin < 200; spin++) cpurelax();
      add(&inside, -1);
      gosched();
    }
    semrelease(&done);
  };
  for (int i = 0; i < 8; i++) go(body);
  for (int i = 0; i < 50; i++) gosched();
  CHECK_EQ(gomaxprocs(1), 4);
  // By its next gosched every other thread has given its slot up; then this goroutine has gone
  // round once.
  for (int i = 0; i < 100; i++) gosched();
  store(&lowered, 1);
  for (int i = 0; i < 500; i++) gosched();
  store(&stop, 1);
  for (int i = 0; i < 8; i++) semacquire(&done);
  CHECK_EQ(load(&toomany), 0);
}

// One slot, and a goroutine in a system call that only ends when another one has run.
void handoff() {
  gomaxprocs(1);
  static int fds[2];
  static Sema started;
  static Sema done;
  CHECK_EQ(sys::pipe2(fds, 0), 0);
  auto reader = [] {
    char c = 0;
    semrelease(&started);
    CHECK_EQ(blocking([&] { return sys::read(fds[0], &c, 1); }), 1);
    CHECK_EQ(c, 'x');
    semrelease(&done);
  };
  go(reader);
  semacquire(&started);
  gosched();
  CHECK_EQ(sys::write(fds[1], "x", 1), 1);
  semacquire(&done);
}

// Many goroutines in and out of the kernel, with fewer slots than threads that want back in.
void syscalls() {
  gomaxprocs(2);
  static int64_t count;
  static Sema done;
  auto body = [] {
    for (int i = 0; i < 300; i++) {
      blocking([] { return sys::sched_yield(); });
      __atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST);
    }
    semrelease(&done);
  };
  for (int i = 0; i < 100; i++) go(body);
  for (int i = 0; i < 100; i++) semacquire(&done);
  CHECK_EQ(count, 30000);
}

// A locked goroutine stays on its thread, and nobody else comes there.
void locked() {
  gomaxprocs(2);
  static int32_t mine;
  static int intruders;
  static int stop;
  static Sema done;
  static Sema tick;
  LockOSThread();
  LockOSThread();
  mine = static_cast<int32_t>(sys::gettid());
  auto other = [] {
    while (load(&stop) == 0) {
      if (sys::gettid() == mine) add(&intruders, 1);
      semrelease(&tick);
      gosched();
    }
    semrelease(&done);
  };
  for (int i = 0; i < 8; i++) go(other);
  for (int i = 0; i < 600; i++) {
    if (i == 300) UnlockOSThread();  // one of two
    CHECK_EQ(sys::gettid(), mine);
    if (i % 3 == 0) {
      gosched();
    } else if (i % 3 == 1) {
      semacquire(&tick);
    } else {
      blocking([] { return sys::sched_yield(); });
    }
  }
  CHECK_EQ(load(&intruders), 0);
  UnlockOSThread();
  store(&stop, 1);
  for (int i = 0; i < 8; i++) semacquire(&done);
}

// A goroutine that ends while tied leaves a usable thread behind.
void lockedend() {
  gomaxprocs(2);
  static Sema done;
  auto body = [] {
    LockOSThread();
    gosched();
    semrelease(&done);
  };
  for (int i = 0; i < 2000; i++) {
    go(body);
    if (i % 8 == 7) {
      for (int j = 0; j < 8; j++) semacquire(&done);
    }
  }
  CHECK(numthread() < 64);
}

void manylocked() {
  gomaxprocs(2);
  static Sema done;
  static int wrong;
  auto body = [] {
    LockOSThread();
    const long tid = sys::gettid();
    for (int i = 0; i < 100; i++) {
      gosched();
      if (sys::gettid() != tid) add(&wrong, 1);
    }
    UnlockOSThread();
    semrelease(&done);
  };
  for (int i = 0; i < 20; i++) go(body);
  for (int i = 0; i < 20; i++) semacquire(&done);
  CHECK_EQ(load(&wrong), 0);
}

void notes() {
  static Note note;
  CHECK(!blocking([] { return notetsleep(&note, 1000000); }));
  auto waker = [] { notewakeup(&note); };
  go(waker);
  CHECK(blocking([] { return notetsleep(&note, 60ll * 1000000000); }));
  CHECK(blocking([] { return notetsleep(&note, 0); }));
}

// Threads fight over a lock while it is held over long stretches, so that some sleep.
void locks() {
  gomaxprocs(4);
  static Lock mutex;
  static int64_t sum;
  static Sema done;
  auto body = [] {
    for (int i = 0; i < 2000; i++) {
      lock(&mutex);
      const int64_t v = sum;
      if (i % 50 == 0) sys::sched_yield();
      sum = v + 1;
      unlock(&mutex);
    }
    semrelease(&done);
  };
  for (int i = 0; i < 4; i++) go(body);
  for (int i = 0; i < 4; i++) semacquire(&done);
  CHECK_EQ(sum, 8000);
}

// goexit in the middle; a stack of an unusual size.
void ends() {
  static Sema done;
  auto body = [](void*) {
    semrelease(&done);
    goexit();
    CHECK(false);
  };
  for (int i = 0; i < 100; i++) {
    newproc(body, nullptr, static_cast<size_t>(i % 7 + 1) * 20000);
    semacquire(&done);
  }
  until([] { return numgoroutine() == 1; });
}

void deadlock() {
  static Chan<int> c;
  auto other = [] {
    int v = 0;
    c.recv(&v);
  };
  go(other);
  Print(1).s("before\n");
  int v = 0;
  c.recv(&v);
}

// Not dead: something outside may yet come. Then it is taken back, and it is.
void external() {
  static Chan<int> c;
  externalbegin();
  auto other = [] {
    blocking([] {
      const sys::Timespec ts = {0, 1000000};
      return sys::nanosleep(&ts, nullptr);
    });
    Print(1).s("before\n");
    externalend();
  };
  go(other);
  int v = 0;
  c.recv(&v);
}

// go_main returns and that is the end, whoever else runs.
void mainreturns() {
  gomaxprocs(4);
  auto body = [] {
    for (;;) gosched();
  };
  for (int i = 0; i < 20; i++) go(body);
  gosched();
}

// ready() on a goroutine that does not wait is an error of the program.
void badready() {
  Print(1).s("before\n");
  ready(getg());
}

}  // namespace

const Case kSchedulerCases[] = {
    {"goroutines", goroutines},
    {"reuse", reuse},
    {"unbuffered", unbuffered},
    {"buffered", buffered},
    {"order", order},
    {"closed", closed},
    {"parallel", parallel},
    {"slots", slots},
    {"fewerslots", fewerslots},
    {"handoff", handoff},
    {"syscalls", syscalls},
    {"locked", locked},
    {"lockedend", lockedend},
    {"manylocked", manylocked},
    {"notes", notes},
    {"locks", locks},
    {"ends", ends},
    {"deadlock", deadlock},
    {"external", external},
    {"mainreturns", mainreturns},
    {"badready", badready},
    {nullptr, nullptr},
};

}  // namespace exercise
