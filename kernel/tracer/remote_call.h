// A system call that a stopped thread makes on the tracer's behalf.
#ifndef FAULTLINE_KERNEL_TRACER_REMOTE_CALL_H_
#define FAULTLINE_KERNEL_TRACER_REMOTE_CALL_H_

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace faultline::kernel {

// How it went.
struct RemoteResult {
  // What the call returned. Nothing: it could not be made (the thread's last instruction is none
  // that makes calls of its arch's table, or a filter of the program's own traps this one).
  std::optional<int64_t> result;
  // The thread was stopped on the way, by a signal for all or an interruption: that has to be asked
  // for again (PTRACE_INTERRUPT), or nobody hears of it.
  bool was_stopped = false;
  // A wait status that says that the thread, as it was, is no more: it belongs to whoever follows
  // the thread.
  std::optional<int> end;
};

// The thread has to be in a ptrace stop and just behind a call's instruction, which no other call
// hangs on: where a new thread or process begins, or at a call's end. Afterwards it stands in a
// stop of another kind (the end of a call), with the same registers and signal mask. The call must
// be one that does not block. (Meanwhile signals are blocked, but for SIGSYS, which a filter sends,
// and SIGSTOP and SIGKILL, which cannot be.)
RemoteResult CallRemotely(pid_t tid, std::string_view call,
                          const std::array<uint64_t, 6>& arguments);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_REMOTE_CALL_H_
