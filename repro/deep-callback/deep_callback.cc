// deep-callback: a callback from deep C code takes the rest of its stack for an overflow.
//
// Seen: C code called from Go, tens of kilobytes deep in its stack, called back into Go, and the
// program died of SIGTRAP (later: "fatal: morestack on g0") with megabytes of stack left. In order:
//   [1] C runs on g0, on a stack that the operating system made, or on a foreign thread's.
//   [2] It uses more than the runtime guessed when it put g0's guard 8 or 64 KB below the first
//       stack pointer that it saw.
//   [3] It calls back. The runtime's functions check their stack, below the C frames, find it
//       exhausted, and call morestack, which cannot grow g0 and traps.
// Reported as golang.org/issue/1328; fixed in golang.org/cl/5371042 (guard = &local - default stack
// size + 4096), which errs for other sizes: golang.org/issue/26061. The guess came back for foreign
// threads: golang.org/issue/59294.
//
// The oracle: C marks the stack it uses and looks afterwards; the callback's work has one right
// result; how deep is deep comes from the kernel's view of the stack. More in README.md.

#include "repro/support/foreign_thread.h"
#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::repro {

namespace sys = runtime::sys;
using support::ForeignThread;
using support::Line;
using support::Run;

namespace {

constexpr size_t kKilobyte = 1024;
constexpr size_t kMegabyte = 1024 * kKilobyte;
// What "to the end" leaves for the callback and the C and callbacks in it.
constexpr size_t kEnough = 16 * kKilobyte;
// Less than the runtime needs for a callback: it must say so.
constexpr size_t kTooLittle = 512;

// How far C goes down: so many bytes from where it starts, or until so many are left.
struct Depth {
  bool to_end;
  size_t bytes;
};

// One way down and back.
struct Dive {
  Depth depth;
  uintptr_t stack_low;    // where the stack truly ends; used by to_end alone
  uintptr_t floor = 0;    // where C turns round and calls back
  uintptr_t reached = 0;  // the frame that called back
  uint64_t checksum = 0;  // what the callback computed
  bool damaged = false;   // a C frame was not as it had been left
};

// The work in the callback: other goroutines, channels, scheduling, goroutine stack, and C and a
// callback again. The result depends on every part.
constexpr int kWorkers = 3;
constexpr uint64_t kRounds = 5;
constexpr int kRecursion = 50;

uint64_t Mix(uint64_t sum, uint64_t value) {
  return (sum ^ value) * 1099511628211u;  // the prime of FNV-1a, by words
}
constexpr uint64_t kBasis = 14695981039346656037u;  // and its offset basis
constexpr uint64_t kCalledAgain = 0xca11bac;

// Made once, by the first callback; the workers wait there for ever.
runtime::Hchan* to_workers;
runtime::Hchan* from_workers;

void RunWorker(void*) {
  for (uint64_t value; runtime::chanrecv(to_workers, &value);) {
    runtime::gosched();
    value = value * 3 + 1;
    runtime::chansend(from_workers, &value);
  }
}

// Uses some 16 KB of the goroutine's stack.
__attribute__((noinline)) uint64_t Recurse(int depth, uint64_t sum) {
  volatile uint64_t frame[32];
  frame[depth & 31] = Mix(sum, static_cast<uint64_t>(depth));
  if (depth == 0) return frame[0];
  const uint64_t below = Recurse(depth - 1, frame[depth & 31]);
  return Mix(below, frame[depth & 31]);
}

void CalledAgain(void* sum) {
  runtime::gosched();
  *static_cast<uint64_t*>(sum) = Mix(*static_cast<uint64_t*>(sum), kCalledAgain);
}

// C again, from the callback, with more stack of its own than kTooLittle: it writes from one end of
// its frame to the other.
void CallBackAgain(void* sum) {
  volatile char frame[2 * kKilobyte];
  for (volatile char& byte : frame) byte = 1;
  runtime::cgocallback(CalledAgain, sum);
}

// On a goroutine.
void Work(void* argument) {
  if (to_workers == nullptr) {
    to_workers = runtime::makechan(sizeof(uint64_t), 1);
    from_workers = runtime::makechan(sizeof(uint64_t), 0);
    for (int i = 0; i < kWorkers; ++i) runtime::newproc(RunWorker, nullptr);
  }
  uint64_t sum = kBasis;
  for (uint64_t i = 0; i < kRounds; ++i) {
    uint64_t value = i;
    runtime::chansend(to_workers, &value);
    runtime::chanrecv(from_workers, &value);
    sum = Mix(sum, value);
  }
  sum = Recurse(kRecursion, sum);
  runtime::cgocall(CallBackAgain, &sum);
  static_cast<Dive*>(argument)->checksum = sum;
}

// What Work() must come to, by plain arithmetic.
uint64_t Expected() {
  uint64_t sum = kBasis;
  for (uint64_t i = 0; i < kRounds; ++i) sum = Mix(sum, i * 3 + 1);
  return Mix(Recurse(kRecursion, sum), kCalledAgain);
}

// [2] C that uses a lot of stack: frames of 1 KB, each marked, and the rest in one piece. [3] At
// the bottom it calls back.
constexpr size_t kFrame = kKilobyte;

__attribute__((noinline)) void CallBack(Dive& dive) {
  dive.reached = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  runtime::cgocallback(Work, &dive);
}

__attribute__((noinline)) void GoDown(Dive& dive) {
  constexpr size_t kWords = (kFrame - 64) / sizeof(uintptr_t);
  volatile uintptr_t frame[kWords];
  const auto here = reinterpret_cast<uintptr_t>(&frame[0]);
  frame[0] = here;
  frame[kWords / 2] = here ^ dive.floor;
  frame[kWords - 1] = ~here;
  if (here > dive.floor + kFrame) {
    GoDown(dive);
  } else {
    auto* rest =
        static_cast<volatile char*>(__builtin_alloca(here > dive.floor ? here - dive.floor : 1));
    rest[0] = 1;
    CallBack(dive);
    if (rest[0] != 1) dive.damaged = true;
  }
  if (frame[0] != here || frame[kWords / 2] != (here ^ dive.floor) || frame[kWords - 1] != ~here) {
    dive.damaged = true;
  }
}

void StartDown(void* argument) {
  auto& dive = *static_cast<Dive*>(argument);
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  dive.floor = dive.depth.to_end ? dive.stack_low + dive.depth.bytes : here - dive.depth.bytes;
  GoDown(dive);
}

// What is wrong: nullptr if nothing.
const char* Wrong(const Dive& dive) {
  if (dive.reached == 0 || dive.reached > dive.floor) return "depth";
  if (dive.checksum != Expected()) return "checksum";
  if (dive.damaged) return "frame";
  return nullptr;
}

void Judge(Run& run, const Dive& dive) {
  run.Opportunity();
  run.Attempted();
  const char* wrong = Wrong(dive);
  if (wrong == nullptr) return;
  Line line("hit");
  line.Text("what", wrong)
      .Hex("want", Expected())
      .Hex("got", dive.checksum)
      .Hex("reached", dive.reached);
  line.Hex("floor", dive.floor).Hex("stack_low", dive.stack_low).Text("at", FAULTLINE_HERE);
  run.Hit(line);
}

// [1] C on the main thread's g0: the main goroutine is locked to that thread.
void OnG0(Run& run, Depth depth) {
  Dive dive = {.depth = depth, .stack_low = support::MainThreadStack().low};
  run.BeforeDangerousStep();
  runtime::cgocall(StartDown, &dive);
  Judge(run, dive);
}

// [1] C on a foreign thread's stack. By default the thread first calls back from the top, where the
// runtime gets to know its stack, and the goroutine there calls the C that goes down; `at_once`
// goes down first.
void OnThread(Run& run, Depth depth, size_t stack_size, bool at_once = false) {
  struct Orders {
    Dive dive;
    uint32_t go = 0;
    bool at_once;
  };
  Orders orders = {.dive = {.depth = depth, .stack_low = 0}, .at_once = at_once};
  run.BeforeDangerousStep();
  ForeignThread thread;
  thread.Start(
      [](void* argument) {
        auto& o = *static_cast<Orders*>(argument);
        support::ForeignWaitFor(&o.go, 1);
        if (o.at_once) {
          StartDown(&o.dive);
        } else {
          runtime::cgocallback([](void* dive) { runtime::cgocall(StartDown, dive); }, &o.dive);
        }
      },
      &orders, {.stack_size = stack_size});
  orders.dive.stack_low = thread.stack_low();
  support::Set(&orders.go, 1);
  thread.Join();
  Judge(run, orders.dive);
}

// A callback from the top of the stack is every variant's duty; and the comparison must notice what
// can be wrong.
const char* Control() {
  Dive right = {.depth = {.to_end = false, .bytes = 0}, .stack_low = 0};
  runtime::cgocall(StartDown, &right);
  if (Wrong(right) != nullptr) return "a callback from the top of the stack";
  Dive dive = right;
  dive.checksum ^= 1;
  if (Wrong(dive) == nullptr) return "a wrong checksum";
  dive = right;
  dive.damaged = true;
  if (Wrong(dive) == nullptr) return "a damaged frame";
  dive = right;
  dive.floor = dive.reached - 1;
  if (Wrong(dive) == nullptr) return "a dive that was not deep enough";
  return nullptr;
}

constexpr Depth Bytes(size_t bytes) { return {.to_end = false, .bytes = bytes}; }
constexpr Depth ToEnd(size_t left) { return {.to_end = true, .bytes = left}; }

// Sizes of foreign threads' stacks.
constexpr size_t kDefaultStack =
    8 * kMegabyte;  // the default under the RLIMIT_STACK that DefaultLimit() sets
constexpr size_t kSmallStack = 64 * kKilobyte;
constexpr size_t kLargeStack = 64 * kMegabyte;

void DefaultLimit() { support::ExecuteWithStackLimit(kDefaultStack); }
[[maybe_unused]] void Limit256k() { support::ExecuteWithStackLimit(256 * kKilobyte); }
[[maybe_unused]] void Limit64m() { support::ExecuteWithStackLimit(64 * kMegabyte); }
[[maybe_unused]] void NoLimit() { support::ExecuteWithStackLimit(support::kNoLimit); }

constexpr support::Case kCases[] = {
#if !FAULTLINE_HOSTED
    {"g0-4k", [](Run& run) { OnG0(run, Bytes(4 * kKilobyte)); }, DefaultLimit},
    {"g0-8k", [](Run& run) { OnG0(run, Bytes(8 * kKilobyte)); }, DefaultLimit},
    {"g0-12k", [](Run& run) { OnG0(run, Bytes(12 * kKilobyte)); }, DefaultLimit},
    {"g0-32k", [](Run& run) { OnG0(run, Bytes(32 * kKilobyte)); }, DefaultLimit},
    {"g0-64k", [](Run& run) { OnG0(run, Bytes(64 * kKilobyte)); }, DefaultLimit},
    {"g0-128k", [](Run& run) { OnG0(run, Bytes(128 * kKilobyte)); }, DefaultLimit},
#endif
    {"g0-512k", [](Run& run) { OnG0(run, Bytes(512 * kKilobyte)); }, DefaultLimit},
    {"g0-end-16k", [](Run& run) { OnG0(run, ToEnd(kEnough)); }, DefaultLimit},
#if !FAULTLINE_HOSTED
    {"g0-beyond", [](Run& run) { OnG0(run, ToEnd(kTooLittle)); }, DefaultLimit},
    {"limit-256k-end-16k", [](Run& run) { OnG0(run, ToEnd(kEnough)); }, Limit256k},
    {"limit-256k-beyond", [](Run& run) { OnG0(run, ToEnd(kTooLittle)); }, Limit256k},
    {"limit-64m-end-16k", [](Run& run) { OnG0(run, ToEnd(kEnough)); }, Limit64m},
    {"no-limit-16m", [](Run& run) { OnG0(run, Bytes(16 * kMegabyte)); }, NoLimit},
    {"thread-64k", [](Run& run) { OnThread(run, Bytes(64 * kKilobyte), kDefaultStack); },
     DefaultLimit},
#endif
    {"thread-512k", [](Run& run) { OnThread(run, Bytes(512 * kKilobyte), kDefaultStack); },
     DefaultLimit},
    {"thread-end-16k", [](Run& run) { OnThread(run, ToEnd(kEnough), kDefaultStack); },
     DefaultLimit},
    {"thread-beyond", [](Run& run) { OnThread(run, ToEnd(kTooLittle), kDefaultStack); },
     DefaultLimit},
    {"thread-at-once-512k",
     [](Run& run) { OnThread(run, Bytes(512 * kKilobyte), kDefaultStack, true); }, DefaultLimit},
    {"small-thread-end-16k", [](Run& run) { OnThread(run, ToEnd(kEnough), kSmallStack); },
     DefaultLimit},
    {"small-thread-beyond", [](Run& run) { OnThread(run, ToEnd(kTooLittle), kSmallStack); },
     DefaultLimit},
    {"large-thread-16m", [](Run& run) { OnThread(run, Bytes(16 * kMegabyte), kLargeStack); },
     DefaultLimit},
};

}  // namespace

}  // namespace faultline::repro

FAULTLINE_PROGRAM(faultline::repro::Control, faultline::repro::kCases);
