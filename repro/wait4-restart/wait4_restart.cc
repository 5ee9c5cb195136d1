// wait4-restart: wait4 loses its fourth argument when the kernel restarts it.
//
// Seen: Go programs on FreeBSD/amd64 that start children failed now and then with "bad address",
// from a wait4 whose arguments were all good. In order:
//   [1] A signal interrupts a thread that sits in wait4.
//   [2] Its handler has SA_RESTART, or another thread takes it: the kernel moves the program
//       counter back onto the SYSCALL instruction, to have it executed again.
//   [3] The kernel's fast way out reloads rdi, rsi, rdx and rax, but not r10, r8 and r9: the second
//       SYSCALL has a fourth argument that is not the program's. wait4 stores the status, reaps the
//       child, cannot write the rusage, and fails with EFAULT.
// Reported as golang.org/issue/6372 and FreeBSD PR amd64/182161; worked around by INT 0x80 in
// golang.org/cl/13582047; fixed in FreeBSD 9.3 (cpu_set_syscall_retval sets PCB_FULL_IRET).
//
// The oracle: each wait4 waits for one child by number, so the result can only be that number (or
// EINTR without SA_RESTART); and a system call keeps its argument registers, so they have one right
// value when a handler finds the call about to be restarted, and after the call. Nothing is tried
// again before it is judged: the child is reaped when EFAULT comes. More in README.md.

#include "repro/support/foreign_thread.h"
#include "repro/support/process.h"
#include "repro/support/program.h"
#include "repro/support/storm.h"
#include "repro/wait4-restart/wait4_stub.h"
#include "runtime/runtime.h"

namespace faultline::repro {

namespace sys = runtime::sys;
using support::ForeignThread;
using support::Line;
using support::Run;

namespace {

// The work-around that needs no other kernel: no SA_RESTART and a loop around the call; and one
// thread alone that lets the signals through, because a call whose signal another thread takes is
// restarted whatever the flags say.
constexpr bool kUserRestart = FAULTLINE_IS_VARIANT("user-restart");

constexpr sys::SigSet kSignals = sys::sigmask(sys::kSIGCHLD) | sys::sigmask(sys::kSIGUSR1);
constexpr sys::SigSet kOtherThreadsMask = kUserRestart ? kSignals : sys::SigSet{};

// No status of a child.
constexpr int kNoStatus = -1;
constexpr uintptr_t kSentinel5 = 0x5e471e15;
constexpr uintptr_t kSentinel6 = 0x6e471e16;
// Rounds per attempt: long enough to make the fork cheap, well under 100 ms under a tracer too.
constexpr int kPairRounds = 32;
constexpr int kStormRounds = 1000;
// Up to so many: few, because a restart without a handler shows only when the child is gone.
constexpr uint64_t kMostProcessStormRounds = 64;

// A thread that calls wait4. `tid` and `given` are written by it before the call; the rest by the
// handler on that thread, and read by it after the call.
struct Waiter {
  long tid = 0;
  CallRegisters given = {};
  CallRegisters at_restart = {};
  bool spoiled = false;  // at_restart is not what was given
  int64_t restarts = 0;
};
Waiter waiters[2];

// Raised by every run of the handler, on whatever thread; the storms wait for it.
uint32_t handler_word;
// Handlers that ran on a thread that is no waiter: where a waiter was woken, it restarts without a
// handler.
int64_t handled_elsewhere;

// Whether the first `count` arguments are the same.
bool IsSame(const CallRegisters& a, const CallRegisters& b, int count) {
  for (int i = 0; i < count; ++i) {
    if (a.argument[i] != b.argument[i]) return false;
  }
  return true;
}

bool OnSignal(int, sys::SigInfo*, void* ucontext) {
  const sys::Context context(ucontext);
  const long tid = sys::gettid();
  bool is_waiter = false;
  for (Waiter& waiter : waiters) {
    if (waiter.tid != tid) continue;
    is_waiter = true;
    // About to be restarted: the program counter is back on the instruction, the number back in its
    // register.
    if (context.pc() != reinterpret_cast<uintptr_t>(kWait4Instruction) ||
        context.number() != kWait4Number)
      continue;
    ++waiter.restarts;
    if (waiter.spoiled) continue;
    for (int i = 0; i < CallRegisters::kCount; ++i)
      waiter.at_restart.argument[i] = ArgumentAtRestart(context, i);
    waiter.spoiled = !IsSame(waiter.at_restart, waiter.given, CallRegisters::kCount);
  }
  if (!is_waiter) __atomic_add_fetch(&handled_elsewhere, 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&handler_word, 1, __ATOMIC_RELEASE);
  return true;
}

// [2] The handler: full mask, and SA_RESTART unless the loop does that work.
void Install(int signal) {
  runtime::sighook(signal, OnSignal);
  if (const long error = runtime::setsig(signal, runtime::Disposition::kCatch, !kUserRestart);
      error != 0) {
    support::Broken("setsig", error);
  }
}

// What is wrong with one wait4 for `child`: nullptr if nothing.
const char* Wrong(intptr_t want, intptr_t got, const Waiter& waiter, const CallRegisters& after) {
  if (got != want) return "result";
  if (waiter.spoiled) return "registers-at-restart";
  if (!IsSame(after, waiter.given, kKeptOverCall)) return "registers-after";
  return nullptr;
}

// One wait4 for `child`, judged.
void Wait(Run& run, Waiter& waiter, int child) {
  int status = kNoStatus;
  sys::Rusage usage;
  waiter.tid = sys::gettid();
  waiter.spoiled = false;
  waiter.given = {{static_cast<uintptr_t>(child), reinterpret_cast<uintptr_t>(&status), 0,
                   reinterpret_cast<uintptr_t>(&usage), kSentinel5, kSentinel6}};
  CallRegisters after;
  intptr_t got;
  do {
    after = waiter.given;
    got = Wait4Stub(&after);  // [3] four arguments, the fourth of which the kernel uses last
  } while (kUserRestart && got == -sys::kEINTR);
  const char* wrong = Wrong(child, got, waiter, after);
  if (wrong == nullptr) return;
  const CallRegisters& seen = waiter.spoiled ? waiter.at_restart : after;
  Line line("hit");
  line.Text("what", wrong)
      .Number("want", child)
      .Number("got", got)
      .Number("errno", got < 0 ? -got : 0);
  for (int i = 0; i < (waiter.spoiled ? CallRegisters::kCount : kKeptOverCall); ++i) {
    line.Hex(kArgumentNames[i].got, seen.argument[i]);
    if (seen.argument[i] != waiter.given.argument[i])
      line.Hex(kArgumentNames[i].wanted, waiter.given.argument[i]);
  }
  // What an EFAULT leaves: the status was stored and the child freed before it.
  line.Number("status_written", status != kNoStatus)
      .Number("reaped", sys::wait4(child, nullptr, sys::kWNOHANG, nullptr) == -sys::kECHILD);
  line.Number("restarts", waiter.restarts).Text("at", FAULTLINE_HERE);
  run.Hit(line);
}

void PairRounds(Run& run, Waiter& waiter) {
  for (int i = 0; i < kPairRounds; ++i) {
    Wait(run, waiter,
         support::ForkExiting());  // [1] SIGCHLD of this child or of the other thread's
    run.Opportunity();
  }
}

// Two threads fork and wait: the reporter's shape. An opportunity is a wait4 that a SIGCHLD could
// interrupt.
void Pair(Run& run) {
  Install(sys::kSIGCHLD);
  ForeignThread other;
  other.Start([](void* argument) { PairRounds(*static_cast<Run*>(argument), waiters[1]); }, &run,
              {.mask = kOtherThreadsMask});
  PairRounds(run, waiters[0]);
  other.Join();
  run.Attempted();
}

// One waiter and its storm. An opportunity is a restart: one that the handler saw, or a signal that
// another thread took.
void UnderStorm(Run& run, bool to_process, int rounds) {
  Install(sys::kSIGUSR1);
  Waiter& waiter = waiters[0];
  waiter.tid = sys::gettid();
  waiter.restarts = 0;
  handled_elsewhere = 0;
  const int child = support::ForkSleeping();
  {
    // [1] The storm ends the child, and the child's end the wait.
    const support::Storm storm({.signal = sys::kSIGUSR1,
                                .tid = to_process ? 0 : static_cast<int>(waiter.tid),
                                .mask = kOtherThreadsMask,
                                .rounds = rounds,
                                .word = &handler_word,
                                .enough = &waiter.spoiled,
                                .child = child});
    Wait(run, waiter, child);
  }
  run.Opportunity(kUserRestart ? rounds : waiter.restarts + (to_process ? handled_elsewhere : 0));
  run.Attempted();
}

void ThreadStorm(Run& run) { UnderStorm(run, false, kStormRounds); }
void ProcessStorm(Run& run) {
  UnderStorm(run, true, 1 + static_cast<int>(run.Random() % kMostProcessStormRounds));
}

// Before there is a second thread: the main one is the one that lets signals through.
void Prepare() {
  if (!kUserRestart) return;
  runtime::blocksignals(kSignals);
  sys::sigprocmask(sys::kSIG_UNBLOCK, &kSignals, nullptr);
}

void PrepareStorm() {
  support::StayOnThisCpu();
  Prepare();
}

// The comparison must notice a wrong register and a wrong result; and the stub itself must bring
// back the symptom when the rusage is really not mapped: EFAULT, with the child gone.
const char* Control() {
  Waiter waiter;
  waiter.given = {{1, 2, 3, 4, 5, 6}};
  CallRegisters after = waiter.given;
  if (Wrong(7, 7, waiter, after) != nullptr) return "a right call";
  if (Wrong(7, -sys::kEFAULT, waiter, after) == nullptr) return "a wrong result";
  after.argument[kKeptOverCall - 1] ^= 1;
  if (Wrong(7, 7, waiter, after) == nullptr) return "a wrong register";
  const auto child = static_cast<uintptr_t>(support::ForkExiting());
  int status = 0;
  const CallRegisters unmapped = {
      {child, reinterpret_cast<uintptr_t>(&status), 0, sys::kPageSize, 5, 6}};
  intptr_t got;
  do {
    after = unmapped;
    got = Wait4Stub(&after);
  } while (got == -sys::kEINTR);
  if (got != -sys::kEFAULT) return "an unmapped rusage";
  if (sys::wait4(static_cast<int>(child), nullptr, 0, nullptr) != -sys::kECHILD)
    return "that EFAULT reaps";
  return nullptr;
}

constexpr support::Case kCases[] = {
    {"pair", Pair, Prepare},
    {"storm", ThreadStorm, PrepareStorm},
    {"storm-process", ProcessStorm, PrepareStorm},
};

}  // namespace

}  // namespace faultline::repro

FAULTLINE_PROGRAM(faultline::repro::Control, faultline::repro::kCases);
