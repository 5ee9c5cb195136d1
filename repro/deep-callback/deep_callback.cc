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

#include "repro/deep-callback/work.h"
#include "repro/support/foreign_thread.h"
#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::repro {

using support::ForeignThread;
using support::Line;
using support::Run;

namespace {

constexpr size_t kKilobyte = 1024;
constexpr size_t kMegabyte = 1024 * kKilobyte;
// What "to the end" leaves for the callback and the C and callbacks in it.
constexpr size_t kEnough = 16 * kKilobyte;
// Less than the callback needs: the runtime must say so.
constexpr size_t kTooLittle = 512;
static_assert(kTooLittle < kWorkStack && kWorkStack < kEnough);

// How far C goes down: so many bytes from where it starts, or until so many are left.
struct Depth {
  bool to_end;
  size_t bytes;
};

// C goes down in about so many pieces, each of so many bytes at least.
constexpr size_t kPieces = 64;
constexpr size_t kLeastPiece = 64;

// One way down and back.
struct Dive {
  Depth depth;
  uintptr_t stack_low;    // where the stack truly ends; used by to_end alone
  uintptr_t floor = 0;    // where C turns round and calls back
  size_t piece = 0;       // how much it uses at a time
  uintptr_t reached = 0;  // the frame that called back
  uint64_t checksum = 0;  // what the callback computed
  bool damaged = false;   // a C frame was not as it had been left
};

__attribute__((noinline)) void CallBack(Dive& dive) {
  dive.reached = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  runtime::cgocallback(Work, &dive.checksum);
}

// [2] C that uses a lot of stack, in pieces with a mark at either end, and [3] calls back from the
// bottom.
__attribute__((noinline)) void GoDown(Dive& dive) {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  size_t size = here > dive.floor ? here - dive.floor : 0;
  if (size > dive.piece) size = dive.piece;
  if (size < kLeastPiece) size = kLeastPiece;
  auto* piece = static_cast<volatile uintptr_t*>(__builtin_alloca(size));
  const size_t last = size / sizeof(uintptr_t) - 1;
  piece[0] = here;
  piece[last] = ~here;
  if (reinterpret_cast<uintptr_t>(piece) > dive.floor) {
    GoDown(dive);
  } else {
    CallBack(dive);
  }
  if (piece[0] != here || piece[last] != ~here) dive.damaged = true;
}

void StartDown(void* argument) {
  auto& dive = *static_cast<Dive*>(argument);
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  dive.floor = dive.depth.to_end ? dive.stack_low + dive.depth.bytes : here - dive.depth.bytes;
  dive.piece = (here - dive.floor) / kPieces;
  GoDown(dive);
}

// What is wrong: nullptr if nothing.
const char* Wrong(const Dive& dive) {
  if (dive.reached == 0 || dive.reached > dive.floor) return "depth";
  if (dive.checksum != WorkResult()) return "checksum";
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
      .Hex("want", WorkResult())
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
// Clearly less than the 64 KB that fixed-64k takes for granted.
[[maybe_unused]] constexpr size_t kSmallStack = 48 * kKilobyte;
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
#if !defined(_WIN32)
    {"limit-256k-end-16k", [](Run& run) { OnG0(run, ToEnd(kEnough)); }, Limit256k},
    {"limit-256k-beyond", [](Run& run) { OnG0(run, ToEnd(kTooLittle)); }, Limit256k},
    {"limit-64m-end-16k", [](Run& run) { OnG0(run, ToEnd(kEnough)); }, Limit64m},
    {"no-limit-16m", [](Run& run) { OnG0(run, Bytes(16 * kMegabyte)); }, NoLimit},
#endif
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
#if !defined(_WIN32)  // where no stack is as small
    {"small-thread-end-16k", [](Run& run) { OnThread(run, ToEnd(kEnough), kSmallStack); },
     DefaultLimit},
    {"small-thread-beyond", [](Run& run) { OnThread(run, ToEnd(kTooLittle), kSmallStack); },
     DefaultLimit},
#endif
    {"large-thread-16m", [](Run& run) { OnThread(run, Bytes(16 * kMegabyte), kLargeStack); },
     DefaultLimit},
};

}  // namespace

}  // namespace faultline::repro

FAULTLINE_PROGRAM(faultline::repro::Control, faultline::repro::kCases);
