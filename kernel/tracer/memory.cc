#include "kernel/tracer/memory.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>

namespace faultline::kernel {
namespace {

// /proc/TID/mem obeys the right to trace, not page protections: it reads execute-only pages and
// writes read-only ones, which process_vm_readv and writev refuse. It costs an open.
int OpenMemory(pid_t tid, int flags) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/mem", tid);
  return open(path, flags | O_CLOEXEC);
}

}  // namespace

size_t ReadMemory(pid_t tid, uint64_t address, void* to, size_t size) {
  iovec local = {.iov_base = to, .iov_len = size};
  iovec remote = {.iov_base = reinterpret_cast<void*>(address), .iov_len = size};
  ssize_t done = process_vm_readv(tid, &local, 1, &remote, 1, 0);
  if (done > 0) return static_cast<size_t>(done);
  int fd = OpenMemory(tid, O_RDONLY);
  if (fd < 0) return 0;
  done = pread64(fd, to, size, static_cast<off64_t>(address));
  close(fd);
  return done > 0 ? static_cast<size_t>(done) : 0;
}

bool WriteMemory(pid_t tid, uint64_t address, const void* from, size_t size) {
  iovec local = {.iov_base = const_cast<void*>(from), .iov_len = size};
  iovec remote = {.iov_base = reinterpret_cast<void*>(address), .iov_len = size};
  if (process_vm_writev(tid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size)) return true;
  int fd = OpenMemory(tid, O_RDWR);
  if (fd < 0) return false;
  ssize_t done = pwrite64(fd, from, size, static_cast<off64_t>(address));
  close(fd);
  return done == static_cast<ssize_t>(size);
}

}  // namespace faultline::kernel
