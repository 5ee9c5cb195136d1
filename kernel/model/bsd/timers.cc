#include "kernel/model/bsd/timers.h"

namespace faultline::kernel::model {

// A timer, due at that time, whose signal is still pending counts instead of sending another.
void FireTimer(Machine& machine, Process& process, int id, int64_t due) {
  PosixTimer& timer = process.posix_timers.at(id);
  timer.alarm.reset();
  if (timer.interval > 0) {
    SetTimerAlarm(machine, process, id, std::max(due + timer.interval, Machine::Now()));
  }
  if (timer.signal == 0) return;
  Thread* thread = timer.thread == 0 ? nullptr : machine.FindThread(timer.thread);
  if (timer.thread != 0 && (thread == nullptr || thread->process != &process)) return;
  const SignalQueue& queue = thread != nullptr ? thread->pending : process.pending;
  if (queue.Holds(timer.signal, &timer)) {
    ++timer.missed;
    return;
  }
  timer.overrun = timer.missed;
  timer.missed = 0;
  machine.Post(
      process,
      {.signal = timer.signal, .code = bsd::kSI_TIMER, .value = timer.value, .child = &timer},
      thread);
}

void SetTimerAlarm(Machine& machine, Process& process, int id, int64_t due) {
  process.posix_timers.at(id).alarm = machine.SetTimer(
      due, [&machine, &process, id, due] { FireTimer(machine, process, id, due); });
}

}  // namespace faultline::kernel::model
