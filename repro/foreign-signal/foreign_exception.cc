// foreign-signal on Windows: an exception on a thread the runtime never made.
//
// The same in Windows' words. In order:
//   [1] A thread that the runtime did not make: CreateThread's, or one of the system's pool.
//   [2] Code on it faults. Vectored handlers belong to the process: the runtime's is called there,
//   on
//       the stack that faulted.
//   [3] It takes m from the TEB, where this thread has none, and loads m->gsignal: a fault, in the
//       handler, for which the same handler is called, and so on until the stack is used up.
// Go answered on Windows as elsewhere with a message (badsignal, by GetStdHandle and WriteFile in
// sys_windows_amd64.s of Go 1.0).
//
// The oracle: as in foreign_signal.cc. And a thread that is dead without having come to its end has
// been taken away by the system: Wine ends the thread that has no stack left for an exception, and
// lets the process live; Windows ends the process.

#include "repro/foreign-signal/observation.h"
#include "repro/support/foreign_thread.h"
#include "repro/support/program.h"
#include "repro/support/sentinels.h"
#include "repro/support/thread_state.h"
#include "runtime/runtime.h"

namespace faultline::repro {

namespace sys = runtime::sys;
using support::ForeignThread;
using support::Registers;
using support::Run;
using support::ThreadState;

namespace {

// Exceptions per foreign thread.
constexpr int kRounds = 16;

struct Orders {
  Run& run;
  int creator_mid;
  uint32_t tid = 0;   // the thread's, once it has begun
  uint32_t over = 0;  // it has done all of it
};

// What the foreign thread does: [2] faults, again and again, and compares.
void Fault(void* argument) {
  auto& orders = *static_cast<Orders*>(argument);
  support::Set(&orders.tid, static_cast<uint32_t>(sys::gettid()));
  for (int i = 0; i < kRounds; ++i) {
    Observation o = {};
    const uint32_t count = handled.count;
    o.creator_mid = orders.creator_mid;
    o.frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    o.state_before = ThreadState::Get();
    o.before = support::Sentinels(count);
    o.after = o.before;
    support::FaultWithRegisters(&o.after);
    o.state_after = ThreadState::Get();
    o.last = handled;
    o.count = handled.count - count;
    Judge(orders.run, o, FAULTLINE_HERE);
    orders.run.Opportunity();
  }
  support::Set(&orders.over, 1);
}

uint32_t FAULTLINE_WINAPI FaultInPool(void* argument) {
  Fault(argument);
  return 0;
}

// A thread that is dead and has not come to its end.
void ReportDeath(Run& run) {
  run.Hit(support::Line("hit").Text("what", "thread").Text("at", FAULTLINE_HERE));
}

// [1] A thread by CreateThread.
void OnThread(Run& run) {
  Install(sys::kSIGSEGV);
  Orders orders = {.run = run, .creator_mid = runtime::getm()->id};
  run.BeforeDangerousStep();
  ForeignThread thread;
  thread.Start(Fault, &orders);
  thread.Join();
  if (orders.over == 0) ReportDeath(run);
  run.Attempted();
}

// [1] A thread of the system's pool, which made it for somebody else's work. It does not end with
// this work: its end and the work's are looked for in turn.
void InPool(Run& run) {
  constexpr uint32_t kMilliseconds = 1;
  Install(sys::kSIGSEGV);
  Orders orders = {.run = run, .creator_mid = runtime::getm()->id};
  run.BeforeDangerousStep();
  if (sys::os::QueueUserWorkItem(FaultInPool, &orders, 0) == 0) {
    support::Broken("QueueUserWorkItem", sys::os::GetLastError());
  }
  uint32_t tid = 0;
  while ((tid = __atomic_load_n(&orders.tid, __ATOMIC_ACQUIRE)) == 0) {
    runtime::blocking([] { return sys::sched_yield(); });
  }
  const sys::os::Handle thread = sys::os::OpenThread(sys::os::kSYNCHRONIZE, 0, tid);
  bool dead = thread == nullptr;
  while (!dead && __atomic_load_n(&orders.over, __ATOMIC_ACQUIRE) == 0) {
    dead = runtime::blocking([&] { return sys::os::WaitForSingleObject(thread, kMilliseconds); }) ==
           sys::os::kWAIT_OBJECT_0;
  }
  if (thread != nullptr) sys::os::CloseHandle(thread);
  if (__atomic_load_n(&orders.over, __ATOMIC_ACQUIRE) == 0) ReportDeath(run);
  run.Attempted();
}

// The same fault in C on a thread of the runtime must be handled in every variant; and the
// comparison must notice each thing that can be wrong.
const char* Control() {
  Install(sys::kSIGSEGV);
  struct Fault {
    Registers before, after;
  } fault = {};
  const uint32_t count = handled.count;
  const ThreadState state_before = ThreadState::Get();
  fault.before = support::Sentinels(count);
  fault.after = fault.before;
  runtime::cgocall(
      [](void* argument) { support::FaultWithRegisters(&static_cast<Fault*>(argument)->after); },
      &fault);
  if (handled.count != count + 1) return "a fault on a thread of the runtime";
  if (handled.foreign || handled.mid != runtime::getm()->id) return "whose m the handler had";
  if (!handled.gsignal) return "where the handler stood";

  const Observation right = {.count = 1,
                             .last = {1, handled.mid + 1, true, true, handled.at},
                             .frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
                             .creator_mid = handled.mid,
                             .state_before = state_before,
                             .state_after = ThreadState::Get(),
                             .before = fault.before,
                             .after = fault.after};
  return Unnoticed(right);
}

constexpr support::Case kCases[] = {
    {"fault", OnThread},
    {"pool-fault", InPool},
};

}  // namespace

}  // namespace faultline::repro

FAULTLINE_PROGRAM(faultline::repro::Control, faultline::repro::kCases);
