// What programs are told of files, and what they change of that: status, entries of folders, times,
// owners, links.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/freebsd/file_calls.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_stat, kAT_FDCWD, …

// __FreeBSD_version of the 64-bit inode numbers, from when on these calls have numbers of their
// own.
constexpr int kLargeInodes = 1200031;
constexpr int kAtCalls = 800000;

// ---- Status -------------------------------------------------------------------------------------

// Of either age. Source of what is cut off: vfs_syscalls.c, freebsd11_cvtstat.
template <typename Abi, typename Raw>
Raw FromStatus(const struct stat& status) {
  auto time = [](const timespec& from) {
    using Long = typename Abi::Long;
    return typename Abi::Timespec{static_cast<Long>(from.tv_sec), static_cast<Long>(from.tv_nsec)};
  };
  Raw raw = {};
  raw.dev = static_cast<decltype(raw.dev)>(status.st_dev);
  raw.ino = static_cast<decltype(raw.ino)>(status.st_ino);
  raw.mode = static_cast<uint16_t>(status.st_mode);  // the bits are the same on both
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

Value PutStatus(const Context& c, bool large, uint64_t to, const struct stat& status) {
  return ByArch(c, [&]<typename Abi>() -> Value {
    bool done = large ? c.Put(to, FromStatus<Abi, typename Abi::Stat>(status))
                      : c.Put(to, FromStatus<Abi, typename Abi::Stat11>(status));
    return done ? 0 : -EFAULT;
  });
}

template <bool kLarge>
Value FStat(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  uint64_t to = c.Word();
  if (!file || file->fd < 0) return -EBADF;
  struct stat status = {};
  // kqueue_stat
  if (file->queue)
    status.st_mode = S_IFIFO;
  else if (fstat(file->fd, &status) != 0)
    return -errno;
  return PutStatus(c, kLarge, to, status);
}

Value StatAs(Context& c, bool large, int folder, uint64_t at, uint64_t to, int host_flags) {
  struct stat status = {};
  Value value = AtPlace(c, folder, at, [&](const Place& p) {
    return p.path.empty() ? (errno = ENOENT, -1)
                          : fstatat(p.folder, p.path.c_str(), &status, host_flags);
  });
  return value != 0 ? value : PutStatus(c, large, to, status);
}

template <bool kLarge>
Value FStatAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word(), to = c.Word();
  int flags = c.Int();
  if (flags & ~kAT_SYMLINK_NOFOLLOW) return -EINVAL;
  return StatAs(c, kLarge, folder, at, to, flags & kAT_SYMLINK_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
}

Value Stat11(Context& c) {
  uint64_t at = c.Word();
  return StatAs(c, false, kAT_FDCWD, at, c.Word(), 0);
}

Value LStat11(Context& c) {
  uint64_t at = c.Word();
  return StatAs(c, false, kAT_FDCWD, at, c.Word(), AT_SYMLINK_NOFOLLOW);
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

void AppendEntry(std::string* to, const HostEntry& entry, bool large) {
  size_t length = strlen(entry.name);
  size_t head = large ? sizeof(Dirent) : sizeof(Dirent11), unit = large ? 8 : 4;
  size_t size = (head + length + 1 + unit - 1) / unit * unit;
  size_t at = to->size();
  to->resize(at + size);
  // The numbers of types are the same on both: S_IFMT's.
  if (large) {
    Dirent raw = {.fileno = entry.ino,
                  .off = entry.next,
                  .reclen = static_cast<uint16_t>(size),
                  .type = entry.type,
                  .pad0 = 0,
                  .namlen = static_cast<uint16_t>(length),
                  .pad1 = 0};
    memcpy(to->data() + at, &raw, sizeof raw);
  } else {
    Dirent11 raw = {.fileno = static_cast<uint32_t>(entry.ino),
                    .reclen = static_cast<uint16_t>(size),
                    .type = entry.type,
                    .namlen = static_cast<uint8_t>(length)};
    memcpy(to->data() + at, &raw, sizeof raw);
  }
  memcpy(to->data() + at + head, entry.name, length);
}

// Source: vfs_syscalls.c, kern_getdirentries: whole entries, as many as fit; where reading began
// goes to `base_at`.
Value ReadEntries(Context& c, bool large, int number, uint64_t to, uint64_t size,
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
      AppendEntry(&entries, entry, large);
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
  if (entries.empty() && at == begin && size < sizeof(Dirent) + 2) return -EINVAL;
  if (!c.thread.host.Write(to, entries.data(), entries.size())) return -EFAULT;
  if (!put_base(begin)) return -EFAULT;
  return static_cast<Value>(entries.size());
}

Value GetDirEntries(Context& c) {
  int number = c.Int();
  uint64_t to = c.Word(), size = c.Word(), base_at = c.Word();
  return ReadEntries(c, true, number, to, size,
                     [&](int64_t base) { return base_at == 0 || c.Put(base_at, base); });
}

Value GetDirEntries11(Context& c) {
  int number = c.Int();
  uint64_t to = c.Word(), size = static_cast<uint32_t>(c.Word()), base_at = c.Word();
  return ReadEntries(c, false, number, to, size,
                     [&](int64_t base) { return base_at == 0 || c.PutLong(base_at, base); });
}

Value GetDents11(Context& c) {
  int number = c.Int();
  uint64_t to = c.Word(), size = c.Word();
  return ReadEntries(c, false, number, to, size, [](int64_t) { return true; });
}

// ---- Times, owners, links -----------------------------------------------------------------------

// Two timespecs, with what may stand in place of their nanoseconds; nothing: now.
Value GetTimes(const Context& c, uint64_t at, timespec times[2]) {
  times[0] = times[1] = {.tv_sec = 0, .tv_nsec = UTIME_NOW};
  if (at == 0) return 0;
  return ByArch(c, [&]<typename Abi>() -> Value {
    typename Abi::Timespec raw[2];
    if (!c.Get(at, &raw)) return -EFAULT;
    for (int i = 0; i < 2; ++i) {
      times[i] = {.tv_sec = raw[i].sec, .tv_nsec = raw[i].nsec};
      if (raw[i].nsec == kUTIME_NOW) times[i].tv_nsec = UTIME_NOW;
      if (raw[i].nsec == kUTIME_OMIT) times[i].tv_nsec = UTIME_OMIT;
    }
    return 0;
  });
}

// The same from timevals.
Value GetTimevals(const Context& c, uint64_t at, timespec times[2]) {
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

Value UtimensAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word(), times_at = c.Word();
  int flags = c.Int();
  timespec times[2];
  if (flags & ~kAT_SYMLINK_NOFOLLOW) return -EINVAL;
  if (Value value = GetTimes(c, times_at, times); value != 0) return value;
  return AtPlace(c, folder, at, [&](const Place& p) {
    return utimensat(p.folder, p.path.c_str(), times,
                     flags & kAT_SYMLINK_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
  });
}

Value Futimens(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  timespec times[2];
  if (Value value = GetTimes(c, c.Word(), times); value != 0) return value;
  if (!file) return -EBADF;
  return futimens(file->fd, times) == 0 ? 0 : -errno;
}

Value UtimesAs(Context& c, int folder, uint64_t at, uint64_t times_at, int host_flags) {
  timespec times[2];
  if (Value value = GetTimevals(c, times_at, times); value != 0) return value;
  return AtPlace(c, folder, at, [&](const Place& p) {
    return utimensat(p.folder, p.path.c_str(), times, host_flags);
  });
}

Value Utimes(Context& c) {
  uint64_t at = c.Word();
  return UtimesAs(c, kAT_FDCWD, at, c.Word(), 0);
}

Value Lutimes(Context& c) {
  uint64_t at = c.Word();
  return UtimesAs(c, kAT_FDCWD, at, c.Word(), AT_SYMLINK_NOFOLLOW);
}

Value FutimesAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word();
  return UtimesAs(c, folder, at, c.Word(), 0);
}

Value Futimes(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  timespec times[2];
  if (Value value = GetTimevals(c, c.Word(), times); value != 0) return value;
  if (!file) return -EBADF;
  return futimens(file->fd, times) == 0 ? 0 : -errno;
}

Value ChownAs(Context& c, int folder, uint64_t at, uint64_t owner, uint64_t group, int host_flags) {
  return AtPlace(c, folder, at, [&](const Place& p) {
    return fchownat(p.folder, p.path.c_str(), static_cast<uid_t>(owner), static_cast<gid_t>(group),
                    host_flags);
  });
}

Value Chown(Context& c) {
  uint64_t at = c.Word(), owner = c.Word();
  return ChownAs(c, kAT_FDCWD, at, owner, c.Word(), 0);
}

Value Lchown(Context& c) {
  uint64_t at = c.Word(), owner = c.Word();
  return ChownAs(c, kAT_FDCWD, at, owner, c.Word(), AT_SYMLINK_NOFOLLOW);
}

Value FchownAt(Context& c) {
  int folder = c.Int();
  uint64_t at = c.Word(), owner = c.Word(), group = c.Word();
  int flags = c.Int();
  if (flags & ~kAT_SYMLINK_NOFOLLOW) return -EINVAL;
  return ChownAs(c, folder, at, owner, group,
                 flags & kAT_SYMLINK_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
}

Value Fchown(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  auto owner = static_cast<uid_t>(c.Word());
  if (!file) return -EBADF;
  return fchown(file->fd, owner, static_cast<gid_t>(c.Word())) == 0 ? 0 : -errno;
}

Value LinkAs(Context& c, int from_folder, uint64_t from_at, int folder, uint64_t at, int flags) {
  Value error = 0;
  std::optional<Place> from = GetPlace(c, from_folder, from_at, &error);
  if (!from) return error;
  return AtPlace(c, folder, at, [&](const Place& p) {
    return linkat(from->folder, from->path.c_str(), p.folder, p.path.c_str(), flags);
  });
}

// It follows a symbolic link, which the host's does not.
Value Link(Context& c) {
  uint64_t from = c.Word();
  return LinkAs(c, kAT_FDCWD, from, kAT_FDCWD, c.Word(), AT_SYMLINK_FOLLOW);
}

Value LinkAt(Context& c) {
  int from_folder = c.Int();
  uint64_t from = c.Word();
  int folder = c.Int();
  uint64_t at = c.Word();
  int flags = c.Int();
  if (flags & ~kAT_SYMLINK_FOLLOW) return -EINVAL;
  return LinkAs(c, from_folder, from, folder, at,
                flags & kAT_SYMLINK_FOLLOW ? AT_SYMLINK_FOLLOW : 0);
}

Value Truncate(Context& c) {
  uint64_t at = c.Word();
  int64_t size = c.Wide();
  Value error = 0;
  std::optional<Place> place = GetPlace(c, kAT_FDCWD, at, &error);
  if (!place) return error;
  int fd = openat(place->folder, place->path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -errno;
  Value value = ftruncate64(fd, size) == 0 ? 0 : -errno;
  close(fd);
  return value;
}

// Advice need not be taken.
Value Fadvise(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  return file ? 0 : EBADF;
}

// copy_file_range(in, *in_offset, out, *out_offset, size, flags); 13.0.
Value CopyFileRange(Context& c) {
  std::shared_ptr<File> in = c.process.files->Get(c.Int());
  uint64_t in_at = c.Word();
  std::shared_ptr<File> out = c.process.files->Get(c.Int());
  uint64_t out_at = c.Word(), size = c.Word();
  if (c.Int() != 0) return -EINVAL;
  if (!in || !out) return -EBADF;
  if (in->kind != File::Kind::kFile || out->kind != File::Kind::kFile) return -EINVAL;
  int64_t from = 0, to = 0;
  if ((in_at != 0 && !c.Get(in_at, &from)) || (out_at != 0 && !c.Get(out_at, &to))) return -EFAULT;
  ssize_t copied = copy_file_range(in->fd, in_at != 0 ? &from : nullptr, out->fd,
                                   out_at != 0 ? &to : nullptr, size, 0);
  if (copied < 0) return -errno;
  if ((in_at != 0 && !c.Put(in_at, from)) || (out_at != 0 && !c.Put(out_at, to))) return -EFAULT;
  return copied;
}

}  // namespace

void AddStatusCalls(const TellNow& now) {
  now(k_fstat, FStat<true>, kLargeInodes);
  now(k_fstatat, FStatAt<true>, kLargeInodes);
  now(k_getdirentries, GetDirEntries, kLargeInodes);
  now(k_freebsd11_stat, Stat11, 0);
  now(k_freebsd11_lstat, LStat11, 0);
  now(k_freebsd11_fstat, FStat<false>, 0);
  now(k_freebsd11_fstatat, FStatAt<false>, kAtCalls);
  now(k_freebsd11_getdirentries, GetDirEntries11, 0);
  now(k_freebsd11_getdents, GetDents11, 0);
  now(k_utimensat, UtimensAt, 1003000);
  now(k_futimens, Futimens, 1003000);
  now(k_utimes, Utimes, 0);
  now(k_lutimes, Lutimes, 0);
  now(k_futimes, Futimes, 0);
  now(k_futimesat, FutimesAt, kAtCalls);
  now(k_chown, Chown, 0);
  now(k_lchown, Lchown, 0);
  now(k_fchown, Fchown, 0);
  now(k_fchownat, FchownAt, kAtCalls);
  now(k_link, Link, 0);
  now(k_linkat, LinkAt, kAtCalls);
  now(k_truncate, Truncate, 700000);
  now(k_posix_fadvise, Fadvise, 900000);
  now(k_copy_file_range, CopyFileRange, 1300000);
}

}  // namespace faultline::kernel::model::freebsd
