// kqueue and kevent, the same on all BSDs but for the layout of struct kevent (Raw) and the numbers
// of filters (see calls.h, queue.h).
#ifndef FAULTLINE_KERNEL_MODEL_BSD_EVENT_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_EVENT_CALLS_H_

#include <errno.h>

#include <memory>
#include <optional>
#include <vector>

#include "kernel/model/bsd/context.h"
#include "kernel/model/queue.h"

namespace faultline::kernel::model {

template <typename C>
Value Kqueue(C& c) {
  std::shared_ptr<File> file = EventQueue::Make(c.machine);
  return file ? c.process.files->Add(std::move(file), false) : -errno;
}

template <typename C, typename Raw>
Event FromRaw(const Raw& raw) {
  Event event = {.ident = raw.ident,
                 .filter = C::Os::FilterFrom(raw.filter),
                 .flags = static_cast<uint16_t>(raw.flags),
                 .fflags = raw.fflags,
                 .data = raw.data,
                 .udata = raw.udata};
  if constexpr (requires { raw.ext; })
    for (size_t i = 0; i < event.ext.size(); ++i) event.ext[i] = raw.ext[i];
  return event;
}

template <typename C, typename Raw>
Raw ToRaw(const Event& event) {
  Raw raw = {};
  raw.ident = static_cast<decltype(raw.ident)>(event.ident);
  raw.filter = C::Os::FilterTo(event.filter);
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
template <typename C, typename Raw>
Task<Value> KeventAs(C& c) {
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
    if (C::Os::IgnoresFilter(raw.filter)) continue;
    raw.flags &= static_cast<decltype(raw.flags)>(~bsd::kEV_SYSFLAGS);
    Value value = queue.Change(c.thread, FromRaw<C>(raw));
    if (value == 0 && !(raw.flags & bsd::kEV_RECEIPT)) continue;
    if (room <= failed) co_return value;
    raw.flags = bsd::kEV_ERROR;
    raw.data = static_cast<decltype(raw.data)>(C::Os::ErrorFromHost(static_cast<int>(-value)));
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
      for (const Event& each : taken) raw.push_back(ToRaw<C, Raw>(each));
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

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_EVENT_CALLS_H_
