#include "kernel/model/netbsd/file_calls.h"

#include <errno.h>
#include <fcntl.h>

#include <utility>

#include "kernel/model/bsd/event_calls.h"
#include "kernel/model/bsd/file_calls.h"
#include "kernel/model/bsd/name_calls.h"
#include "kernel/model/bsd/status_calls.h"

namespace faultline::kernel::model::netbsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_read, kO_CREAT, …

static_assert(kAT_FDCWD == AT_FDCWD);

// Source: sys_fcntl, sys/kern/sys_descrip.c.
Value FcntlCall(Context& c) {
  switch (static_cast<int>(c.arguments()[1])) {
    case kF_CLOSEM:
      return CloseFrom(c);
    case kF_MAXFD: {
      const auto& all = c.process.files->all();
      return all.empty() ? -1 : all.rbegin()->first;
    }
    default:
      return Fcntl(c);
  }
}

// Source: sys_dup3: the same descriptor twice is none of its business, as it is dup2's.
Value Dup3(Context& c) {
  int from = c.Int(), to = c.Int(), flags = c.Int();
  if (flags & ~(kO_CLOEXEC | kO_NONBLOCK)) return -EINVAL;
  std::shared_ptr<File> file = c.process.files->Get(from);
  if (!file || to < 0) return -EBADF;
  if (from == to) return -EINVAL;
  c.process.files->Put(to, std::move(file), (flags & kO_CLOEXEC) != 0);
  c.machine.FilesChanged();
  return to;
}

// kqueue1: a queue with flags; they matter to exec alone.
Value Kqueue1(Context& c) {
  int flags = c.Int();
  if (flags & ~(kO_CLOEXEC | kO_NONBLOCK)) return -EINVAL;
  std::shared_ptr<File> file = EventQueue::Make(c.machine);
  return file ? c.process.files->Add(std::move(file), (flags & kO_CLOEXEC) != 0) : -errno;
}

Task<Value> Kevent(Context& c) {
  return c.amd64 ? KeventAs<Context, Amd64::Kevent>(c) : KeventAs<Context, I386::Kevent>(c);
}

}  // namespace

void AddFileCalls(const std::function<void(int, Value (*)(Context&))>& now,
                  const std::function<void(int, Task<Value> (*)(Context&))>& later) {
  later(k_read, ReadCall);
  later(k_write, WriteCall);
  later(k_pread, Pread);
  later(k_pwrite, Pwrite);
  later(k_readv, ReadV);
  later(k_writev, WriteV);
  now(k_open, OpenCall);
  now(k_openat, OpenAt);
  now(k_close, CloseCall);
  now(k_pipe, Pipe);
  now(k_pipe2, Pipe2);
  now(k_dup, Dup);
  now(k_dup2, Dup2);
  now(k_dup3, Dup3);
  now(k_fcntl, FcntlCall);
  now(k_lseek, Lseek);
  now(k_ftruncate, Ftruncate);
  now(k_truncate, Truncate);
  now(k_fsync, Fsync);
  now(k_fdatasync, Fsync);
  now(k_ioctl, Ioctl);
  later(k_poll, PollCall);
  later(k___pollts50, Ppoll);
  later(k___select50, SelectCall);
  later(k___pselect50, Pselect);
  now(k_kqueue, Kqueue);
  now(k_kqueue1, Kqueue1);
  later(k___kevent50, Kevent);

  now(k_unlink, Unlink);
  now(k_unlinkat, UnlinkAt);
  now(k_rmdir, Rmdir);
  now(k_mkdir, Mkdir);
  now(k_mkdirat, MkdirAt);
  now(k_access, Access);
  now(k_faccessat, FaccessAt);
  now(k_chmod, Chmod);
  now(k_fchmod, Fchmod);
  now(k_fchmodat, FchmodAt);
  now(k_rename, Rename);
  now(k_renameat, RenameAt);
  now(k_symlink, Symlink);
  now(k_symlinkat, SymlinkAt);
  now(k_readlink, ReadLink);
  now(k_readlinkat, ReadLinkAt);
  now(k_chdir, Chdir);
  now(k_fchdir, Fchdir);
  now(k___getcwd, GetCwd);

  now(k___stat50, StatCall);
  now(k___lstat50, LStatCall);
  now(k___fstat50, FStatCall);
  now(k_fstatat, FStatAtCall);
  now(k___getdents30, GetDents<Context, Dirent>);
  now(k_utimensat, UtimensAt);
  now(k_futimens, Futimens);
  now(k___utimes50, Utimes);
  now(k___lutimes50, Lutimes);
  now(k___futimes50, Futimes);
  now(k_chown, Chown);
  now(k_lchown, Lchown);
  now(k_fchown, Fchown);
  now(k_fchownat, FchownAt);
  now(k_link, Link);
  now(k_linkat, LinkAt);
  now(k___posix_fadvise50, Fadvise);
}

}  // namespace faultline::kernel::model::netbsd
