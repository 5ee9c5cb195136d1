// Sleeping and waking.
#include <errno.h>

#include <algorithm>

#include "kernel/model/bsd.h"
#include "kernel/model/machine.h"

namespace faultline::kernel::model {

// Source: FreeBSD 10.4 sys/kern/subr_sleepqueue.c, sleepq_catch_signals: a thread that was told of
// a signal looks before it sleeps, and does not sleep then; the CPU has not done anything else.
bool Machine::Sleeper::await_ready() {
  if (!interruptible) return false;
  if (thread.interrupted_self) {
    thread.interrupted_self = false;
    at_once = -EINTR;
    return true;
  }
  Process& process = *thread.process;
  if (thread.notified) {
    if (int signal = machine.NextSignal(thread); signal != 0) {
      at_once = process.action(signal).flags & bsd::kSA_RESTART ||
                        process.action(signal).handler == bsd::kSIG_DFL
                    ? kRestart
                    : -EINTR;
      return true;
    }
  }
  if (process.single != nullptr && process.single != &thread) {
    at_once = process.single_exits ? -EINTR : kRestart;
    return true;
  }
  return false;
}

void Machine::Sleeper::await_suspend(std::coroutine_handle<> handle) {
  Thread& t = thread;
  t.resume = handle;
  t.channel = channel;
  t.interruptible = interruptible;
  t.interests = std::move(interests);
  t.wake = 0;
  if (deadline)
    t.alarm = machine.SetTimer(*deadline, [&m = machine, &t] {
      t.alarm.reset();
      m.WakeThread(t, -ETIMEDOUT);
    });
  machine.LeaveCpu(t);
  t.state = Thread::State::kAsleep;
  machine.CheckStopped(*t.process);
}

Value Machine::Sleeper::await_resume() const { return at_once != 0 ? at_once : thread.wake; }

void Machine::WakeThread(Thread& thread, Value value) {
  if (thread.state != Thread::State::kAsleep) return;
  if (thread.alarm) CancelTimer(*thread.alarm);
  thread.alarm.reset();
  thread.channel = nullptr;
  thread.interests.clear();
  thread.wake = value;
  Enqueue(thread);
}

int Machine::Wakeup(const void* channel, int most) {
  int woken = 0;
  for (auto& [pid, process] : processes_) {
    for (auto& thread : process->threads) {
      if (woken == most) return woken;
      if (thread->state != Thread::State::kAsleep || thread->channel != channel) continue;
      WakeThread(*thread, 0);
      ++woken;
    }
  }
  return woken;
}

// ---- Stopped, and alone -------------------------------------------------------------------------

// On the way out of the kernel: the thread waits until the process goes on.
Task<Value> Machine::SuspendHere(Thread& thread) {
  struct Awaiter {
    Machine& machine;
    Thread& thread;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> handle) const {
      thread.resume = handle;
      machine.Suspend(thread);
    }
    void await_resume() const {}
  };
  co_await Awaiter{*this, thread};
  co_return thread.state == Thread::State::kGone ? kGone : 0;
}

void Machine::Suspend(Thread& thread) {
  LeaveCpu(thread);
  thread.state = Thread::State::kSuspended;
  Process& process = *thread.process;
  CheckStopped(process);
  if (process.single != nullptr) Wakeup(&process.single);
}

// Source: FreeBSD 10.4 sys/kern/kern_thread.c, weed_inhib: sleepers that can be interrupted are,
// whatever SA_RESTART says.
Task<Value> Machine::SingleThread(Thread& thread, bool exits) {
  Process& process = *thread.process;
  if (process.single != nullptr) co_return kRestart;
  if (process.threads.size() == 1) co_return 0;
  process.single = &thread;
  process.single_exits = exits;
  for (auto& other : process.threads) {
    if (other.get() != &thread && other->state == Thread::State::kAsleep && other->interruptible)
      WakeThread(*other, exits ? -EINTR : kRestart);
  }
  for (;;) {
    bool alone = std::all_of(process.threads.begin(), process.threads.end(), [&](auto& other) {
      return other.get() == &thread || other->state == Thread::State::kSuspended;
    });
    if (alone) co_return 0;
    co_await SleepFirmly(thread, &process.single);
  }
}

void Machine::EndSingleThread(Thread& thread) {
  Process& process = *thread.process;
  if (process.single != &thread) return;
  process.single = nullptr;
  for (auto& other : process.threads)
    if (other->state == Thread::State::kSuspended) Enqueue(*other);
}

}  // namespace faultline::kernel::model
