// The calls of bsd/status_calls.h, of either age.
#include "kernel/model/bsd/status_calls.h"

#include <errno.h>
#include <unistd.h>

#include "kernel/model/freebsd/file_calls.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_stat, kAT_FDCWD, …

// __FreeBSD_version of the 64-bit inode numbers, from when on these calls have numbers of their
// own.
constexpr int kLargeInodes = 1200031;
constexpr int kAtCalls = 800000;

// struct stat up to 11.x.
struct Old {
  template <typename Abi>
  using Stat = typename Abi::Stat11;
};

Value GetDirEntries(Context& c) {
  int number = c.Int();
  uint64_t to = c.Word(), size = c.Word(), base_at = c.Word();
  return ReadEntries<Dirent>(c, number, to, size,
                             [&](int64_t base) { return base_at == 0 || c.Put(base_at, base); });
}

Value GetDirEntries11(Context& c) {
  int number = c.Int();
  uint64_t to = c.Word(), size = static_cast<uint32_t>(c.Word()), base_at = c.Word();
  return ReadEntries<Dirent11>(
      c, number, to, size, [&](int64_t base) { return base_at == 0 || c.PutLong(base_at, base); });
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
  now(k_fstat, FStatCall, kLargeInodes);
  now(k_fstatat, FStatAtCall, kLargeInodes);
  now(k_getdirentries, GetDirEntries, kLargeInodes);
  now(k_freebsd11_stat, StatCall<Context, Old>, 0);
  now(k_freebsd11_lstat, LStatCall<Context, Old>, 0);
  now(k_freebsd11_fstat, FStatCall<Context, Old>, 0);
  now(k_freebsd11_fstatat, FStatAtCall<Context, Old>, kAtCalls);
  now(k_freebsd11_getdirentries, GetDirEntries11, 0);
  now(k_freebsd11_getdents, GetDents<Context, Dirent11>, 0);
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
