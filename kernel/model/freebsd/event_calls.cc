// kqueue and kevent.
#include <errno.h>

#include "kernel/model/freebsd/errors.h"
#include "kernel/model/freebsd/file_calls.h"
#include "kernel/model/queue.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): kEV_ADD, …

// kevent's own number came with 64-bit inodes' release, and a larger structure.
constexpr int kLargeKevent = 1200033;

Value Kqueue(Context& c) {
  std::shared_ptr<File> file = EventQueue::Make(c.machine);
  return file ? c.process.files->Add(std::move(file), false) : -errno;
}

template <typename Raw>
Event FromRaw(const Raw& raw) {
  Event event = {.ident = raw.ident,
                 .filter = raw.filter,
                 .flags = raw.flags,
                 .fflags = raw.fflags,
                 .data = raw.data,
                 .udata = raw.udata};
  if constexpr (requires { raw.ext; })
    for (size_t i = 0; i < event.ext.size(); ++i) event.ext[i] = raw.ext[i];
  return event;
}

template <typename Raw>
Raw ToRaw(const Event& event) {
  Raw raw = {};
  raw.ident = static_cast<decltype(raw.ident)>(event.ident);
  raw.filter = event.filter;
  raw.flags = event.flags;
  raw.fflags = event.fflags;
  raw.data = static_cast<decltype(raw.data)>(event.data);
  raw.udata = static_cast<decltype(raw.udata)>(event.udata);
  if constexpr (requires { raw.ext; })
    for (size_t i = 0; i < event.ext.size(); ++i) raw.ext[i] = event.ext[i];
  return raw;
}

// Source: kern_kevent_fp and kqueue_scan: changes first, each failure an event; with any, there is
// no waiting.
template <typename Raw>
Task<Value> KeventAs(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  uint64_t changes_at = c.Word();
  int changes = c.Int();
  uint64_t events_at = c.Word();
  int room = c.Int();
  uint64_t time_at = c.Word();
  std::optional<int64_t> deadline;
  Value time_error = 0;
  if (time_at != 0) {
    std::optional<int64_t> time = c.GetTimespec(time_at, &time_error);
    if (time_error == -EFAULT && !time) co_return -EFAULT;
    if (time) {
      time_error = 0;
      deadline = Machine::Now() + *time;
    }
  }
  if (!file || !file->queue) co_return -EBADF;
  EventQueue& queue = *file->queue;
  Value failed = 0;
  for (int i = 0; i < changes; ++i) {
    Raw raw;
    if (!c.Get(changes_at + static_cast<uint64_t>(i) * sizeof raw, &raw)) co_return -EFAULT;
    if (raw.filter == 0) continue;
    raw.flags &= static_cast<uint16_t>(~kEV_SYSFLAGS);
    Value value = queue.Change(c.thread, FromRaw(raw));
    if (value == 0 && !(raw.flags & kEV_RECEIPT)) continue;
    if (room <= failed) co_return value;
    raw.flags = kEV_ERROR;
    raw.data = static_cast<decltype(raw.data)>(ErrorFromHost(static_cast<int>(-value)));
    if (!c.Put(events_at + static_cast<uint64_t>(failed) * sizeof raw, raw)) co_return -EFAULT;
    ++failed;
  }
  if (failed != 0) co_return failed;
  if (room <= 0) co_return 0;
  if (time_error != 0) co_return time_error;
  for (bool raced = false;;) {
    std::vector<Event> taken = queue.Take(c.process, static_cast<size_t>(room));
    if (!taken.empty()) {
      std::vector<Raw> raw;
      raw.reserve(taken.size());
      for (const Event& each : taken) raw.push_back(ToRaw<Raw>(each));
      co_return c.thread.host.Write(events_at, raw.data(), raw.size() * sizeof raw[0])
          ? static_cast<Value>(raw.size())
          : -EFAULT;
    }
    if (deadline && *deadline <= Machine::Now()) co_return 0;
    if (!raced) {
      raced = true;
      co_await c.machine.Open(c.thread, Machine::Race::kBeforeSleep);
      continue;
    }
    Value value =
        co_await c.machine.SleepForFiles(c.thread, {{.file = file, .events = POLLIN}}, deadline);
    if (value == kRestart || value == -EINTR) co_return -EINTR;
  }
}

Task<Value> Kevent(Context& c) {
  return c.amd64 ? KeventAs<Amd64::Kevent>(c) : KeventAs<I386::Kevent>(c);
}

Task<Value> Kevent11(Context& c) {
  return c.amd64 ? KeventAs<Amd64::Kevent11>(c) : KeventAs<I386::Kevent11>(c);
}

}  // namespace

void AddEventCalls(const TellNow& now, const TellLater& later) {
  now(k_kqueue, Kqueue, 0);
  later(k_freebsd11_kevent, Kevent11, 0);
  later(k_kevent, Kevent, kLargeKevent);
}

}  // namespace faultline::kernel::model::freebsd
