// Files: the model does to its own descriptors what guests ask for on theirs.
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/model/bsd.h"
#include "kernel/model/calls.h"

namespace faultline::kernel::model {
namespace {

constexpr size_t kChunk = 256 * 1024;

int64_t ReadNow(const File& file, void* to, size_t size, std::optional<int64_t> offset) {
  ssize_t got;
  do {
    if (offset) {
      got = pread64(file.fd, to, size, *offset);
    } else if (file.kind == File::Kind::kSocket) {
      got = recv(file.fd, to, size, MSG_DONTWAIT);
    } else if (file.kind == File::Kind::kPipe || file.kind == File::Kind::kDevice) {
      // What others may have taken meanwhile must not be waited for.
      iovec vector = {.iov_base = to, .iov_len = size};
      got = preadv2(file.fd, &vector, 1, -1, RWF_NOWAIT);
      if (got < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == ESPIPE))
        got = Ready(file, POLLIN) != 0 ? read(file.fd, to, size) : (errno = EAGAIN, -1);
    } else {
      got = read(file.fd, to, size);
    }
  } while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : got;
}

int64_t WriteNow(const File& file, const void* from, size_t size, std::optional<int64_t> offset) {
  ssize_t done;
  do {
    if (offset) {
      done = pwrite64(file.fd, from, size, *offset);
    } else if (file.kind == File::Kind::kSocket) {
      done = send(file.fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else if (file.kind == File::Kind::kPipe || file.kind == File::Kind::kDevice) {
      iovec vector = {.iov_base = const_cast<void*>(from), .iov_len = size};
      done = pwritev2(file.fd, &vector, 1, -1, RWF_NOWAIT);
      if (done < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == ESPIPE)) {
        // A descriptor that is ready takes a pipe's atomic size without waiting.
        done = Ready(file, POLLOUT) != 0 ? write(file.fd, from, std::min<size_t>(size, 4096))
                                         : (errno = EAGAIN, -1);
      }
    } else {
      done = write(file.fd, from, size);
    }
  } while (done < 0 && errno == EINTR);
  return done < 0 ? -errno : done;
}

}  // namespace

Task<Value> Read(Machine& machine, Thread& thread, int number, std::vector<Range> into,
                 std::optional<int64_t> offset) {
  std::shared_ptr<File> file = thread.process->files->Get(number);
  if (!file || (file->flags & O_ACCMODE) == O_WRONLY || file->fd < 0) co_return -EBADF;
  if (file->queue) co_return -ENXIO;
  std::string buffer;
  Value total = 0;
  for (const Range& range : into) {
    uint64_t done = 0;
    while (done < range.size) {
      buffer.resize(std::min<uint64_t>(range.size - done, kChunk));
      std::optional<int64_t> at;
      if (offset) at = *offset + total;
      int64_t got = ReadNow(*file, buffer.data(), buffer.size(), at);
      if (got == -EAGAIN && total == 0 && !(file->flags & O_NONBLOCK)) {
        co_await machine.Open(thread, Machine::Race::kBeforeSleep);
        if (Ready(*file, POLLIN) != 0) continue;
        Value value = co_await machine.SleepForFiles(thread, {{file, POLLIN}});
        if (value != 0) co_return value;
        continue;
      }
      if (got < 0) co_return total != 0 ? total : got;
      if (file->may_block()) machine.FilesChanged();
      if (!thread.host.Write(range.address + done, buffer.data(), static_cast<size_t>(got)))
        co_return -EFAULT;
      done += static_cast<uint64_t>(got);
      total += got;
      if (static_cast<size_t>(got) < buffer.size()) co_return total;
      if (file->may_block() && done < range.size) {
        // More only if it is there.
        if (Ready(*file, POLLIN) == 0) co_return total;
      }
    }
  }
  co_return total;
}

Task<Value> Write(Machine& machine, Thread& thread, int number, std::vector<Range> from,
                  std::optional<int64_t> offset) {
  std::shared_ptr<File> file = thread.process->files->Get(number);
  if (!file || (file->flags & O_ACCMODE) == O_RDONLY || file->fd < 0) co_return -EBADF;
  if (file->queue) co_return -ENXIO;
  std::string buffer;
  Value total = 0;
  for (const Range& range : from) {
    uint64_t done = 0;
    while (done < range.size) {
      buffer.resize(std::min<uint64_t>(range.size - done, kChunk));
      if (!thread.host.Read(range.address + done, buffer.data(), buffer.size()))
        co_return total != 0 ? total : -EFAULT;
      std::optional<int64_t> at;
      if (offset) at = *offset + total;
      int64_t put = WriteNow(*file, buffer.data(), buffer.size(), at);
      if (put == -EAGAIN) {
        if (file->flags & O_NONBLOCK) co_return total != 0 ? total : -EAGAIN;
        co_await machine.Open(thread, Machine::Race::kBeforeSleep);
        if (Ready(*file, POLLOUT) != 0) continue;
        Value value = co_await machine.SleepForFiles(thread, {{file, POLLOUT}});
        if (value != 0) co_return total != 0 ? total : value;
        continue;
      }
      if (put == -EPIPE && file->kind != File::Kind::kFile && !file->no_sigpipe)
        machine.Post(*thread.process,
                     {.signal = bsd::kSIGPIPE, .code = bsd::kSI_USER, .pid = thread.process->pid},
                     &thread);
      if (put < 0) co_return total != 0 ? total : put;
      if (file->may_block()) machine.FilesChanged();
      done += static_cast<uint64_t>(put);
      total += put;
    }
  }
  co_return total;
}

Value FolderOf(Thread& thread, int folder) {
  if (folder == AT_FDCWD) return thread.process->folder < 0 ? AT_FDCWD : thread.process->folder;
  std::shared_ptr<File> file = thread.process->files->Get(folder);
  if (!file || file->fd < 0) return -EBADF;
  return file->fd;
}

Value Open(Thread& thread, int folder, const std::string& path, int flags, mode_t mode) {
  Process& process = *thread.process;
  Value at = FolderOf(thread, folder);
  if (at == -EBADF && path[0] != '/') return at;
  mode_t before = umask(process.file_mask);
  // A pipe or a terminal must not keep the model waiting.
  int fd =
      openat(static_cast<int>(at), path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
  int error = errno;
  umask(before);
  if (fd < 0) return -error;
  auto file = WrapDescriptor(fd, flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC));
  file->path = path;
  return process.files->Add(std::move(file), (flags & O_CLOEXEC) != 0);
}

Value Close(Machine& machine, Thread& thread, int number) {
  if (!thread.process->files->Close(number)) return -EBADF;
  machine.FilesChanged();
  return 0;
}

Value MakePipe(Thread& thread, int flags, int numbers[2]) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -errno;
  int status = flags & O_NONBLOCK;
  FileTable& files = *thread.process->files;
  bool close_on_exec = (flags & O_CLOEXEC) != 0;
  numbers[0] = files.Add(WrapDescriptor(ends[0], O_RDONLY | status), close_on_exec);
  numbers[1] = files.Add(WrapDescriptor(ends[1], O_WRONLY | status), close_on_exec);
  return 0;
}

Task<Value> Poll(Machine& machine, Thread& thread, std::vector<Polled>* polled,
                 std::optional<int64_t> deadline) {
  FileTable& files = *thread.process->files;
  for (bool raced = false;;) {
    Value ready = 0;
    std::vector<Interest> interests;
    for (Polled& each : *polled) {
      each.revents = 0;
      if (each.number < 0) continue;
      std::shared_ptr<File> file = files.Get(each.number);
      if (!file) {
        each.revents = POLLNVAL;
      } else {
        each.revents = Ready(*file, each.events);
        interests.push_back({.file = std::move(file), .events = each.events});
      }
      if (each.revents != 0) ++ready;
    }
    if (ready != 0 || (deadline && *deadline <= Machine::Now())) co_return ready;
    if (!raced) {
      raced = true;
      co_await machine.Open(thread, Machine::Race::kBeforeSleep);
      continue;
    }
    Value value = co_await machine.SleepForFiles(thread, std::move(interests), deadline);
    if (value == kRestart) co_return -EINTR;
    if (value == -EINTR) co_return value;
  }
}

}  // namespace faultline::kernel::model
