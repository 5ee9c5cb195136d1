// Calls on files that are the same on all BSDs (see calls.h).
#ifndef FAULTLINE_KERNEL_MODEL_BSD_FILE_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_FILE_CALLS_H_

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
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
  int64_t offset = c.Offset();
  if (offset < 0) co_return -EINVAL;
  co_return co_await Read(c.machine, c.thread, number, {{.address = to, .size = size}}, offset);
}

template <typename C>
Task<Value> Pwrite(C& c) {
  int number = c.Int();
  uint64_t from = c.Word(), size = c.Word();
  int64_t offset = c.Offset();
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

template <typename C>
Value OpenPath(C& c, int folder, uint64_t path_at, int flags, int mode) {
  Value error = 0;
  std::optional<std::string> path = ReadString(c.thread, path_at, &error);
  if (!path) return error;
  return Open(c.thread, folder, *path, FlagsToHost<typename C::Os>(flags),
              static_cast<mode_t>(mode));
}

template <typename C>
Value OpenCall(C& c) {
  uint64_t path = c.Word();
  int flags = c.Int();
  return OpenPath(c, AT_FDCWD, path, flags, c.Int());
}

template <typename C>
Value OpenAt(C& c) {
  int folder = c.Int();
  uint64_t path = c.Word();
  int flags = c.Int();
  return OpenPath(c, folder, path, flags, c.Int());
}

template <typename C>
Value CloseFrom(C& c) {
  c.process.files->CloseFrom(std::max(0, c.Int()), INT32_MAX);
  c.machine.FilesChanged();
  return 0;
}

template <typename C>
Value Fcntl(C& c) {
  int number = c.Int(), command = c.Int();
  auto argument = static_cast<int64_t>(c.Word());
  Descriptor* descriptor = c.process.files->Find(number);
  if (descriptor == nullptr) return -EBADF;
  if constexpr (requires { C::Os::kF_DUP2FD; }) {
    if (command == C::Os::kF_DUP2FD || command == C::Os::kF_DUP2FD_CLOEXEC) {
      if (argument < 0) return -EBADF;
      auto file = descriptor->file;
      c.process.files->Put(static_cast<int>(argument), file, command == C::Os::kF_DUP2FD_CLOEXEC);
      return argument;
    }
  }
  switch (command) {
    case bsd::kF_DUPFD:
    case C::Os::kF_DUPFD_CLOEXEC:
      if (argument < 0) return -EINVAL;
      return c.process.files->Add(descriptor->file, command == C::Os::kF_DUPFD_CLOEXEC,
                                  static_cast<int>(argument));
    case bsd::kF_GETFD:
      return descriptor->close_on_exec ? bsd::kFD_CLOEXEC : 0;
    case bsd::kF_SETFD:
      descriptor->close_on_exec = (argument & bsd::kFD_CLOEXEC) != 0;
      return 0;
    case bsd::kF_GETFL:
      return FlagsFromHost<typename C::Os>(descriptor->file->flags);
    case bsd::kF_SETFL: {
      int host = FlagsToHost<typename C::Os>(static_cast<int>(argument)) & (O_NONBLOCK | O_APPEND);
      File& file = *descriptor->file;
      file.flags = (file.flags & ~(O_NONBLOCK | O_APPEND)) | host;
      if (file.fd >= 0 && !file.may_block()) fcntl(file.fd, F_SETFL, host & O_APPEND);
      return 0;
    }
    default:
      return -EINVAL;
  }
}

template <typename C>
Value Lseek(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  int64_t offset = c.Offset();
  int whence = c.Int();
  if (!file || file->fd < 0) return -EBADF;
  off64_t at = lseek64(file->fd, offset, whence);
  if (at < 0) return -errno;
  // 64 bits in two registers.
  if (!c.amd64) c.SetSecond(static_cast<uint64_t>(at) >> 32);
  return at;
}

template <typename C>
Value Ftruncate(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  int64_t size = c.Offset();
  if (!file || file->fd < 0) return -EBADF;
  return ftruncate64(file->fd, size) == 0 ? 0 : -errno;
}

template <typename C>
Value Fsync(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  if (!file || file->fd < 0) return -EBADF;
  return fsync(file->fd) == 0 ? 0 : -errno;
}

// sys/filio.h and sys/ttycom.h: the few that programs use to see what they have.
inline constexpr uint32_t kTIOCGETA = 0x402c7413, kTIOCGWINSZ = 0x40087468, kFIONBIO = 0x8004667e,
                          kFIONREAD = 0x4004667f, kFIOCLEX = 0x20006601, kFIONCLEX = 0x20006602;

template <typename C>
Value Ioctl(C& c) {
  int number = c.Int();
  auto request = static_cast<uint32_t>(c.Word());
  uint64_t at = c.Word();
  Descriptor* descriptor = c.process.files->Find(number);
  if (descriptor == nullptr) return -EBADF;
  File& file = *descriptor->file;
  switch (request) {
    case kFIOCLEX:
    case kFIONCLEX:
      descriptor->close_on_exec = request == kFIOCLEX;
      return 0;
    case kFIONBIO: {
      int32_t on;
      if (!c.Get(at, &on)) return -EFAULT;
      file.flags = on ? file.flags | O_NONBLOCK : file.flags & ~O_NONBLOCK;
      return 0;
    }
    case kFIONREAD: {
      int size = 0;
      if (ioctl(file.fd, FIONREAD, &size) != 0) return -errno;
      return c.Put(at, static_cast<int32_t>(size)) ? 0 : -EFAULT;
    }
    case kTIOCGWINSZ: {
      winsize size;
      if (ioctl(file.fd, TIOCGWINSZ, &size) != 0) return -errno;
      return c.Put(at, size) ? 0 : -EFAULT;
    }
    case kTIOCGETA: {
      if (isatty(file.fd) == 0) return -ENOTTY;
      // struct termios, 44 bytes: enough for isatty.
      std::array<char, 44> termios = {};
      return c.Put(at, termios) ? 0 : -EFAULT;
    }
    default:
      return -ENOTTY;
  }
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

// Waits under another mask.
template <typename C>
Task<Value> WithMask(C& c, std::optional<SignalSet> mask, Task<Value> call) {
  if (mask) {
    c.thread.old_mask = c.thread.mask;
    c.machine.SetMask(c.thread, *mask);
  }
  Value value = co_await std::move(call);
  if (mask && value != -EINTR && c.thread.old_mask) {
    SignalSet before = *c.thread.old_mask;
    c.thread.old_mask.reset();
    c.machine.SetMask(c.thread, before);
  } else if (mask) {
    c.thread.notified = true;
  }
  co_return value;
}

template <typename C>
Task<Value> Ppoll(C& c) {
  uint64_t at = c.Word();
  auto count = static_cast<uint32_t>(c.Word());
  uint64_t time_at = c.Word(), mask_at = c.Word();
  std::optional<int64_t> deadline;
  Value error = 0;
  if (time_at != 0) {
    std::optional<int64_t> time = c.GetTimespec(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time;
  }
  std::optional<SignalSet> mask;
  if (mask_at != 0 && !(mask = c.GetMask(mask_at))) co_return -EFAULT;
  co_return co_await WithMask(c, mask, PollUntil(c, at, count, deadline));
}

template <typename C>
Task<Value> SelectUntil(C& c, int count, uint64_t read_at, uint64_t write_at, uint64_t except_at,
                        std::optional<int64_t> deadline) {
  constexpr int kMost = 65536;
  if (count < 0) co_return -EINVAL;
  count = std::min(count, kMost);
  size_t width = c.amd64 ? 8 : 4;
  size_t bytes = (static_cast<size_t>(count) + width * 8 - 1) / (width * 8) * width;
  uint64_t places[3] = {read_at, write_at, except_at};
  constexpr short kEvents[3] = {POLLIN, POLLOUT, POLLPRI};
  std::string sets[3];
  std::vector<Polled> polled;
  for (int i = 0; i < 3; ++i) {
    sets[i].resize(bytes);
    if (places[i] == 0) continue;
    if (!c.thread.host.Read(places[i], sets[i].data(), bytes)) co_return -EFAULT;
  }
  for (int number = 0; number < count; ++number) {
    short events = 0;
    for (int i = 0; i < 3; ++i)
      if (sets[i][static_cast<size_t>(number / 8)] >> (number % 8) & 1) events |= kEvents[i];
    if (events == 0) continue;
    if (!c.process.files->Get(number)) co_return -EBADF;
    polled.push_back({.number = number, .events = events, .revents = 0});
  }
  Value value = co_await Poll(c.machine, c.thread, &polled, deadline);
  if (value < 0) co_return value;
  Value ready = 0;
  for (std::string& set : sets) std::fill(set.begin(), set.end(), '\0');
  for (const Polled& each : polled) {
    constexpr short kShown[3] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
    for (int i = 0; i < 3; ++i) {
      if (!(each.events & kEvents[i]) || !(each.revents & kShown[i])) continue;
      char& byte = sets[i][static_cast<size_t>(each.number / 8)];
      byte = static_cast<char>(byte | 1 << each.number % 8);
      ++ready;
    }
  }
  for (int i = 0; i < 3; ++i)
    if (places[i] != 0 && !c.thread.host.Write(places[i], sets[i].data(), bytes)) co_return -EFAULT;
  co_return ready;
}

template <typename C>
Task<Value> SelectCall(C& c) {
  int count = c.Int();
  uint64_t read_at = c.Word(), write_at = c.Word(), except_at = c.Word(), time_at = c.Word();
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    Value error = 0;
    std::optional<int64_t> time = c.GetTimeval(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time;
  }
  co_return co_await SelectUntil(c, count, read_at, write_at, except_at, deadline);
}

template <typename C>
Task<Value> Pselect(C& c) {
  int count = c.Int();
  uint64_t read_at = c.Word(), write_at = c.Word(), except_at = c.Word(), time_at = c.Word();
  uint64_t mask_at = c.Word();
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    Value error = 0;
    std::optional<int64_t> time = c.GetTimespec(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time;
  }
  std::optional<SignalSet> mask;
  if (mask_at != 0 && !(mask = c.GetMask(mask_at))) co_return -EFAULT;
  co_return co_await WithMask(c, mask,
                              SelectUntil(c, count, read_at, write_at, except_at, deadline));
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_FILE_CALLS_H_
