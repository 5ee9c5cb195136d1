#include "kernel/record/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "kernel/tracer/clock.h"

namespace faultline::kernel {
Lines::~Lines() {
  if (fd_ >= 0) close(fd_);
}

bool Lines::Open(const std::string& path, const char* who) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  path_ = path;
  who_ = who;
  start_ = Clock();
  return fd_ >= 0;
}

int64_t Lines::Now() const { return Clock() - start_; }

void Lines::Write(const std::string& line) {
  if (fd_ < 0) return;
  ssize_t written;
  do {
    written = write(fd_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) return;
  int error = written < 0 ? errno : ENOSPC;
  // A part of a line is worse than none: readers take the file line by line.
  struct stat now;
  if (written > 0 && fstat(fd_, &now) == 0 && S_ISREG(now.st_mode) &&
      ftruncate(fd_, now.st_size - written) != 0)
    error = errno;
  fmt::print(stderr,
             "{}: cannot write the log {}: {}. What was written is kept; the program goes on, and "
             "nothing further is logged.\n",
             who_, path_, strerror(error));
  close(fd_);
  fd_ = -1;
}

}  // namespace faultline::kernel
