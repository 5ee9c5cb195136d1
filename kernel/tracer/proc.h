// What /proc says of a thread or process.
#ifndef FAULTLINE_KERNEL_TRACER_PROC_H_
#define FAULTLINE_KERNEL_TRACER_PROC_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faultline::kernel {

// From /proc/TID/status (proc(5)). Signal sets as the kernel's: bit n-1 is signal n.
struct ThreadStatus {
  std::string name;
  char state = '?';  // R, S, D, T stopped, t tracing stop, Z, X
  pid_t tgid = 0;
  pid_t parent = 0;  // process
  pid_t tracer = 0;
  uint64_t pending = 0;         // to this thread
  uint64_t shared_pending = 0;  // to the process
  uint64_t blocked = 0;
  uint64_t ignored = 0;
  uint64_t caught = 0;
  std::vector<pid_t> pid_in_namespaces;  // the process, outermost namespace first

  // Signals that this thread is about to take.
  [[nodiscard]] uint64_t Deliverable() const { return (pending | shared_pending) & ~blocked; }
};

// Nothing when the thread is gone.
std::optional<ThreadStatus> ReadStatus(pid_t tid);

// The threads of a process, lowest number first.
std::vector<pid_t> ThreadsOf(pid_t tgid);

// The file that the address is mapped from, as the process sees it; empty: none.
std::string MappedFile(pid_t pid, uint64_t address);

// A whole file below /proc; empty when it cannot be read.
std::string ReadProcFile(pid_t pid, const char* name);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_PROC_H_
