// What calls do, whatever system they belong to: arguments and results in the host's terms, so that
// a system's own files only take its registers and structures apart.
#ifndef FAULTLINE_KERNEL_MODEL_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_CALLS_H_

#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/model/machine.h"

namespace faultline::kernel::model {

// --- Memory of the guest.

// A string that ends with a zero, at most `most` bytes. -EFAULT, -ENAMETOOLONG in `error`.
std::optional<std::string> ReadString(Thread& thread, uint64_t address, Value* error,
                                      size_t most = 4096);
// A piece of guest memory.
struct Range {
  uint64_t address;
  uint64_t size;
};

// --- Files. Flags, modes and structures are the host's.

Task<Value> Read(Machine& machine, Thread& thread, int number, std::vector<Range> into,
                 std::optional<int64_t> offset);
Task<Value> Write(Machine& machine, Thread& thread, int number, std::vector<Range> from,
                  std::optional<int64_t> offset);
// Relative to descriptor `folder`, or to the current folder (AT_FDCWD). A new descriptor.
Value Open(Thread& thread, int folder, const std::string& path, int flags, mode_t mode);
Value Close(Machine& machine, Thread& thread, int number);
// The host's descriptor to use for a *at call, AT_FDCWD included; -EBADF.
Value FolderOf(Thread& thread, int folder);
// Both ends of a pipe, or a pair of sockets, as descriptors.
Value MakePipe(Thread& thread, int flags, int numbers[2]);
// Waits for descriptors: revents as poll has them. The number of those that are ready, or an error.
struct Polled {
  int number;
  short events;
  short revents;
};
Task<Value> Poll(Machine& machine, Thread& thread, std::vector<Polled>* polled,
                 std::optional<int64_t> deadline);

// --- Memory.

// Maps at `address`, exactly there if `fixed`. The address, or -errno.
Value Map(Thread& thread, uint64_t address, uint64_t size, int prot, int host_flags,
          const File* file, int64_t offset);
Value Unmap(Thread& thread, uint64_t address, uint64_t size);
Value Protect(Thread& thread, uint64_t address, uint64_t size, int prot);
Value SetBreak(Thread& thread, uint64_t end);
// The lowest address that a program may map at, and the end of its memory.
uint64_t MemoryEnd(const Thread& thread);

// --- Processes.

struct Waited {
  int pid = 0;
  int status = 0;
  rusage usage = {};
};
// `pid` as wait4 has it. With nothing to tell and `no_hang`, pid is 0.
struct WaitFor {
  int pid;
  bool no_hang;
  bool stopped;
  bool continued;
  bool leave;  // WNOWAIT
};
Task<Value> Wait(Machine& machine, Thread& thread, WaitFor what, Waited* waited);
// The child's number, or -errno, kRestart. `wait`: until it execs or ends.
Task<Value> Fork(Machine& machine, Thread& thread, bool share_memory, bool wait);
Task<Value> Exec(Machine& machine, Thread& thread, std::string path,
                 std::vector<std::string> arguments, std::vector<std::string> environment);
// Opens and examines a program; follows "#!". 0 or -errno, and why.
Value Examine(System& system, int folder, const std::string& path, Launch* launch,
              std::string* why);
Value Kill(Machine& machine, Thread& thread, int pid, SignalInfo info);

// --- Signals.

Value SetAction(Machine& machine, Thread& thread, int signal, const Disposition* action,
                Disposition* old);
Task<Value> Suspend(Machine& machine, Thread& thread, SignalSet mask);
// Takes a pending signal of the set, or waits for one. Its number, or -errno.
Task<Value> WaitForSignal(Machine& machine, Thread& thread, SignalSet set,
                          std::optional<int64_t> deadline, SignalInfo* info);

// --- Time.

// Sleeps until the deadline. -EINTR when a signal comes first (never restarted).
Task<Value> SleepUntil(Machine& machine, Thread& thread, int64_t deadline);
struct Interval {
  int64_t interval;  // ns
  int64_t left;
};
Interval GetTimer(const Process& process, int which);
void SetTimer(Machine& machine, Process& process, int which, Interval value, int signal);

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_CALLS_H_
