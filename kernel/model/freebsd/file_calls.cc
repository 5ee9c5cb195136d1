#include "kernel/model/freebsd/file_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/bsd/file_calls.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_read, kO_CREAT, …

static_assert(kAT_FDCWD == AT_FDCWD);

// ---- Reading and writing ------------------------------------------------------------------------

Value OpenPath(Context& c, int folder, uint64_t path_at, int flags, int mode) {
  Value error = 0;
  std::optional<std::string> path = ReadString(c.thread, path_at, &error);
  if (!path) return error;
  return Open(c.thread, folder, *path, FlagsToHost<Os>(flags), static_cast<mode_t>(mode));
}

Value OpenCall(Context& c) {
  uint64_t path = c.Word();
  int flags = c.Int();
  return OpenPath(c, kAT_FDCWD, path, flags, c.Int());
}

Value OpenAt(Context& c) {
  int folder = c.Int();
  uint64_t path = c.Word();
  int flags = c.Int();
  return OpenPath(c, folder, path, flags, c.Int());
}

Value CloseFrom(Context& c) {
  c.process.files->CloseFrom(std::max(0, c.Int()), INT32_MAX);
  c.machine.FilesChanged();
  return 0;
}

Value CloseRange(Context& c) {
  auto from = static_cast<uint32_t>(c.Word()), to = static_cast<uint32_t>(c.Word());
  if (from > to || c.Int() != 0) return -EINVAL;
  c.process.files->CloseFrom(static_cast<int>(std::min<uint32_t>(from, INT32_MAX)),
                             static_cast<int>(std::min<uint32_t>(to, INT32_MAX)));
  c.machine.FilesChanged();
  return 0;
}

// F_DUPFD_CLOEXEC, F_DUP2FD and so on, sys/fcntl.h.
constexpr int kF_DUP2FD = 10, kF_DUPFD_CLOEXEC = 17, kF_DUP2FD_CLOEXEC = 18;

Value Fcntl(Context& c) {
  int number = c.Int(), command = c.Int();
  auto argument = static_cast<int64_t>(c.Word());
  Descriptor* descriptor = c.process.files->Find(number);
  if (descriptor == nullptr) return -EBADF;
  switch (command) {
    case kF_DUPFD:
    case kF_DUPFD_CLOEXEC:
      if (argument < 0) return -EINVAL;
      return c.process.files->Add(descriptor->file, command == kF_DUPFD_CLOEXEC,
                                  static_cast<int>(argument));
    case kF_DUP2FD:
    case kF_DUP2FD_CLOEXEC: {
      if (argument < 0) return -EBADF;
      auto file = descriptor->file;
      c.process.files->Put(static_cast<int>(argument), file, command == kF_DUP2FD_CLOEXEC);
      return argument;
    }
    case kF_GETFD:
      return descriptor->close_on_exec ? kFD_CLOEXEC : 0;
    case kF_SETFD:
      descriptor->close_on_exec = (argument & kFD_CLOEXEC) != 0;
      return 0;
    case kF_GETFL:
      return FlagsFromHost<Os>(descriptor->file->flags);
    case kF_SETFL: {
      int host = FlagsToHost<Os>(static_cast<int>(argument)) & (O_NONBLOCK | O_APPEND);
      File& file = *descriptor->file;
      file.flags = (file.flags & ~(O_NONBLOCK | O_APPEND)) | host;
      if (file.fd >= 0 && !file.may_block()) fcntl(file.fd, F_SETFL, host & O_APPEND);
      return 0;
    }
    default:
      return -EINVAL;
  }
}

Value Lseek(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  int64_t offset = c.Wide();
  int whence = c.Int();
  if (!file || file->fd < 0) return -EBADF;
  off64_t at = lseek64(file->fd, offset, whence);
  if (at < 0) return -errno;
  // 64 bits in two registers.
  if (!c.amd64) c.SetSecond(static_cast<uint64_t>(at) >> 32);
  return at;
}

Value Ftruncate(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  int64_t size = c.Wide();
  if (!file || file->fd < 0) return -EBADF;
  return ftruncate64(file->fd, size) == 0 ? 0 : -errno;
}

Value Fsync(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  if (!file || file->fd < 0) return -EBADF;
  return fsync(file->fd) == 0 ? 0 : -errno;
}

// sys/filio.h and sys/ttycom.h: the few that programs use to see what they have.
constexpr uint32_t kTIOCGETA = 0x402c7413, kTIOCGWINSZ = 0x40087468, kFIONBIO = 0x8004667e,
                   kFIONREAD = 0x4004667f, kFIOCLEX = 0x20006601, kFIONCLEX = 0x20006602;

Value Ioctl(Context& c) {
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

// Waits under another mask.
Task<Value> WithMask(Context& c, std::optional<SignalSet> mask, Task<Value> call) {
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

Task<Value> Ppoll(Context& c) {
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

Task<Value> SelectUntil(Context& c, int count, uint64_t read_at, uint64_t write_at,
                        uint64_t except_at, std::optional<int64_t> deadline) {
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

Task<Value> SelectCall(Context& c) {
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

Task<Value> Pselect(Context& c) {
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

// ---- Names --------------------------------------------------------------------------------------

Value Unlink(Context& c) {
  return AtPlace(c, kAT_FDCWD, c.Word(),
                 [](const Place& p) { return unlinkat(p.folder, p.path.c_str(), 0); });
}

Value UnlinkAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  int flags = c.Int() & kAT_REMOVEDIR ? AT_REMOVEDIR : 0;
  return AtPlace(c, folder, at,
                 [&](const Place& p) { return unlinkat(p.folder, p.path.c_str(), flags); });
}

Value Rmdir(Context& c) {
  return AtPlace(c, kAT_FDCWD, c.Word(),
                 [](const Place& p) { return unlinkat(p.folder, p.path.c_str(), AT_REMOVEDIR); });
}

Value MakeFolder(Context& c, int folder, uint64_t at, int mode) {
  return AtPlace(c, folder, at, [&](const Place& p) {
    mode_t before = umask(c.process.file_mask);
    int result = mkdirat(p.folder, p.path.c_str(), static_cast<mode_t>(mode));
    umask(before);
    return result;
  });
}

Value Mkdir(Context& c) {
  uint64_t at = c.Word();
  return MakeFolder(c, kAT_FDCWD, at, c.Int());
}

Value MkdirAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  return MakeFolder(c, folder, at, c.Int());
}

Value Access(Context& c) {
  uint64_t at = c.Word();
  int mode = c.Int();
  return AtPlace(c, kAT_FDCWD, at,
                 [&](const Place& p) { return faccessat(p.folder, p.path.c_str(), mode, 0); });
}

Value FaccessAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  int mode = c.Int();
  return AtPlace(c, folder, at,
                 [&](const Place& p) { return faccessat(p.folder, p.path.c_str(), mode, 0); });
}

Value Chmod(Context& c) {
  uint64_t at = c.Word();
  int mode = c.Int();
  return AtPlace(c, kAT_FDCWD, at, [&](const Place& p) {
    return fchmodat(p.folder, p.path.c_str(), static_cast<mode_t>(mode), 0);
  });
}

Value FchmodAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  int mode = c.Int();
  return AtPlace(c, folder, at, [&](const Place& p) {
    return fchmodat(p.folder, p.path.c_str(), static_cast<mode_t>(mode), 0);
  });
}

Value Fchmod(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  if (!file || file->fd < 0) return -EBADF;
  return fchmod(file->fd, static_cast<mode_t>(c.Int())) == 0 ? 0 : -errno;
}

Value RenameBetween(Context& c, int from_folder, uint64_t from_at, int to_folder, uint64_t to_at) {
  Value error = 0;
  std::optional<Place> from = GetPlace(c, from_folder, from_at, &error);
  if (!from) return error;
  std::optional<Place> to = GetPlace(c, to_folder, to_at, &error);
  if (!to) return error;
  return renameat(from->folder, from->path.c_str(), to->folder, to->path.c_str()) == 0 ? 0 : -errno;
}

Value Rename(Context& c) {
  uint64_t from = c.Word();
  return RenameBetween(c, kAT_FDCWD, from, kAT_FDCWD, c.Word());
}

Value RenameAt(Context& c) {
  int from_folder = c.Int();
  uint64_t from = c.Word();
  int to_folder = c.Int();
  return RenameBetween(c, from_folder, from, to_folder, c.Word());
}

Value SymlinkAs(Context& c, uint64_t text_at, int folder, uint64_t at) {
  Value error = 0;
  std::optional<std::string> text = ReadString(c.thread, text_at, &error);
  if (!text) return error;
  return AtPlace(c, folder, at, [&](const Place& p) {
    return symlinkat(text->c_str(), p.folder, p.path.c_str());
  });
}

Value Symlink(Context& c) {
  uint64_t text = c.Word();
  return SymlinkAs(c, text, kAT_FDCWD, c.Word());
}

Value SymlinkAt(Context& c) {
  uint64_t text = c.Word();
  int folder = c.Int();
  return SymlinkAs(c, text, folder, c.Word());
}

Value ReadLinkAs(Context& c, int folder, uint64_t at, uint64_t to, uint64_t size) {
  Value error = 0;
  std::optional<Place> place = GetPlace(c, folder, at, &error);
  if (!place) return error;
  std::string text(std::min<uint64_t>(size, 4096), '\0');
  ssize_t got = readlinkat(place->folder, place->path.c_str(), text.data(), text.size());
  if (got < 0) return -errno;
  return c.thread.host.Write(to, text.data(), static_cast<size_t>(got)) ? got : -EFAULT;
}

Value ReadLink(Context& c) {
  uint64_t at = c.Word(), to = c.Word();
  return ReadLinkAs(c, kAT_FDCWD, at, to, c.Word());
}

Value ReadLinkAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word(), to = c.Word();
  return ReadLinkAs(c, folder, at, to, c.Word());
}

Value EnterFolder(Context& c, int fd) {
  if (fd < 0) return -errno;
  if (c.process.folder >= 0) close(c.process.folder);
  c.process.folder = fd;
  return 0;
}

Value Chdir(Context& c) {
  Value error = 0;
  std::optional<Place> place = GetPlace(c, kAT_FDCWD, c.Word(), &error);
  if (!place) return error;
  return EnterFolder(c,
                     openat(place->folder, place->path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

Value Fchdir(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  if (!file || file->fd < 0) return -EBADF;
  return EnterFolder(c, openat(file->fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

Value GetCwd(Context& c) {
  uint64_t to = c.Word(), size = c.Word();
  char path[4096] = {};
  if (c.process.folder < 0) {
    if (getcwd(path, sizeof path) == nullptr) return -errno;
  } else {
    std::string link = "/proc/self/fd/" + std::to_string(c.process.folder);
    if (readlink(link.c_str(), path, sizeof path - 1) < 0) return -errno;
  }
  size_t length = strlen(path) + 1;
  if (length > size) return -ERANGE;
  return c.thread.host.Write(to, path, length) ? 0 : -EFAULT;
}

}  // namespace

std::optional<Place> GetPlace(Context& c, int folder, uint64_t at, Value* error) {
  std::optional<std::string> path = ReadString(c.thread, at, error);
  if (!path) return std::nullopt;
  Value host = FolderOf(c.thread, folder);
  if (host == -EBADF && (*path)[0] == '/') host = AT_FDCWD;
  if (host == -EBADF) {
    *error = host;
    return std::nullopt;
  }
  return Place{.folder = static_cast<int>(host), .path = std::move(*path)};
}

void AddFileCalls(const TellNow& now, const TellLater& later) {
  later(k_read, ReadCall, 0);
  later(k_write, WriteCall, 0);
  later(k_pread, Pread, 0);
  later(k_pwrite, Pwrite, 0);
  later(k_readv, ReadV, 0);
  later(k_writev, WriteV, 0);
  now(k_open, OpenCall, 0);
  now(k_openat, OpenAt, 800000);
  now(k_close, CloseCall, 0);
  now(k_freebsd12_closefrom, CloseFrom, 800000);
  now(k_close_range, CloseRange, 1300000);
  now(k_freebsd10_pipe, Pipe, 0);
  now(k_pipe2, Pipe2, 1000000);
  now(k_dup, Dup, 0);
  now(k_dup2, Dup2, 0);
  now(k_fcntl, Fcntl, 0);
  now(k_lseek, Lseek, 0);
  now(k_ftruncate, Ftruncate, 0);
  now(k_fsync, Fsync, 0);
  now(k_fdatasync, Fsync, 1100000);
  now(k_ioctl, Ioctl, 0);
  later(k_poll, PollCall, 0);
  later(k_ppoll, Ppoll, 1000000);
  later(k_select, SelectCall, 0);
  later(k_pselect, Pselect, 800000);
  now(k_unlink, Unlink, 0);
  now(k_unlinkat, UnlinkAt, 800000);
  now(k_rmdir, Rmdir, 0);
  now(k_mkdir, Mkdir, 0);
  now(k_mkdirat, MkdirAt, 800000);
  now(k_access, Access, 0);
  now(k_faccessat, FaccessAt, 800000);
  now(k_chmod, Chmod, 0);
  now(k_fchmod, Fchmod, 0);
  now(k_fchmodat, FchmodAt, 800000);
  now(k_rename, Rename, 0);
  now(k_renameat, RenameAt, 800000);
  now(k_symlink, Symlink, 0);
  now(k_symlinkat, SymlinkAt, 800000);
  now(k_readlink, ReadLink, 0);
  now(k_readlinkat, ReadLinkAt, 800000);
  now(k_chdir, Chdir, 0);
  now(k_fchdir, Fchdir, 0);
  now(k___getcwd, GetCwd, 0);
}

}  // namespace faultline::kernel::model::freebsd
