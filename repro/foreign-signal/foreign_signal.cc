// foreign-signal: a signal on a thread the runtime never made kills the program.
//
// Seen: a two-line Go program that called gtk through cgo died of a segmentation fault, without a
// word; the same in C worked. In order:
//   [1] A library starts a thread. Handlers belong to the process: this thread has the runtime's.
//   [2] A signal is delivered to it.
//   [3] sigtramp takes m from thread-local storage, where this thread has none, and loads
//       m->gsignal: a fault, in a handler with every signal blocked. The kernel ends the process.
// Reported as golang.org/issue/3250. Answered first by a message, golang.org/cl/5797068 ("signal
// received on thread not created by Go"), later by an m that is borrowed for the handler (needm).
//
// The oracle: each signal is waited for before the next is sent, so each is handled exactly once,
// on the foreign thread, on the gsignal of a borrowed m; and afterwards the thread has its
// registers, TLS, mask and alternate stack as before. More in README.md.

#include "repro/foreign-signal/observation.h"
#include "repro/support/foreign_thread.h"
#include "repro/support/program.h"
#include "repro/support/sentinels.h"
#include "repro/support/thread_state.h"
#include "runtime/runtime.h"

#if FAULTLINE_HOSTED
#include <pthread.h>
#endif

namespace faultline::repro {

namespace sys = runtime::sys;
using support::ForeignThread;
using support::Registers;
using support::Run;
using support::ThreadState;
using support::Tls;

namespace {

constexpr int kSignal = sys::kSIGUSR1;
// The control's own, which no case blocks.
constexpr int kControlSignal = sys::kSIGUSR2;
// Signals per foreign thread.
constexpr int kRounds = 16;
constexpr int64_t kTimerNanoseconds = 20'000;
// The one that a timer sends.
constexpr int kTimerSignal = sys::kOnlyTimerSignal != 0 ? sys::kOnlyTimerSignal : kSignal;

struct Orders;

// [2] How a signal comes to the thread that runs it.
struct Step {
  // Puts what the step needs into registers that are otherwise sentinels.
  void (*arm)(Orders& orders, Registers* registers);
  // Takes the signal, with exactly these registers.
  void (*take)(Registers* registers);
};

struct Orders {
  Run& run;
  const Step& step;
  int creator_mid;
  int32_t timer = 0;
  // How often the thread held still for a signal that its creator is to send.
  uint32_t holding = 0;
  // For a thread that is born with a signal pending: how often the handler had run before.
  uint32_t count_before_birth = 0;
  uintptr_t tls_at_birth = 0;
};

constexpr Step kTgkill = {
    [](Orders&, Registers* registers) { support::SetThreadKill(registers, kSignal); },
    support::CallWithRegisters};
constexpr Step kHold = {
    [](Orders& orders, Registers*) { support::Set(&orders.holding, orders.holding + 1); },
    support::HoldRegisters};
constexpr Step kTimer = {[](Orders& orders, Registers*) {
                           sys::Itimerspec soon = {};
                           soon.value.nsec = kTimerNanoseconds;
                           sys::timer_settime(orders.timer, 0, &soon, nullptr);
                         },
                         support::HoldRegisters};
constexpr Step kFault = {[](Orders&, Registers*) {}, support::FaultWithRegisters};

// What the foreign thread does: [2] takes signals, one by one, and compares.
void TakeSignals(void* argument) {
  auto& orders = *static_cast<Orders*>(argument);
  for (int i = 0; i < kRounds; ++i) {
    Observation o = {};
    const uint32_t count = handled.count;
    o.creator_mid = orders.creator_mid;
    o.frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    o.state_before = ThreadState::Get();
    o.before = support::Sentinels(count);
    __atomic_store_n(&support::held_word, 0, __ATOMIC_RELEASE);
    orders.step.arm(orders, &o.before);
    o.after = o.before;
    orders.step.take(&o.after);
    o.state_after = ThreadState::Get();
    o.last = handled;
    o.count = handled.count - count;
    Judge(orders.run, o, FAULTLINE_HERE);
    orders.run.Opportunity();
  }
}

// The same for a thread whose first signal was pending before its first instruction. It is over by
// now.
void BornIntoSignal(void* argument) {
  auto& orders = *static_cast<Orders*>(argument);
  Observation o = {};
  o.creator_mid = orders.creator_mid;
  o.frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  o.state_after = ThreadState::Get();
  o.state_before = {orders.tls_at_birth, {}, sys::kSS_DISABLE, 0};
  o.last = handled;
  o.count = handled.count - orders.count_before_birth;
  Judge(orders.run, o, FAULTLINE_HERE);
  orders.run.Opportunity();
  TakeSignals(argument);
}

#if FAULTLINE_HOSTED
// A thread that takes its signals where its C library takes it apart.
void LeaveToDestructor(void* argument) {
  // One key for all threads, which come one after the other.
  static pthread_key_t key;
  static bool has_key = false;
  if (!has_key) {
    if (const int error = pthread_key_create(&key, TakeSignals); error != 0)
      support::Broken("pthread_key_create", error);
    has_key = true;
  }
  pthread_setspecific(key, argument);
}
#endif

// [1] A thread that the runtime did not make, and its signals.
void Attempt(Run& run, const Step& step, void (*body)(void*) = TakeSignals, Tls tls = Tls::kOwn) {
  Install(kSignal);
  if (kTimerSignal != kSignal) Install(kTimerSignal);
  Install(sys::kSIGSEGV);
  Orders orders = {.run = run, .step = step, .creator_mid = runtime::getm()->id};
  orders.count_before_birth = handled.count;
  if (tls == Tls::kInherited) orders.tls_at_birth = sys::threadpointer();
  if (&step == &kTimer) {
    sys::SigEvent event = {};
    event.signo = kTimerSignal;
    event.notify = sys::kSIGEV_SIGNAL;
    const long error = sys::timer_create(sys::kCLOCK_MONOTONIC, &event, &orders.timer);
    if (error != 0) support::Broken("timer_create", error);
  }
  run.BeforeDangerousStep();
  const int process = static_cast<int>(sys::getpid());
  ForeignThread thread;
  const int pending = tls != Tls::kOwn ? kSignal : 0;
  thread.Start(body, &orders,
               {.tls = tls, .pending = pending});  // [3] TLS with no m in it, or none
  for (uint32_t i = 1; &step == &kHold && i <= kRounds; ++i) {
    support::WaitFor(&orders.holding, i);
    sys::kill(process, kSignal);
  }
  thread.Join();
  if (&step == &kTimer) sys::timer_delete(orders.timer);
  run.Attempted();
}

// No thread of the runtime takes the signal: one that is sent to the process stays for the foreign
// thread.
void BlockInRuntime() { runtime::blocksignals(sys::sigmask(kSignal) | sys::sigmask(kTimerSignal)); }

// The same signal on a thread of the runtime must be handled in every variant; and the comparison
// must notice each thing that can be wrong.
const char* Control() {
  Install(kControlSignal);
  const uint32_t count = handled.count;
  const ThreadState state_before = ThreadState::Get();
  Registers before = support::Sentinels(count);
  support::SetThreadKill(&before, kControlSignal);
  Registers after = before;
  support::CallWithRegisters(&after);
  if (handled.count != count + 1) return "a signal on a thread of the runtime";
  if (handled.foreign || handled.mid != runtime::getm()->id) return "whose m the handler had";
  if (!handled.gsignal) return "where the handler stood";

  const Observation right = {.count = 1,
                             .last = {1, handled.mid + 1, true, true, handled.at},
                             .frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
                             .creator_mid = handled.mid,
                             .state_before = state_before,
                             .state_after = ThreadState::Get(),
                             .before = before,
                             .after = after};
  return Unnoticed(right);
}

constexpr support::Case kCases[] = {
    {"tgkill", [](Run& run) { Attempt(run, kTgkill); }},
    {"process-directed", [](Run& run) { Attempt(run, kHold); }, BlockInRuntime},
    {"fault", [](Run& run) { Attempt(run, kFault); }},
    {"raw-clone", [](Run& run) { Attempt(run, kTgkill, BornIntoSignal, Tls::kNone); },
     BlockInRuntime},
#if FAULTLINE_HOSTED
    {"key-destructor", [](Run& run) { Attempt(run, kTgkill, LeaveToDestructor); }},
#else
    {"timer", [](Run& run) { Attempt(run, kTimer); }, BlockInRuntime},
    {"raw-clone-inherited",
     [](Run& run) { Attempt(run, kTgkill, BornIntoSignal, Tls::kInherited); }, BlockInRuntime},
#endif
};

}  // namespace

}  // namespace faultline::repro

FAULTLINE_PROGRAM(faultline::repro::Control, faultline::repro::kCases);
