// _umtx_op: what threads wait on. Source: sys/kern/kern_umtx.c, 10.4.
#include <errno.h>

#include "kernel/model/freebsd/context.h"

namespace faultline::kernel::model::freebsd {
namespace {

constexpr uint32_t kAbsolute = 1;          // UMTX_ABSTIME
constexpr uint32_t kUnowned = 0;           // umtx.h, UMUTEX_UNOWNED
constexpr uint32_t kContested = 1u << 31;  // UMUTEX_CONTESTED

// Threads of all processes that wait for a word of memory meet under its address. Guests share
// memory only as threads of one process, so the process is part of the name.
const void* Channel(const Context& c, uint64_t address) {
  return reinterpret_cast<const void*>(address ^ static_cast<uint64_t>(c.process.pid) << 48);
}

int64_t ClockNow(int clock) {
  timespec now;
  clock_gettime(clock == common::kCLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

// uaddr1 is the size of what uaddr2 points to: a timespec, or a _umtx_time.
std::optional<int64_t> Deadline(const Context& c, uint64_t size, uint64_t address, Value* error) {
  uint64_t plain = c.amd64 ? sizeof(Amd64::Timespec) : sizeof(I386::Timespec);
  std::optional<int64_t> time = c.GetTimespec(address, error);
  if (!time) return std::nullopt;
  uint32_t flags = 0, clock = common::kCLOCK_REALTIME;
  if (size > plain) {
    *error = -EFAULT;
    if (!c.Get(address + plain, &flags) || !c.Get(address + plain + 4, &clock)) return std::nullopt;
  }
  if (flags & kAbsolute) return Machine::Now() + *time - ClockNow(static_cast<int>(clock));
  return Machine::Now() + *time;
}

// While the word has the value. A wait that is to be made again ends with EINTR instead.
Task<Value> WaitWord(Context& c, uint64_t object, uint64_t value, bool is_long,
                     std::optional<int64_t> deadline) {
  co_await c.machine.Open(c.thread, Machine::Race::kBeforeSleep);
  uint64_t now = 0;
  if (!c.thread.host.Read(object, &now, is_long && c.amd64 ? 8 : 4)) co_return -EFAULT;
  uint64_t wanted = is_long && c.amd64 ? value : static_cast<uint32_t>(value);
  if (now != wanted) co_return 0;
  Value result = co_await c.machine.Sleep(c.thread, Channel(c, object), deadline);
  co_return result == kRestart ? -EINTR : result;
}

// struct umutex: the owner's thread in the first word. An untimed lock is always made again.
Task<Value> LockMutex(Context& c, uint64_t object, std::optional<int64_t> deadline, bool wait) {
  for (;;) {
    uint32_t owner = 0;
    if (!c.Get(object, &owner)) co_return -EFAULT;
    if (owner == kUnowned || owner == kContested) {
      uint32_t mine = static_cast<uint32_t>(c.thread.id) | (owner & kContested);
      co_return c.Put(object, mine) ? 0 : -EFAULT;
    }
    if ((owner & ~kContested) == static_cast<uint32_t>(c.thread.id)) co_return -EDEADLK;
    if (!wait) co_return -EBUSY;
    uint32_t contested = owner | kContested;
    if (!c.Put(object, contested)) co_return -EFAULT;
    Value result = co_await c.machine.Sleep(c.thread, Channel(c, object), deadline);
    if (result == -EINTR && !deadline) co_return kRestart;
    if (result == kRestart && deadline) co_return -EINTR;
    if (result != 0) co_return result;
  }
}

Value UnlockMutex(Context& c, uint64_t object) {
  uint32_t owner = 0;
  if (!c.Get(object, &owner)) return -EFAULT;
  if ((owner & ~kContested) != static_cast<uint32_t>(c.thread.id)) return -EPERM;
  int woken = c.machine.Wakeup(Channel(c, object), 1);
  uint32_t free = woken != 0 ? kContested : kUnowned;
  return c.Put(object, free) ? 0 : -EFAULT;
}

}  // namespace

Task<Value> UmtxOp(Context& c) {
  uint64_t object = c.Word();
  int operation = c.Int();
  uint64_t value = c.Word();
  uint64_t size = c.Word();
  uint64_t time_at = c.Word();
  std::optional<int64_t> deadline;
  auto timed = [&](Value* error) {
    if (time_at == 0) return true;
    deadline = Deadline(c, size, time_at, error);
    return deadline.has_value();
  };
  Value error = 0;
  switch (operation) {
    case common::kUMTX_OP_WAIT:
    case common::kUMTX_OP_WAIT_UINT:
    case common::kUMTX_OP_WAIT_UINT_PRIVATE:
      if (!timed(&error)) co_return error;
      co_return co_await WaitWord(c, object, value, operation == common::kUMTX_OP_WAIT, deadline);
    case common::kUMTX_OP_WAKE:
    case common::kUMTX_OP_WAKE_PRIVATE:
      c.machine.Wakeup(Channel(c, object), static_cast<int>(std::min<uint64_t>(value, INT32_MAX)));
      co_return 0;
    case common::kUMTX_OP_NWAKE_PRIVATE: {
      for (uint64_t i = 0; i < value; ++i) {
        uint64_t each = 0;
        if (!c.thread.host.Read(object + i * (c.amd64 ? 8 : 4), &each, c.amd64 ? 8 : 4))
          co_return -EFAULT;
        c.machine.Wakeup(Channel(c, each));
      }
      co_return 0;
    }
    case common::kUMTX_OP_MUTEX_LOCK:
      if (!timed(&error)) co_return error;
      co_return co_await LockMutex(c, object, deadline, true);
    case common::kUMTX_OP_MUTEX_UNLOCK:
      co_return UnlockMutex(c, object);
    default:
      co_return -EINVAL;
  }
}

}  // namespace faultline::kernel::model::freebsd
