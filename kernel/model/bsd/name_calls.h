// Calls on the names of files that are the same on all BSDs (see calls.h).
#ifndef FAULTLINE_KERNEL_MODEL_BSD_NAME_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_NAME_CALLS_H_

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "kernel/model/calls.h"

namespace faultline::kernel::model {

// A path argument and the folder that it is relative to, in the host's terms.
struct Place {
  int folder;
  std::string path;
};
// -EFAULT, -ENAMETOOLONG or -EBADF in `error`.
template <typename C>
std::optional<Place> GetPlace(C& c, int folder, uint64_t at, Value* error) {
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

// The result of a host call, f(const Place&), that returns 0 or sets errno.
template <typename C, typename F>
Value AtPlace(C& c, int folder, uint64_t at, F&& f) {
  Value error = 0;
  std::optional<Place> place = GetPlace(c, folder, at, &error);
  if (!place) return error;
  return f(*place) == 0 ? 0 : -errno;
}

template <typename C>
Value Unlink(C& c) {
  return AtPlace(c, AT_FDCWD, c.Word(),
                 [](const Place& p) { return unlinkat(p.folder, p.path.c_str(), 0); });
}

template <typename C>
Value UnlinkAt(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  int flags = c.Int() & C::Os::kAT_REMOVEDIR ? AT_REMOVEDIR : 0;
  return AtPlace(c, folder, at,
                 [&](const Place& p) { return unlinkat(p.folder, p.path.c_str(), flags); });
}

template <typename C>
Value Rmdir(C& c) {
  return AtPlace(c, AT_FDCWD, c.Word(),
                 [](const Place& p) { return unlinkat(p.folder, p.path.c_str(), AT_REMOVEDIR); });
}

template <typename C>
Value MakeFolder(C& c, int folder, uint64_t at, int mode) {
  return AtPlace(c, folder, at, [&](const Place& p) {
    mode_t before = umask(c.process.file_mask);
    int result = mkdirat(p.folder, p.path.c_str(), static_cast<mode_t>(mode));
    umask(before);
    return result;
  });
}

template <typename C>
Value Mkdir(C& c) {
  uint64_t at = c.Word();
  return MakeFolder(c, AT_FDCWD, at, c.Int());
}

template <typename C>
Value MkdirAt(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  return MakeFolder(c, folder, at, c.Int());
}

template <typename C>
Value Access(C& c) {
  uint64_t at = c.Word();
  int mode = c.Int();
  return AtPlace(c, AT_FDCWD, at,
                 [&](const Place& p) { return faccessat(p.folder, p.path.c_str(), mode, 0); });
}

template <typename C>
Value FaccessAt(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  int mode = c.Int();
  return AtPlace(c, folder, at,
                 [&](const Place& p) { return faccessat(p.folder, p.path.c_str(), mode, 0); });
}

template <typename C>
Value Chmod(C& c) {
  uint64_t at = c.Word();
  int mode = c.Int();
  return AtPlace(c, AT_FDCWD, at, [&](const Place& p) {
    return fchmodat(p.folder, p.path.c_str(), static_cast<mode_t>(mode), 0);
  });
}

template <typename C>
Value FchmodAt(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  int mode = c.Int();
  return AtPlace(c, folder, at, [&](const Place& p) {
    return fchmodat(p.folder, p.path.c_str(), static_cast<mode_t>(mode), 0);
  });
}

template <typename C>
Value Fchmod(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  if (!file || file->fd < 0) return -EBADF;
  return fchmod(file->fd, static_cast<mode_t>(c.Int())) == 0 ? 0 : -errno;
}

template <typename C>
Value RenameBetween(C& c, int from_folder, uint64_t from_at, int to_folder, uint64_t to_at) {
  Value error = 0;
  std::optional<Place> from = GetPlace(c, from_folder, from_at, &error);
  if (!from) return error;
  std::optional<Place> to = GetPlace(c, to_folder, to_at, &error);
  if (!to) return error;
  return renameat(from->folder, from->path.c_str(), to->folder, to->path.c_str()) == 0 ? 0 : -errno;
}

template <typename C>
Value Rename(C& c) {
  uint64_t from = c.Word();
  return RenameBetween(c, AT_FDCWD, from, AT_FDCWD, c.Word());
}

template <typename C>
Value RenameAt(C& c) {
  int from_folder = c.Int();
  uint64_t from = c.Word();
  int to_folder = c.Int();
  return RenameBetween(c, from_folder, from, to_folder, c.Word());
}

template <typename C>
Value SymlinkAs(C& c, uint64_t text_at, int folder, uint64_t at) {
  Value error = 0;
  std::optional<std::string> text = ReadString(c.thread, text_at, &error);
  if (!text) return error;
  return AtPlace(c, folder, at, [&](const Place& p) {
    return symlinkat(text->c_str(), p.folder, p.path.c_str());
  });
}

template <typename C>
Value Symlink(C& c) {
  uint64_t text = c.Word();
  return SymlinkAs(c, text, AT_FDCWD, c.Word());
}

template <typename C>
Value SymlinkAt(C& c) {
  uint64_t text = c.Word();
  int folder = c.Int();
  return SymlinkAs(c, text, folder, c.Word());
}

template <typename C>
Value ReadLinkAs(C& c, int folder, uint64_t at, uint64_t to, uint64_t size) {
  Value error = 0;
  std::optional<Place> place = GetPlace(c, folder, at, &error);
  if (!place) return error;
  std::string text(std::min<uint64_t>(size, 4096), '\0');
  ssize_t got = readlinkat(place->folder, place->path.c_str(), text.data(), text.size());
  if (got < 0) return -errno;
  return c.thread.host.Write(to, text.data(), static_cast<size_t>(got)) ? got : -EFAULT;
}

template <typename C>
Value ReadLink(C& c) {
  uint64_t at = c.Word(), to = c.Word();
  return ReadLinkAs(c, AT_FDCWD, at, to, c.Word());
}

template <typename C>
Value ReadLinkAt(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word(), to = c.Word();
  return ReadLinkAs(c, folder, at, to, c.Word());
}

template <typename C>
Value EnterFolder(C& c, int fd) {
  if (fd < 0) return -errno;
  if (c.process.folder >= 0) close(c.process.folder);
  c.process.folder = fd;
  return 0;
}

template <typename C>
Value Chdir(C& c) {
  Value error = 0;
  std::optional<Place> place = GetPlace(c, AT_FDCWD, c.Word(), &error);
  if (!place) return error;
  return EnterFolder(c,
                     openat(place->folder, place->path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

template <typename C>
Value Fchdir(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  if (!file || file->fd < 0) return -EBADF;
  return EnterFolder(c, openat(file->fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

template <typename C>
Value GetCwd(C& c) {
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
  if (!c.thread.host.Write(to, path, length)) return -EFAULT;
  if constexpr (requires { requires C::Os::kGetcwdTellsLength; }) return static_cast<Value>(length);
  return 0;
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_NAME_CALLS_H_
