// POSIX timers. Source: FreeBSD 10.4 sys/kern/kern_time.c, kern_ktimer_create, kern_ktimer_settime,
// realtimer_expire, itimer_fire; NetBSD's do the same, as far as it shows.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_TIMERS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_TIMERS_H_

#include <errno.h>
#include <time.h>

#include <algorithm>

#include "kernel/model/bsd/context.h"

namespace faultline::kernel::model {

void SetTimerAlarm(Machine& machine, Process& process, int id, int64_t due);

inline constexpr int kFirstTimer = 3;     // the numbers below are the itimers'
inline constexpr int kMostTimers = 32;    // TIMER_MAX, sys/timers.h
inline constexpr int kTimerAbsolute = 1;  // TIMER_ABSTIME, sys/time.h

template <typename C>
PosixTimer* FindTimer(const C& c, int id) {
  auto found = c.process.posix_timers.find(id);
  return found == c.process.posix_timers.end() ? nullptr : &found->second;
}

template <typename C>
Value TimerCreate(C& c) {
  int clock = c.Int();
  uint64_t event_at = c.Word(), id_at = c.Word();
  if (clock != bsd::kCLOCK_REALTIME && clock != C::Os::kClockMonotonic) return -EINVAL;
  PosixTimer timer = {.clock = clock, .signal = bsd::kSIGALRM};
  if (event_at != 0) {
    Value error = ByArch(c, [&]<typename Abi>() -> Value {
      typename Abi::SigEvent event;
      if (!c.Get(event_at, &event)) return -EFAULT;
      if (event.notify != bsd::kSIGEV_SIGNAL && event.notify != C::Os::kSigevThreadId &&
          event.notify != bsd::kSIGEV_NONE) {
        return -EINVAL;
      }
      timer.signal = event.notify == bsd::kSIGEV_NONE ? 0 : event.signo;
      if (event.notify != bsd::kSIGEV_NONE &&
          (event.signo < 1 || event.signo > c.system.last_signal())) {
        return -EINVAL;
      }
      if constexpr (requires { event.tid; })
        if (event.notify == C::Os::kSigevThreadId) timer.thread = event.tid;
      timer.value = event.value;
      return 0;
    });
    if (error != 0) return error;
  }
  int id = kFirstTimer;
  while (FindTimer(c, id) != nullptr) ++id;
  if (id >= kMostTimers) return -EAGAIN;
  if (event_at == 0) timer.value = static_cast<uint64_t>(id);
  if (!c.Put(id_at, id)) return -EFAULT;
  c.process.posix_timers[id] = timer;
  return 0;
}

template <typename C>
Value TimerDelete(C& c) {
  int id = c.Int();
  PosixTimer* timer = FindTimer(c, id);
  if (timer == nullptr) return -EINVAL;
  if (timer->alarm) c.machine.CancelTimer(*timer->alarm);
  // What it sent, and was not taken yet, goes with it.
  c.process.pending.TakeBack(timer);
  for (auto& thread : c.process.threads) thread->pending.TakeBack(timer);
  c.process.posix_timers.erase(id);
  return 0;
}

template <typename C>
bool PutTimerState(const C& c, uint64_t to, const PosixTimer& timer) {
  int64_t left = timer.alarm ? std::max<int64_t>(1, timer.alarm->first - Machine::Now()) : 0;
  uint64_t half =
      c.amd64 ? sizeof(typename C::Os::Amd64::Timespec) : sizeof(typename C::Os::I386::Timespec);
  return c.PutTimespec(to, timer.interval) && c.PutTimespec(to + half, left);
}

template <typename C>
Value TimerSetTime(C& c) {
  int id = c.Int(), flags = c.Int();
  uint64_t from = c.Word(), old_at = c.Word();
  Value error = 0;
  uint64_t half =
      c.amd64 ? sizeof(typename C::Os::Amd64::Timespec) : sizeof(typename C::Os::I386::Timespec);
  std::optional<int64_t> interval = c.GetTimespec(from, &error);
  if (!interval) return error;
  std::optional<int64_t> first = c.GetTimespec(from + half, &error);
  if (!first) return error;
  PosixTimer* timer = FindTimer(c, id);
  if (timer == nullptr) return -EINVAL;
  if (old_at != 0 && !PutTimerState(c, old_at, *timer)) return -EFAULT;
  if (timer->alarm) c.machine.CancelTimer(*timer->alarm);
  timer->alarm.reset();
  timer->interval = *first > 0 ? *interval : 0;
  if (*first == 0) return 0;
  int64_t due = *first + Machine::Now();
  if (flags & kTimerAbsolute) {
    timespec now;
    clock_gettime(timer->clock == bsd::kCLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    due -= now.tv_sec * 1'000'000'000ll + now.tv_nsec;
  }
  SetTimerAlarm(c.machine, c.process, id, due);
  return 0;
}

template <typename C>
Value TimerGetTime(C& c) {
  int id = c.Int();
  uint64_t to = c.Word();
  const PosixTimer* timer = FindTimer(c, id);
  if (timer == nullptr) return -EINVAL;
  return PutTimerState(c, to, *timer) ? 0 : -EFAULT;
}

template <typename C>
Value TimerGetOverrun(C& c) {
  const PosixTimer* timer = FindTimer(c, c.Int());
  return timer == nullptr ? -EINVAL : timer->overrun;
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_TIMERS_H_
