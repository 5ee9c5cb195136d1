// What programs are told of files, and what they change of that, the same on all BSDs (see
// calls.h): status, entries of folders, times, owners, links.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_STATUS_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_STATUS_CALLS_H_

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "kernel/model/bsd/context.h"
#include "kernel/model/bsd/name_calls.h"

namespace faultline::kernel::model {

// ---- Status -------------------------------------------------------------------------------------

// Of any age. Source of what is cut off: FreeBSD's vfs_syscalls.c, freebsd11_cvtstat.
template <typename Abi, typename Raw>
Raw FromStatus(const struct stat& status) {
  auto time = [](const timespec& from) {
    typename Abi::Timespec to = {};
    to.sec = static_cast<decltype(to.sec)>(from.tv_sec);
    to.nsec = static_cast<decltype(to.nsec)>(from.tv_nsec);
    return to;
  };
  Raw raw = {};
  raw.dev = static_cast<decltype(raw.dev)>(status.st_dev);
  raw.ino = static_cast<decltype(raw.ino)>(status.st_ino);
  raw.mode = static_cast<decltype(raw.mode)>(status.st_mode);  // the bits are the same on all
  raw.nlink = static_cast<decltype(raw.nlink)>(status.st_nlink);
  raw.uid = status.st_uid;
  raw.gid = status.st_gid;
  raw.rdev = static_cast<decltype(raw.rdev)>(status.st_rdev);
  raw.atim = time(status.st_atim);
  raw.mtim = time(status.st_mtim);
  raw.ctim = time(status.st_ctim);
  // A file system that does not know says -1 (vn_stat, vattr_null).
  raw.birthtim = time({.tv_sec = -1, .tv_nsec = 0});
  raw.size = status.st_size;
  raw.blocks = status.st_blocks;
  raw.blksize = static_cast<decltype(raw.blksize)>(status.st_blksize);
  return raw;
}

// The layout of a system's struct stat, where there is but one. L of the calls below: this, or a
// type like it.
struct LayoutNow {
  template <typename Abi>
  using Stat = typename Abi::Stat;
};

template <typename L, typename C>
Value PutStatus(const C& c, uint64_t to, const struct stat& status) {
  return ByArch(c, [&]<typename Abi>() -> Value {
    return c.Put(to, FromStatus<Abi, typename L::template Stat<Abi>>(status)) ? 0 : -EFAULT;
  });
}

template <typename C, typename L = LayoutNow>
Value FStatCall(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  uint64_t to = c.Word();
  if (!file || file->fd < 0) return -EBADF;
  struct stat status = {};
  // kqueue_stat
  if (file->queue)
    status.st_mode = S_IFIFO;
  else if (fstat(file->fd, &status) != 0)
    return -errno;
  return PutStatus<L>(c, to, status);
}

template <typename L, typename C>
Value StatAs(C& c, int folder, uint64_t at, uint64_t to, int host_flags) {
  struct stat status = {};
  Value value = AtPlace(c, folder, at, [&](const Place& p) {
    return p.path.empty() ? (errno = ENOENT, -1)
                          : fstatat(p.folder, p.path.c_str(), &status, host_flags);
  });
  return value != 0 ? value : PutStatus<L>(c, to, status);
}

template <typename C, typename L = LayoutNow>
Value FStatAtCall(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word(), to = c.Word();
  int flags = c.Int();
  if (flags & ~C::Os::kAT_SYMLINK_NOFOLLOW) return -EINVAL;
  return StatAs<L>(c, folder, at, to,
                   flags & C::Os::kAT_SYMLINK_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
}

template <typename C, typename L = LayoutNow>
Value StatCall(C& c) {
  uint64_t at = c.Word();
  return StatAs<L>(c, AT_FDCWD, at, c.Word(), 0);
}

template <typename C, typename L = LayoutNow>
Value LStatCall(C& c) {
  uint64_t at = c.Word();
  return StatAs<L>(c, AT_FDCWD, at, c.Word(), AT_SYMLINK_NOFOLLOW);
}

// ---- Entries of folders -------------------------------------------------------------------------

// The host's own entry, as getdents64 gives it.
struct HostEntry {
  uint64_t ino;
  int64_t next;  // where the entry behind it is
  uint16_t reclen;
  uint8_t type;
  char name[];
};

// Raw: struct dirent up to its name; entries begin at multiples of the size of their first member.
template <typename Raw>
void AppendEntry(std::string* to, const HostEntry& entry) {
  size_t length = strlen(entry.name);
  constexpr size_t kUnit = sizeof(Raw::fileno);
  size_t size = (sizeof(Raw) + length + 1 + kUnit - 1) / kUnit * kUnit;
  size_t at = to->size();
  to->resize(at + size);
  Raw raw = {};
  raw.fileno = static_cast<decltype(raw.fileno)>(entry.ino);
  if constexpr (requires { raw.off; }) raw.off = entry.next;
  raw.reclen = static_cast<decltype(raw.reclen)>(size);
  raw.type = entry.type;  // the numbers of types are the same on all: S_IFMT's
  raw.namlen = static_cast<decltype(raw.namlen)>(length);
  memcpy(to->data() + at, &raw, sizeof raw);
  memcpy(to->data() + at + sizeof raw, entry.name, length);
}

// Source: FreeBSD's vfs_syscalls.c, kern_getdirentries: whole entries, as many as fit; where
// reading began goes to `base_at`.
template <typename Raw, typename C>
Value ReadEntries(C& c, int number, uint64_t to, uint64_t size,
                  const std::function<bool(int64_t)>& put_base) {
  std::shared_ptr<File> file = c.process.files->Get(number);
  if (!file || (file->flags & O_ACCMODE) == O_WRONLY) return -EBADF;
  if (file->kind != File::Kind::kFolder || size > INT32_MAX) return -EINVAL;
  int64_t begin = lseek64(file->fd, 0, SEEK_CUR);
  int64_t at = begin;
  std::string entries;
  std::vector<char> buffer(std::clamp<size_t>(size, 1024, 65536));
  for (bool full = false; !full;) {
    ssize_t got = getdents64(file->fd, buffer.data(), buffer.size());
    if (got < 0) return -errno;
    if (got == 0) break;
    for (ssize_t from = 0; from < got;) {
      const auto& entry = *reinterpret_cast<const HostEntry*>(buffer.data() + from);
      size_t before = entries.size();
      AppendEntry<Raw>(&entries, entry);
      if (entries.size() > size) {
        entries.resize(before);
        full = true;
        break;
      }
      at = entry.next;
      from += entry.reclen;
    }
  }
  // What did not fit is read again the next time.
  lseek64(file->fd, at, SEEK_SET);
  if (entries.empty() && at == begin && size < sizeof(Raw) + 2) return -EINVAL;
  if (!c.thread.host.Write(to, entries.data(), entries.size())) return -EFAULT;
  if (!put_base(begin)) return -EFAULT;
  return static_cast<Value>(entries.size());
}

template <typename C, typename Raw>
Value GetDents(C& c) {
  int number = c.Int();
  uint64_t to = c.Word(), size = c.Word();
  return ReadEntries<Raw>(c, number, to, size, [](int64_t) { return true; });
}

// ---- Times, owners, links -----------------------------------------------------------------------

// Two timespecs, with what may stand in place of their nanoseconds; nothing: now.
template <typename C>
Value GetTimes(const C& c, uint64_t at, timespec times[2]) {
  times[0] = times[1] = {.tv_sec = 0, .tv_nsec = UTIME_NOW};
  if (at == 0) return 0;
  return ByArch(c, [&]<typename Abi>() -> Value {
    typename Abi::Timespec raw[2];
    if (!c.Get(at, &raw)) return -EFAULT;
    for (int i = 0; i < 2; ++i) {
      times[i] = {.tv_sec = raw[i].sec, .tv_nsec = raw[i].nsec};
      if (raw[i].nsec == C::Os::kUTIME_NOW) times[i].tv_nsec = UTIME_NOW;
      if (raw[i].nsec == C::Os::kUTIME_OMIT) times[i].tv_nsec = UTIME_OMIT;
    }
    return 0;
  });
}

// The same from timevals.
template <typename C>
Value GetTimevals(const C& c, uint64_t at, timespec times[2]) {
  times[0] = times[1] = {.tv_sec = 0, .tv_nsec = UTIME_NOW};
  if (at == 0) return 0;
  return ByArch(c, [&]<typename Abi>() -> Value {
    typename Abi::Timeval raw[2];
    if (!c.Get(at, &raw)) return -EFAULT;
    for (int i = 0; i < 2; ++i) {
      if (raw[i].usec < 0 || raw[i].usec >= 1000000) return -EINVAL;
      times[i] = {.tv_sec = raw[i].sec, .tv_nsec = raw[i].usec * 1000};
    }
    return 0;
  });
}

template <typename C>
Value UtimensAt(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word(), times_at = c.Word();
  int flags = c.Int();
  timespec times[2];
  if (flags & ~C::Os::kAT_SYMLINK_NOFOLLOW) return -EINVAL;
  if (Value value = GetTimes(c, times_at, times); value != 0) return value;
  return AtPlace(c, folder, at, [&](const Place& p) {
    return utimensat(p.folder, p.path.c_str(), times,
                     flags & C::Os::kAT_SYMLINK_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
  });
}

template <typename C>
Value Futimens(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  timespec times[2];
  if (Value value = GetTimes(c, c.Word(), times); value != 0) return value;
  if (!file) return -EBADF;
  return futimens(file->fd, times) == 0 ? 0 : -errno;
}

template <typename C>
Value UtimesAs(C& c, int folder, uint64_t at, uint64_t times_at, int host_flags) {
  timespec times[2];
  if (Value value = GetTimevals(c, times_at, times); value != 0) return value;
  return AtPlace(c, folder, at, [&](const Place& p) {
    return utimensat(p.folder, p.path.c_str(), times, host_flags);
  });
}

template <typename C>
Value Utimes(C& c) {
  uint64_t at = c.Word();
  return UtimesAs(c, AT_FDCWD, at, c.Word(), 0);
}

template <typename C>
Value Lutimes(C& c) {
  uint64_t at = c.Word();
  return UtimesAs(c, AT_FDCWD, at, c.Word(), AT_SYMLINK_NOFOLLOW);
}

template <typename C>
Value FutimesAt(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  return UtimesAs(c, folder, at, c.Word(), 0);
}

template <typename C>
Value Futimes(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  timespec times[2];
  if (Value value = GetTimevals(c, c.Word(), times); value != 0) return value;
  if (!file) return -EBADF;
  return futimens(file->fd, times) == 0 ? 0 : -errno;
}

template <typename C>
Value ChownAs(C& c, int folder, uint64_t at, uint64_t owner, uint64_t group, int host_flags) {
  return AtPlace(c, folder, at, [&](const Place& p) {
    return fchownat(p.folder, p.path.c_str(), static_cast<uid_t>(owner), static_cast<gid_t>(group),
                    host_flags);
  });
}

template <typename C>
Value Chown(C& c) {
  uint64_t at = c.Word(), owner = c.Word();
  return ChownAs(c, AT_FDCWD, at, owner, c.Word(), 0);
}

template <typename C>
Value Lchown(C& c) {
  uint64_t at = c.Word(), owner = c.Word();
  return ChownAs(c, AT_FDCWD, at, owner, c.Word(), AT_SYMLINK_NOFOLLOW);
}

template <typename C>
Value FchownAt(C& c) {
  int folder = c.Int();
  uint64_t at = c.Word(), owner = c.Word(), group = c.Word();
  int flags = c.Int();
  if (flags & ~C::Os::kAT_SYMLINK_NOFOLLOW) return -EINVAL;
  return ChownAs(c, folder, at, owner, group,
                 flags & C::Os::kAT_SYMLINK_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
}

template <typename C>
Value Fchown(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  auto owner = static_cast<uid_t>(c.Word());
  if (!file) return -EBADF;
  return fchown(file->fd, owner, static_cast<gid_t>(c.Word())) == 0 ? 0 : -errno;
}

template <typename C>
Value LinkAs(C& c, int from_folder, uint64_t from_at, int folder, uint64_t at, int flags) {
  Value error = 0;
  std::optional<Place> from = GetPlace(c, from_folder, from_at, &error);
  if (!from) return error;
  return AtPlace(c, folder, at, [&](const Place& p) {
    return linkat(from->folder, from->path.c_str(), p.folder, p.path.c_str(), flags);
  });
}

// It follows a symbolic link, which the host's does not.
template <typename C>
Value Link(C& c) {
  uint64_t from = c.Word();
  return LinkAs(c, AT_FDCWD, from, AT_FDCWD, c.Word(), AT_SYMLINK_FOLLOW);
}

template <typename C>
Value LinkAt(C& c) {
  int from_folder = c.Int();
  uint64_t from = c.Word();
  int folder = c.Int();
  uint64_t at = c.Word();
  int flags = c.Int();
  if (flags & ~C::Os::kAT_SYMLINK_FOLLOW) return -EINVAL;
  return LinkAs(c, from_folder, from, folder, at,
                flags & C::Os::kAT_SYMLINK_FOLLOW ? AT_SYMLINK_FOLLOW : 0);
}

template <typename C>
Value Truncate(C& c) {
  uint64_t at = c.Word();
  int64_t size = c.Offset();
  Value error = 0;
  std::optional<Place> place = GetPlace(c, AT_FDCWD, at, &error);
  if (!place) return error;
  int fd = openat(place->folder, place->path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -errno;
  Value value = ftruncate64(fd, size) == 0 ? 0 : -errno;
  close(fd);
  return value;
}

// Advice need not be taken.
template <typename C>
Value Fadvise(C& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  return file ? 0 : EBADF;
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_STATUS_CALLS_H_
