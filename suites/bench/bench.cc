// What the runtime's paths cost: calls, signals, switches, C and back, processes.
//
// Google Benchmark itself is C code in the runtime's terms: it runs on g0 of a locked thread,
// inside cgocall, and what must be measured on a goroutine is called back from there.
#include <benchmark/benchmark.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/runtime.h"

namespace {

using benchmark::State;

// Numbers of getpid in the two call tables (Linux asm/unistd_64.h, asm/unistd_32.h).
constexpr long kGetpidAmd64 = 39;
constexpr long kGetpid386 = 20;

// Runs body(state) on the goroutine that called into C.
template <void (*Body)(State&)>
void OnGoroutine(State& state) {
  runtime::cgocallback([](void* s) { Body(*static_cast<State*>(s)); }, &state);
}

// Runs body(state) on a goroutine of its own, which is tied to no thread. The one that called into
// C is, and a switch to or from it changes threads.
template <void (*Body)(State&)>
void OnFreeGoroutine(State& state) {
  struct Run {
    State* state;
    runtime::Sema done;
  };
  Run run{&state, {}};
  runtime::cgocallback(
      [](void* r) {
        runtime::newproc(
            [](void* r) {
              auto* run = static_cast<Run*>(r);
              Body(*run->state);
              runtime::semrelease(&run->done);
            },
            r);
        runtime::semacquire(&static_cast<Run*>(r)->done);
      },
      &run);
}

// --- Raw calls, by each path -------------------------------------------------------------------

void RawCallSyscall(State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(runtime::sys::call(kGetpidAmd64));
}
BENCHMARK(RawCallSyscall)->Name("RawCall/syscall");

// The 386 table's door, from 64-bit code.
void RawCallInt80(State& state) {
  for (auto _ : state) {
    long result = kGetpid386;
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    benchmark::DoNotOptimize(result);
  }
}
BENCHMARK(RawCallInt80)->Name("RawCall/int80");

void RawCallLibc(State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(syscall(SYS_getpid));
}
BENCHMARK(RawCallLibc)->Name("RawCall/libc");

// No kernel entry at all: the floor under the others.
void RawCallVdso(State& state) {
  timespec ts;
  for (auto _ : state) benchmark::DoNotOptimize(clock_gettime(CLOCK_MONOTONIC, &ts));
}
BENCHMARK(RawCallVdso)->Name("RawCall/vdso");

// --- A signal to itself, there and back --------------------------------------------------------

void SignalBare(State& state) {
  struct sigaction bare = {}, old = {};
  bare.sa_handler = [](int) {};
  sigaction(SIGUSR1, &bare, &old);
  const int pid = getpid();
  const int tid = static_cast<int>(runtime::sys::gettid());
  for (auto _ : state) runtime::sys::tgkill(pid, tid, SIGUSR1);
  sigaction(SIGUSR1, &old, nullptr);
}
BENCHMARK(SignalBare)->Name("Signal/bare");

// The same through the runtime: sigtramp, gsignal, sighandler, a hook that takes it.
void SignalSigtramp(State& state) {
  runtime::sighook(SIGUSR2, [](int, runtime::sys::SigInfo*, void*) { return true; });
  runtime::setsig(SIGUSR2, runtime::Disposition::kCatch, true);
  const int pid = getpid();
  const int tid = static_cast<int>(runtime::sys::gettid());
  const uint64_t before = runtime::sigcount(SIGUSR2);
  for (auto _ : state) runtime::sys::tgkill(pid, tid, SIGUSR2);
  if (runtime::sigcount(SIGUSR2) - before != static_cast<uint64_t>(state.iterations())) {
    state.SkipWithError("a signal was lost");
  }
  runtime::setsig(SIGUSR2, runtime::Disposition::kDefault, false);
  runtime::sighook(SIGUSR2, nullptr);
}
BENCHMARK(SignalSigtramp)->Name("Signal/sigtramp");

// --- Goroutines --------------------------------------------------------------------------------

// To another goroutine that does the same, and back: two switches.
void Gosched(State& state) {
  struct Other {
    bool stop = false;
    runtime::Sema done;
  };
  Other other;
  const int32_t before = runtime::gomaxprocs(1);
  runtime::newproc(
      [](void* o) {
        auto* other = static_cast<Other*>(o);
        while (!__atomic_load_n(&other->stop, __ATOMIC_ACQUIRE)) runtime::gosched();
        runtime::semrelease(&other->done);
      },
      &other);
  for (auto _ : state) runtime::gosched();
  __atomic_store_n(&other.stop, true, __ATOMIC_RELEASE);
  runtime::semacquire(&other.done);
  runtime::gomaxprocs(before);
}
BENCHMARK(OnFreeGoroutine<Gosched>)->Name("Goroutine/switch_and_back")->UseRealTime();

struct Pair {
  runtime::Chan<int> there;
  runtime::Chan<int> back;
};

// One int to another goroutine and back, `threads` of them running goroutines: with one it is two
// switches, with two each int wakes a thread.
template <int threads>
void Channel(State& state) {
  const int32_t before = runtime::gomaxprocs(threads);
  Pair pair;
  runtime::newproc(
      [](void* p) {
        auto* pair = static_cast<Pair*>(p);
        int v;
        while (pair->there.recv(&v)) pair->back.send(v);
        pair->back.close();
      },
      &pair);
  int v = 0;
  for (auto _ : state) {
    pair.there.send(v);
    pair.back.recv(&v);
  }
  pair.there.close();
  pair.back.recv(&v);  // false once the other side is done with the pair
  runtime::gomaxprocs(before);
}
BENCHMARK(OnFreeGoroutine<Channel<1>>)->Name("Goroutine/channel")->UseRealTime();
BENCHMARK(OnFreeGoroutine<Channel<2>>)->Name("Goroutine/channel_two_threads")->UseRealTime();

// --- C and back --------------------------------------------------------------------------------

void EmptyC(void*) {}

void Asmcgocall(State& state) {
  for (auto _ : state) runtime::asmcgocall(EmptyC, nullptr);
}
BENCHMARK(OnGoroutine<Asmcgocall>)->Name("Cgo/asmcgocall");

void Cgocall(State& state) {
  for (auto _ : state) runtime::cgocall(EmptyC, nullptr);
}
BENCHMARK(OnGoroutine<Cgocall>)->Name("Cgo/cgocall");

// From C that a goroutine called.
void Callback(State& state) {
  for (auto _ : state) runtime::cgocallback(EmptyC, nullptr);
}
BENCHMARK(Callback)->Name("Cgo/callback");

// From a thread that the runtime did not make: an m is borrowed and given back each time.
void ForeignCallback(State& state) {
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* s) -> void* {
        for (auto _ : *static_cast<State*>(s)) runtime::cgocallback(EmptyC, nullptr);
        return nullptr;
      },
      &state);
  pthread_join(thread, nullptr);
}
BENCHMARK(ForeignCallback)->Name("Cgo/foreign_callback")->UseRealTime();

// --- Processes ---------------------------------------------------------------------------------

void ForkWait4(State& state) {
  for (auto _ : state) {
    const long pid = runtime::sys::fork();
    if (pid == 0) runtime::sys::exit_group(0);
    int status;
    runtime::sys::Rusage usage;
    if (runtime::sys::wait4(static_cast<int>(pid), &status, 0, &usage) != pid) {
      state.SkipWithError("wait4 failed");
      return;
    }
  }
}
BENCHMARK(ForkWait4)->Name("Process/fork_wait4")->UseRealTime();

struct Arguments {
  int argc;
  char** argv;
};

}  // namespace

void go_main(int argc, char** argv, char**) {
  Arguments arguments{argc, argv};
  runtime::LockOSThread();
  runtime::cgocall(
      [](void* p) {
        auto* a = static_cast<Arguments*>(p);
        benchmark::Initialize(&a->argc, a->argv);
        if (benchmark::ReportUnrecognizedArguments(a->argc, a->argv)) _exit(64);
        benchmark::RunSpecifiedBenchmarks();
        benchmark::Shutdown();
        fflush(nullptr);
      },
      &arguments);
}
