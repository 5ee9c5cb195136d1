// The two processes of inject:
//
//     shell ── front ── tracer ── PROGRAM and all that comes of it
//
//   front   what the shell started and waits for: it is the program's face. It ends as the
//           program ends, of the same signal if need be, stops when the program is stopped, and
//           passes signals on.
//   tracer  traces. It has a process group of its own, so that neither the terminal nor a kill of
//           the whole job stops or ends it while the program still needs it.
//
// One process could not do both: when the shell is to see the job stopped, what it waits for has to
// be stopped, and a stopped tracer cannot tell when the program goes on.
//
// Who is killed, and what follows: the front, then the tracer dies with it (parent-death signal)
// and all tracees with the tracer (PTRACE_O_EXITKILL); the tracer, then the tracees die, and the
// front says so.
#ifndef FAULTLINE_KERNEL_JOB_H_
#define FAULTLINE_KERNEL_JOB_H_

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/tracer/call_filter.h"

namespace faultline::kernel {

// Exit statuses of inject's own, as env, nohup and timeout have them.
inline constexpr int kExitFailed = 125;       // inject itself failed
inline constexpr int kExitNotRunnable = 126;  // the program was found but could not be run
inline constexpr int kExitNotFound = 127;

// Says "NAME: WHAT" on fd 2. Returns kExitFailed.
int Fail(std::string_view command, std::string_view what);

// Says that the program cannot be run for `error` (an errno). Returns the exit status that stands
// for it.
int SayNotRunnable(std::string_view command, const char* program, int error);

// Shared by front, tracer and whoever asks for a snapshot: a memory file of the tracer, to be found
// under this name among its open files.
inline constexpr const char* kControlName = "faultline-inject";
struct Control {
  std::atomic<pid_t> program;  // the program's process; 0 before it is traced
  std::atomic<int> ended;      // the program ended with `status`
  std::atomic<int> last;       // and the tracer ends too: wait for it
  int status;                  // as wait() gives it
  std::atomic<int> stop;       // the signal that stopped the program; 0: it is not stopped
  std::atomic<int> stopping;   // the front is about to stop, stopped, or not yet quite awake
  // A snapshot: the asker, who holds a lock on the file, writes `process`, raises `asked` and sends
  // the tracer kWakeSignal until `served` has followed. The report lies behind this page.
  std::atomic<uint32_t> asked;
  std::atomic<uint32_t> served;
  pid_t process;  // in the tracer's PID namespace
  uint64_t size;
};
inline constexpr int kControlPage = 4096;
inline constexpr int kWakeSignal = SIGUSR1;

struct Job {
  Control* control = nullptr;
  int control_fd = -1;
  pid_t front = 0;
  sigset_t mask;  // the signal mask that inject was started with
};

// Splits the process in two. Returns in the tracer only, with all signals blocked; the front ends
// in here. False with errno when it could not be done.
bool SplitJob(Job* job);

// In the tracer, once the program has been started: closes what was inherited and is the program's
// business alone, so that a pipe ends when the program's end of it is closed. Keeps fd 2 and what
// is marked close-on-exec.
void ReleaseInherited();

// In the tracer: the program ended. The front ends as it did. `last`: the tracer has nothing left
// to do; otherwise it goes on alone for what the program left behind.
void TellEnd(const Job& job, int status, bool last);

// In the tracer: the program was stopped by `signal`, or goes on (0). The front stops by the same
// signal, for that is what its parent is told.
void TellStop(const Job& job, int signal);

// The program's process, from before its exec.
struct Program {
  pid_t pid = -1;
  int go = -1;       // the process execs when it reads a byte from this, and ends if there is none
  int failure = -1;  // errno of an exec that failed
};
// Forks the process that will be the program: in the front's process group, with the signal mask
// that inject was started with; its calls that `filter` holds stop. False with errno.
bool StartProgram(const Job& job, const std::string& path, char** arguments,
                  const CallFilter& filter, Program* program);
void ReleaseProgram(Program* program);
// Once the process has ended: errno if its exec failed, else 0.
int ExecFailure(const Program& program);

// Where `name` is to be found: itself if it has a slash, else along PATH. Empty with errno when
// there is no such file; a file that is no program is found, too.
std::string FindProgram(const std::string& name);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_JOB_H_
