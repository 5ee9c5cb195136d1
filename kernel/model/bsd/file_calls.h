// Calls on files that are the same on all BSDs (see calls.h).
#ifndef FAULTLINE_KERNEL_MODEL_BSD_FILE_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_FILE_CALLS_H_

#include <errno.h>
#include <fcntl.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/model/bsd.h"
#include "kernel/model/bsd/flags.h"
#include "kernel/model/calls.h"

namespace faultline::kernel::model {

// ---- Reading and writing ------------------------------------------------------------------------

template <typename C>
Task<Value> ReadCall(C& c) {
  int number = c.Int();
  uint64_t to = c.Word(), size = c.Word();
  co_return co_await Read(c.machine, c.thread, number, {{.address = to, .size = size}}, {});
}

template <typename C>
Task<Value> WriteCall(C& c) {
  int number = c.Int();
  uint64_t from = c.Word(), size = c.Word();
  co_return co_await Write(c.machine, c.thread, number, {{.address = from, .size = size}}, {});
}

template <typename C>
Task<Value> Pread(C& c) {
  int number = c.Int();
  uint64_t to = c.Word(), size = c.Word();
  int64_t offset = c.Wide();
  if (offset < 0) co_return -EINVAL;
  co_return co_await Read(c.machine, c.thread, number, {{.address = to, .size = size}}, offset);
}

template <typename C>
Task<Value> Pwrite(C& c) {
  int number = c.Int();
  uint64_t from = c.Word(), size = c.Word();
  int64_t offset = c.Wide();
  if (offset < 0) co_return -EINVAL;
  co_return co_await Write(c.machine, c.thread, number, {{.address = from, .size = size}}, offset);
}

template <typename C>
Task<Value> ReadV(C& c) {
  int number = c.Int();
  Value error = 0;
  uint64_t at = c.Word();
  auto ranges = c.GetRanges(at, c.Int(), &error);
  if (!ranges) co_return error;
  co_return co_await Read(c.machine, c.thread, number, std::move(*ranges), {});
}

template <typename C>
Task<Value> WriteV(C& c) {
  int number = c.Int();
  Value error = 0;
  uint64_t at = c.Word();
  auto ranges = c.GetRanges(at, c.Int(), &error);
  if (!ranges) co_return error;
  co_return co_await Write(c.machine, c.thread, number, std::move(*ranges), {});
}

template <typename C>
Value CloseCall(C& c) {
  return Close(c.machine, c.thread, c.Int());
}

// Both ends are results: rax and rdx.
template <typename C>
Value Pipe(C& c) {
  int numbers[2];
  if (Value value = MakePipe(c.thread, 0, numbers); value != 0) return value;
  c.SetSecond(static_cast<uint64_t>(numbers[1]));
  return numbers[0];
}

template <typename C>
Value Pipe2(C& c) {
  uint64_t to = c.Word();
  int flags = c.Int();
  if (flags & ~(C::Os::kO_CLOEXEC | bsd::kO_NONBLOCK)) return -EINVAL;
  int32_t numbers[2];
  if (Value value = MakePipe(c.thread, FlagsToHost<typename C::Os>(flags), numbers); value != 0)
    return value;
  return c.thread.host.Write(to, numbers, sizeof numbers) ? 0 : -EFAULT;
}

template <typename C>
Value Dup(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  return file ? c.process.files->Add(std::move(file), false) : -EBADF;
}

template <typename C>
Value Dup2(C& c) {
  int from = c.Int(), to = c.Int();
  std::shared_ptr<File> file = c.process.files->Get(from);
  if (!file || to < 0) return -EBADF;
  if (from != to) {
    c.process.files->Put(to, std::move(file), false);
    c.machine.FilesChanged();
  }
  return to;
}

// ---- Waiting for files --------------------------------------------------------------------------

template <typename C>
Task<Value> PollUntil(C& c, uint64_t at, uint32_t count, std::optional<int64_t> deadline) {
  if (count > 65536) co_return -EINVAL;
  std::vector<bsd::PollFd> raw(count);
  if (!c.thread.host.Read(at, raw.data(), count * sizeof raw[0])) co_return -EFAULT;
  // The bits of the common events are the same on both; POLLRDNORM and its like are 0x40 on both.
  std::vector<Polled> polled;
  polled.reserve(count);
  for (const bsd::PollFd& each : raw)
    polled.push_back({.number = each.fd, .events = each.events, .revents = 0});
  Value value = co_await Poll(c.machine, c.thread, &polled, deadline);
  if (value < 0) co_return value;
  for (size_t i = 0; i < raw.size(); ++i) raw[i].revents = polled[i].revents;
  if (!c.thread.host.Write(at, raw.data(), count * sizeof raw[0])) co_return -EFAULT;
  co_return value;
}

template <typename C>
Task<Value> PollCall(C& c) {
  uint64_t at = c.Word();
  auto count = static_cast<uint32_t>(c.Word());
  int timeout = c.Int();
  std::optional<int64_t> deadline;
  if (timeout >= 0) deadline = Machine::Now() + timeout * 1000000ll;
  co_return co_await PollUntil(c, at, count, deadline);
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_FILE_CALLS_H_
