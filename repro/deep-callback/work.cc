#include "repro/deep-callback/work.h"

#include "runtime/runtime.h"

namespace faultline::repro {

namespace {

constexpr int kWorkers = 3;
constexpr uint64_t kRounds = 5;
constexpr int kRecursion = 50;
constexpr uint64_t kCalledAgain = 0xca11bac;
// FNV-1a, by words: offset basis and prime.
constexpr uint64_t kBasis = 14695981039346656037u;
constexpr uint64_t kPrime = 1099511628211u;

uint64_t Mix(uint64_t sum, uint64_t value) { return (sum ^ value) * kPrime; }

// Made once, by the first to work; the workers wait there for ever.
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

void CallBackAgain(void* sum) {
  volatile char frame[kWorkStack];
  for (volatile char& byte : frame) byte = 1;
  runtime::cgocallback(CalledAgain, sum);
}

}  // namespace

void Work(void* result) {
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
  *static_cast<uint64_t*>(result) = sum;
}

uint64_t WorkResult() {
  uint64_t sum = kBasis;
  for (uint64_t i = 0; i < kRounds; ++i) sum = Mix(sum, i * 3 + 1);
  return Mix(Recurse(kRecursion, sum), kCalledAgain);
}

}  // namespace faultline::repro
