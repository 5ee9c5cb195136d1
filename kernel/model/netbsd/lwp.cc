// Source: sys/kern/sys_lwp.c, sys/kern/kern_lwp.c of trees of 2014 and 2017-12.
#include "kernel/model/netbsd/lwp.h"

#include <errno.h>
#include <unistd.h>

namespace faultline::kernel::model::netbsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k__lwp_create, …

Thread* Find(const Context& c, int id) {
  for (auto& each : c.process.threads)
    if (each->id == id) return each.get();
  return nullptr;
}

Value Create(Context& c) {
  uint64_t context = c.Word();
  auto flags = static_cast<unsigned long>(c.Word());
  uint64_t id_at = c.Word();
  Value error = 0;
  Thread* made = c.machine.NewThread(c.thread, &error);
  if (made == nullptr) return error;
  made->detached = (flags & kLWP_DETACHED) != 0;
  made->private_pointer = c.thread.private_pointer;
  if (c.system.release().lwp_has_creators_stack) made->alt_stack = c.thread.alt_stack;
  Value value = c.system.StartThread(c.machine, *made, context);
  int32_t id = made->id;
  // The number is told last; where it cannot be, the thread runs all the same.
  if (value == 0 && !c.Put(id_at, id)) value = -EFAULT;
  if (value != 0 && value != -EFAULT) {
    c.machine.EndThread(*made);
    return value;
  }
  c.machine.Enqueue(*made);
  return value;
}

Task<Value> Exit(Context& c) {
  Process& process = c.process;
  if (process.threads.size() == 1) {
    c.machine.EndProcess(process, 0);
    co_return kGone;
  }
  if (!c.thread.detached) process.departed.insert(c.thread.id);
  c.machine.Wakeup(&process.departed);
  c.machine.EndThread(c.thread);
  co_return kGone;
}

Value Self(Context& c) { return c.thread.id; }

// lwp_wait: for one, or for whichever ends first.
Task<Value> WaitFor(Context& c) {
  int wanted = c.Int();
  uint64_t id_at = c.Word();
  Process& process = c.process;
  if (wanted == c.thread.id) co_return -EDEADLK;
  for (;;) {
    auto found = wanted != 0 ? process.departed.find(wanted) : process.departed.begin();
    if (found != process.departed.end()) {
      int32_t id = *found;
      process.departed.erase(found);
      co_return id_at == 0 || c.Put(id_at, id) ? 0 : -EFAULT;
    }
    if (wanted != 0) {
      const Thread* thread = Find(c, wanted);
      if (thread == nullptr) co_return -ESRCH;
      if (thread->detached) co_return -EINVAL;
    } else if (process.threads.size() == 1) {
      co_return -ESRCH;
    }
    co_await c.machine.Open(c.thread, Machine::Race::kBeforeSleep);
    if (wanted != 0 ? process.departed.contains(wanted) : !process.departed.empty()) continue;
    if (Value value = co_await c.machine.Sleep(c.thread, &process.departed); value != 0)
      co_return value;
  }
}

Value Detach(Context& c) {
  int wanted = c.Int();
  if (c.process.departed.erase(wanted) != 0) return 0;
  Thread* thread = Find(c, wanted);
  if (thread == nullptr) return -ESRCH;
  if (thread->detached) return -EINVAL;
  thread->detached = true;
  c.machine.Wakeup(&c.process.departed);
  return 0;
}

Value KillLwp(Context& c) {
  int wanted = c.Int(), signal = c.Int();
  if (signal < 0 || signal > c.system.last_signal()) return -EINVAL;
  Thread* thread = Find(c, wanted);
  if (thread == nullptr) return -ESRCH;
  if (signal != 0)
    c.machine.Post(c.process,
                   {.signal = signal, .code = bsd::kSI_LWP, .pid = c.process.pid, .uid = geteuid()},
                   thread);
  return 0;
}

Value GetPrivate(Context& c) { return static_cast<Value>(c.thread.private_pointer); }

Value SetPrivateCall(Context& c) { return NetBsd::SetPrivate(c.thread, c.Word()); }

Value SetName(Context& c) {
  int wanted = c.Int();
  Value error = 0;
  std::optional<std::string> name = ReadString(c.thread, c.Word(), &error, 32);
  if (!name) return error;
  Thread* thread = wanted == 0 ? &c.thread : Find(c, wanted);
  if (thread == nullptr) return -ESRCH;
  thread->name = *name;
  return 0;
}

// lwp_unpark: wakes it, or keeps it from its next sleep. Which hint it sleeps with does not matter.
Value UnparkOne(const Context& c, int id) {
  Thread* thread = Find(c, id);
  if (thread == nullptr) return -ESRCH;
  if (thread->state == Thread::State::kAsleep && thread->channel == &thread->unparked)
    c.machine.WakeThread(*thread, 0);
  else
    thread->unparked = true;
  return 0;
}

Value Unpark(Context& c) { return UnparkOne(c, c.Int()); }

Value UnparkAll(Context& c) {
  constexpr uint64_t kMost = 1024;  // LWP_UNPARK_MAX
  uint64_t at = c.Word(), count = c.Word();
  if (at == 0) return kMost;
  if (count == 0 || count > kMost) return -EINVAL;
  for (uint64_t i = 0; i < count; ++i) {
    int32_t id;
    if (!c.Get(at + i * sizeof id, &id)) return -EFAULT;
    UnparkOne(c, id);
  }
  return 0;
}

// Never restarted. `deadline` counts from the machine's start.
Task<Value> ParkUntil(Context& c, std::optional<int64_t> deadline) {
  co_await c.machine.Open(c.thread, Machine::Race::kBeforeSleep);
  if (std::exchange(c.thread.unparked, false)) co_return -EALREADY;
  Value value = co_await c.machine.Sleep(c.thread, &c.thread.unparked, deadline);
  co_return value == kRestart ? -EINTR : value;
}

int64_t ClockNow(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * kContextSecond + now.tv_nsec;
}

Task<Value> Park60(Context& c) {
  std::optional<clockid_t> clock = Os::HostClock(c.Int());
  int flags = c.Int();
  uint64_t time_at = c.Word();
  int other = c.Int();
  if (!clock) co_return -EINVAL;
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    Value error = 0;
    std::optional<int64_t> time = c.GetTimespec(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time - (flags & kTIMER_ABSTIME ? ClockNow(*clock) : 0);
  }
  if (other != 0)
    if (Value value = UnparkOne(c, other); value != 0) co_return value;
  co_return co_await ParkUntil(c, deadline);
}

// Until a time of day.
Task<Value> Park50(Context& c) {
  uint64_t time_at = c.Word();
  int other = c.Int();
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    Value error = 0;
    std::optional<int64_t> time = c.GetTimespec(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time - ClockNow(CLOCK_REALTIME);
  }
  if (other != 0)
    if (Value value = UnparkOne(c, other); value != 0) co_return value;
  co_return co_await ParkUntil(c, deadline);
}

// The same for whoever sleeps in a call: it ends with EINTR.
Value WakeupLwp(Context& c) {
  Thread* thread = Find(c, c.Int());
  if (thread == nullptr) return -ESRCH;
  if (thread->state != Thread::State::kAsleep) {
    thread->unparked = true;
    return -ENODEV;
  }
  if (!thread->interruptible) return -EBUSY;
  c.machine.WakeThread(*thread, -EINTR);
  return 0;
}

}  // namespace

void AddLwpCalls(const std::function<void(int, Value (*)(Context&))>& now,
                 const std::function<void(int, Task<Value> (*)(Context&))>& later) {
  now(k__lwp_create, Create);
  later(k__lwp_exit, Exit);
  now(k__lwp_self, Self);
  later(k__lwp_wait, WaitFor);
  now(k__lwp_wakeup, WakeupLwp);
  now(k__lwp_getprivate, GetPrivate);
  now(k__lwp_setprivate, SetPrivateCall);
  now(k__lwp_kill, KillLwp);
  now(k__lwp_detach, Detach);
  now(k__lwp_unpark, Unpark);
  now(k__lwp_unpark_all, UnparkAll);
  now(k__lwp_setname, SetName);
  later(k____lwp_park60, Park60);
  later(k_compat_60__lwp_park, Park50);
}

}  // namespace faultline::kernel::model::netbsd
