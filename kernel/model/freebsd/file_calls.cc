#include "kernel/model/freebsd/file_calls.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "kernel/model/bsd/file_calls.h"
#include "kernel/model/bsd/name_calls.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_read, kO_CREAT, …

static_assert(kAT_FDCWD == AT_FDCWD);

Value CloseRange(Context& c) {
  auto from = static_cast<uint32_t>(c.Word()), to = static_cast<uint32_t>(c.Word());
  if (from > to || c.Int() != 0) return -EINVAL;
  c.process.files->CloseFrom(static_cast<int>(std::min<uint32_t>(from, INT32_MAX)),
                             static_cast<int>(std::min<uint32_t>(to, INT32_MAX)));
  c.machine.FilesChanged();
  return 0;
}

}  // namespace

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
