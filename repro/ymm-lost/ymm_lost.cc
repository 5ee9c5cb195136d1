// ymm-lost: a handler that uses the vector registers changes them in the code that it interrupted.
//
// Seen: Go programs on NetBSD/amd64 computed wrong values where a signal had interrupted code that
// used AVX. In order:
//   [1] Code holds values in YMM registers.
//   [2] A signal interrupts it. What the kernel stores for the handler's return is what FXSAVE
//       stores: 512 bytes, with the lower halves of the YMM registers alone.
//   [3] The handler uses vector registers, as every handler may.
//   [4] It returns. The lower halves are the interrupted code's again, the upper ones the
//   handler's.
// Reported as golang.org/issue/80285.
//
// The oracle: 16 bytes of each register, known before and wrong afterwards. The lower halves are
// not looked at: the code that sends the signal may use them. More in README.md.

#include "repro/support/program.h"
#include "repro/ymm-lost/vectors.h"
#include "runtime/runtime.h"

namespace faultline::repro {

namespace sys = runtime::sys;
using support::Line;
using support::Run;

namespace {

// The work-around: no signal is let through while there is something in the registers.
constexpr bool kBlocks = FAULTLINE_IS_VARIANT("blocks");
constexpr sys::SigSet kSignal = sys::sigmask(sys::kSIGUSR1);

constexpr uint64_t kHeld = 0x4e1d'0000'0000'0000, kHandlers = 0xbad0'0000'0000'0000;

// Different values in all words.
Vectors Pattern(uint64_t base, uint64_t salt) {
  Vectors vectors;
  uint64_t next = base | (salt & 0xffffffff) << 8;
  for (auto& ymm : vectors.ymm) ymm = {{{next, next + 1}}, {{next + 2, next + 3}}}, next += 4;
  return vectors;
}

// The number of the first register whose upper half is another one, or -1.
int FirstDifference(const Vectors& a, const Vectors& b) {
  for (int i = 0; i < Vectors::kCount; ++i) {
    const Vectors::Half& one = a.ymm[i].upper;
    const Vectors::Half& other = b.ymm[i].upper;
    if (one.word[0] != other.word[0] || one.word[1] != other.word[1]) return i;
  }
  return -1;
}

Vectors handlers = Pattern(kHandlers, 0);
int64_t handled;

// [3]
bool OnSignal(int, sys::SigInfo*, void*) {
  LoadVectors(&handlers);
  ++handled;
  return true;
}

// [2] A signal for this thread: its handler has run when the call is over, unless it is blocked.
void Interrupt() { sys::tgkill(sys::getpid(), static_cast<int>(sys::gettid()), sys::kSIGUSR1); }

void Install() {
  runtime::sighook(sys::kSIGUSR1, OnSignal);
  if (const long error = runtime::setsig(sys::kSIGUSR1, runtime::Disposition::kCatch, true);
      error != 0) {
    support::Broken("setsig", error);
  }
}

// An opportunity is a handler that ran.
void Attempt(Run& run) {
  if (handled == 0) Install();
  const int64_t before = handled;
  const Vectors held = Pattern(kHeld, run.Random());
  Vectors after;
  sys::SigSet mask = {};
  if (kBlocks) sys::sigprocmask(sys::kSIG_BLOCK, &kSignal, &mask);
  HoldVectors(&held, &after, Interrupt);  // [1]
  if (kBlocks) sys::sigprocmask(sys::kSIG_SETMASK, &mask, nullptr);
  if (handled == before) support::Broken("no handler ran", 0);
  run.Opportunity();
  if (const int i = FirstDifference(held, after); i >= 0) {  // [4]
    const uint64_t got = after.ymm[i].upper.word[0];
    Line line("hit");
    line.Text("what", "upper-half")
        .Number("register", i)
        .Hex("want_high", static_cast<uintptr_t>(held.ymm[i].upper.word[0] >> 32))
        .Hex("got_high", static_cast<uintptr_t>(got >> 32))
        .Number("is_handlers", got == handlers.ymm[i].upper.word[0])
        .Text("at", FAULTLINE_HERE);
    run.Hit(line);
  }
  run.Attempted();
}

void Nothing() {}
void Spoil() { LoadVectors(&handlers); }

const char* Control() {
  if (!HasAvx()) support::Broken("this CPU has no AVX, or the kernel has not switched it on", 0);
  const Vectors held = Pattern(kHeld, 1);
  Vectors after;
  HoldVectors(&held, &after, Nothing);
  if (FirstDifference(held, after) != -1) return "that nothing happened";
  HoldVectors(&held, &after, Spoil);
  if (FirstDifference(held, after) != 0) return "other values in all registers";
  after = held;
  after.ymm[Vectors::kCount - 1].upper.word[1] ^= 1;
  if (FirstDifference(held, after) != Vectors::kCount - 1) return "one bit in the last register";
  return nullptr;
}

constexpr support::Case kCases[] = {{"handler", Attempt}};

}  // namespace

bool HasAvx() {
  uint32_t a = 1, b, c = 0, d;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  constexpr uint32_t kOsXsave = 1u << 27, kAvx = 1u << 28;
  if ((c & kOsXsave) == 0 || (c & kAvx) == 0) return false;
  asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  constexpr uint32_t kSseAndAvx = 6;
  return (a & kSseAndAvx) == kSseAndAvx;
}

}  // namespace faultline::repro

FAULTLINE_PROGRAM(faultline::repro::Control, faultline::repro::kCases);
