// POSIX timers. Source: FreeBSD 10.4 sys/kern/kern_time.c, kern_ktimer_create, kern_ktimer_settime,
// realtimer_expire, itimer_fire.
#include <time.h>

#include <algorithm>

#include "kernel/model/freebsd/context.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace abi::freebsd_common;  // NOLINT(google-build-using-namespace)

constexpr int kFirstTimer = 3;   // the numbers below are the itimers'
constexpr int kMostTimers = 32;  // TIMER_MAX, sys/timers.h
constexpr int kAbsolute = 1;     // TIMER_ABSTIME, sys/time.h

PosixTimer* Find(const Context& c, int id) {
  auto found = c.process.posix_timers.find(id);
  return found == c.process.posix_timers.end() ? nullptr : &found->second;
}

void SetAlarm(Machine& machine, Process& process, int id, int64_t due);

// A timer, due at that time, whose signal is still pending counts instead of sending another.
void Fire(Machine& machine, Process& process, int id, int64_t due) {
  PosixTimer& timer = process.posix_timers.at(id);
  timer.alarm.reset();
  if (timer.interval > 0) {
    SetAlarm(machine, process, id, std::max(due + timer.interval, Machine::Now()));
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
  machine.Post(process,
               {.signal = timer.signal, .code = kSI_TIMER, .value = timer.value, .child = &timer},
               thread);
}

void SetAlarm(Machine& machine, Process& process, int id, int64_t due) {
  process.posix_timers.at(id).alarm =
      machine.SetTimer(due, [&machine, &process, id, due] { Fire(machine, process, id, due); });
}

Value Create(Context& c) {
  int clock = c.Int();
  uint64_t event_at = c.Word(), id_at = c.Word();
  if (clock != kCLOCK_REALTIME && clock != kCLOCK_MONOTONIC) return -EINVAL;
  PosixTimer timer = {.clock = clock, .signal = kSIGALRM};
  if (event_at != 0) {
    Value error = ByArch(c, [&]<typename Abi>() -> Value {
      typename Abi::SigEvent event;
      if (!c.Get(event_at, &event)) return -EFAULT;
      if (event.notify != kSIGEV_SIGNAL && event.notify != kSIGEV_THREAD_ID &&
          event.notify != kSIGEV_NONE) {
        return -EINVAL;
      }
      timer.signal = event.notify == kSIGEV_NONE ? 0 : event.signo;
      if (event.notify != kSIGEV_NONE &&
          (event.signo < 1 || event.signo > c.system.last_signal())) {
        return -EINVAL;
      }
      if (event.notify == kSIGEV_THREAD_ID) timer.thread = event.tid;
      timer.value = event.value;
      return 0;
    });
    if (error != 0) return error;
  }
  int id = kFirstTimer;
  while (Find(c, id) != nullptr) ++id;
  if (id >= kMostTimers) return -EAGAIN;
  if (event_at == 0) timer.value = static_cast<uint64_t>(id);
  if (!c.Put(id_at, id)) return -EFAULT;
  c.process.posix_timers[id] = timer;
  return 0;
}

Value Delete(Context& c) {
  int id = c.Int();
  PosixTimer* timer = Find(c, id);
  if (timer == nullptr) return -EINVAL;
  if (timer->alarm) c.machine.CancelTimer(*timer->alarm);
  // What it sent, and was not taken yet, goes with it.
  c.process.pending.TakeBack(timer);
  for (auto& thread : c.process.threads) thread->pending.TakeBack(timer);
  c.process.posix_timers.erase(id);
  return 0;
}

bool PutState(const Context& c, uint64_t to, const PosixTimer& timer) {
  int64_t left = timer.alarm ? std::max<int64_t>(1, timer.alarm->first - Machine::Now()) : 0;
  uint64_t half = c.amd64 ? sizeof(Amd64::Timespec) : sizeof(I386::Timespec);
  return c.PutTimespec(to, timer.interval) && c.PutTimespec(to + half, left);
}

Value SetTime(Context& c) {
  int id = c.Int(), flags = c.Int();
  uint64_t from = c.Word(), old_at = c.Word();
  Value error = 0;
  uint64_t half = c.amd64 ? sizeof(Amd64::Timespec) : sizeof(I386::Timespec);
  std::optional<int64_t> interval = c.GetTimespec(from, &error);
  if (!interval) return error;
  std::optional<int64_t> first = c.GetTimespec(from + half, &error);
  if (!first) return error;
  PosixTimer* timer = Find(c, id);
  if (timer == nullptr) return -EINVAL;
  if (old_at != 0 && !PutState(c, old_at, *timer)) return -EFAULT;
  if (timer->alarm) c.machine.CancelTimer(*timer->alarm);
  timer->alarm.reset();
  timer->interval = *first > 0 ? *interval : 0;
  if (*first == 0) return 0;
  int64_t due = *first + Machine::Now();
  if (flags & kAbsolute) {
    timespec now;
    clock_gettime(timer->clock == kCLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    due -= now.tv_sec * 1'000'000'000ll + now.tv_nsec;
  }
  SetAlarm(c.machine, c.process, id, due);
  return 0;
}

Value GetTime(Context& c) {
  int id = c.Int();
  uint64_t to = c.Word();
  const PosixTimer* timer = Find(c, id);
  if (timer == nullptr) return -EINVAL;
  return PutState(c, to, *timer) ? 0 : -EFAULT;
}

Value GetOverrun(Context& c) {
  const PosixTimer* timer = Find(c, c.Int());
  return timer == nullptr ? -EINVAL : timer->overrun;
}

}  // namespace

void AddTimerCalls(const std::function<void(int, Value (*)(Context&))>& now) {
  now(k_ktimer_create, Create);
  now(k_ktimer_delete, Delete);
  now(k_ktimer_settime, SetTime);
  now(k_ktimer_gettime, GetTime);
  now(k_ktimer_getoverrun, GetOverrun);
}

}  // namespace faultline::kernel::model::freebsd
