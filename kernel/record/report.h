// A process on one page: why it stopped, and for every thread its registers, where it waits, its
// stack with names and lines. As JSON.
#ifndef FAULTLINE_KERNEL_RECORD_REPORT_H_
#define FAULTLINE_KERNEL_RECORD_REPORT_H_

#include <signal.h>
#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace faultline::kernel {

class Recorder;

// What /proc shows of a thread only while it is not stopped for us.
struct Whereabouts {
  std::string wchan;    // the kernel function that it sleeps in; "0" or empty: none
  std::string syscall;  // /proc/TID/syscall
  char state = '?';
};

// Of each thread of a process.
std::map<pid_t, Whereabouts> Locate(pid_t tgid);

// `stopped`: those threads which are in a ptrace stop of ours; of the others only /proc's word is
// given. `where`: taken before they were stopped. `recorder`: knows what they did last; nullptr:
// nobody does.
std::string SnapshotReport(pid_t tgid, const std::vector<pid_t>& stopped,
                           const std::map<pid_t, Whereabouts>& where,
                           const Recorder* recorder = nullptr);

// The same when `tid` is about to die of `info`.
std::string PostmortemReport(pid_t tgid, pid_t tid, const siginfo_t& info,
                             const std::vector<pid_t>& stopped,
                             const std::map<pid_t, Whereabouts>& where,
                             const Recorder* recorder = nullptr);

// When a process has died of a signal with no stop before (SIGKILL): nothing is left to look at but
// what the recorder holds.
std::string KilledReport(pid_t pid, int signal, const Recorder* recorder = nullptr);

// Writes a postmortem to a file; `who` says on fd 2 if that cannot be done.
void WriteReport(const std::string& report, const std::string& path, const char* who);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_RECORD_REPORT_H_
