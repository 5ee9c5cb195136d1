#include "kernel/model/session.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <memory>

#include "kernel/job.h"
#include "kernel/model/calls.h"
#include "kernel/model/evidence.h"
#include "kernel/model/system.h"
#include "kernel/record/report.h"
#include "kernel/tracer/proc.h"

extern char** environ;

namespace faultline::kernel {
namespace {

using model::Machine;
using model::Value;

constexpr const char* kName = "model";

// The descriptors that the program inherits become its files; the model's own are all
// close-on-exec.
void InheritFiles(model::FileTable* files) {
  for (int fd = 0; fd < 1024; ++fd) {
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC)) continue;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 64);
    if (copy < 0) continue;
    int mode = fcntl(copy, F_GETFL);
    files->Put(fd, model::WrapDescriptor(copy, mode & (O_ACCMODE | O_NONBLOCK | O_APPEND)), false);
    if (fd > STDERR_FILENO) close(fd);
  }
}

// As many files as the host allows: the guests' are the model's.
void RaiseLimits() {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

bool SeizeAtExec(pid_t pid, Program* program) {
  constexpr long kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
  if (ptrace(PTRACE_SEIZE, pid, nullptr, kOptions) != 0) return false;
  ReleaseProgram(program);
  for (;;) {
    int status;
    pid_t waited = waitpid(pid, &status, __WALL);
    if (waited < 0 && errno == EINTR) continue;
    if (waited < 0 || !WIFSTOPPED(status)) return false;
    if (status >> 16 == PTRACE_EVENT_EXEC) break;
    ptrace(PTRACE_CONT, pid, nullptr, status >> 16 == 0 ? WSTOPSIG(status) : 0);
  }
  uint64_t none = 0;
  ptrace(PTRACE_SETSIGMASK, pid, sizeof none, &none);
  return true;
}

// All threads of a guest process are stopped whenever the model looks.
std::string Postmortem(const model::System& system, const model::Thread& thread,
                       const model::SignalInfo& info) {
  const model::Process& process = *thread.process;
  std::vector<pid_t> stopped;
  for (const auto& each : process.threads) stopped.push_back(each->host.tid());
  siginfo_t host = {};
  host.si_signo = system.SignalToHost(info.signal);
  host.si_code = info.code;
  host.si_addr = reinterpret_cast<void*>(info.address);
  // The report reads registers from the stopped threads: they have to be the guest's.
  for (const auto& each : process.threads) {
    user_regs_struct regs = each->host.regs;
    ptrace(PTRACE_SETREGS, each->host.tid(), nullptr, &regs);
  }
  return PostmortemReport(process.host, thread.host.tid(), host, stopped, {});
}

}  // namespace

int RunModel(const ModelOptions& options) {
  std::unique_ptr<model::System> system = model::MakeSystem(options.system);
  const char* name = options.program[0];
  std::string path = FindProgram(name);
  if (path.empty()) return SayNotRunnable(kName, name, errno);
  model::Launch launch;
  for (char** each = options.program; *each != nullptr; ++each)
    launch.arguments.emplace_back(*each);
  for (char** each = environ; *each != nullptr; ++each) launch.environment.emplace_back(*each);
  std::string why;
  if (model::Examine(*system, AT_FDCWD, path, &launch, &why) != 0) {
    fmt::print(stderr, "model: cannot run '{}' as a program of {}: {}\n", name, options.system,
               why);
    return kExitNotRunnable;
  }
  model::Evidence evidence;
  if (!options.log.empty() && !evidence.Open(options.log))
    return Fail(kName, fmt::format("cannot open the log {}: {}", options.log, strerror(errno)));

  Job job;
  if (!SplitJob(&job)) return Fail(kName, fmt::format("cannot start: {}", strerror(errno)));
  // The model does the program's reading from the terminal, and takes the terminal's signals for
  // it: its place is where the program's would be.
  setpgid(0, getpgid(job.front));
  RaiseLimits();
  int gate = model::MakeGateProgram();
  if (gate < 0) _exit(Fail(kName, fmt::format("cannot make a memory file: {}", strerror(errno))));
  personality(ADDR_NO_RANDOMIZE);
  char gate_path[64];
  snprintf(gate_path, sizeof gate_path, "/proc/self/fd/%d", gate);
  char* gate_arguments[] = {gate_path, nullptr};
  Program program;
  if (!StartProgram(job, gate_path, gate_arguments, {}, &program))
    _exit(Fail(kName, fmt::format("cannot fork: {}", strerror(errno))));
  // Apart from the terminal: its signals come to the model, and the host's job control is not the
  // guests'.
  setpgid(program.pid, program.pid);
  if (!SeizeAtExec(program.pid, &program)) {
    int error = errno;
    kill(program.pid, SIGKILL);
    _exit(Fail(kName, fmt::format("cannot trace: {}{}", strerror(error),
                                  error == EPERM ? " (is ptrace allowed here?)" : "")));
  }
  close(program.failure);

  Machine machine(system.get(), &evidence, options.machine);
  model::Process& root = machine.Adopt(program.pid, job.mask, gate);
  InheritFiles(root.files.get());
  // The front passes on what is sent to it: to the model, which knows whom it is for.
  job.control->program = getpid();
  machine.on_root_stop = [&](bool stopped) { TellStop(job, stopped); };
  bool examined = false;
  machine.on_death = [&](model::Thread& thread, const model::SignalInfo& info) {
    if (options.postmortem.empty() || (examined && thread.process->pid != root.pid)) return;
    examined = true;
    try {
      WriteReport(Postmortem(*system, thread, info), options.postmortem, kName);
    } catch (const std::exception& error) {
      fmt::print(stderr, "model: no postmortem: {}\n", error.what());
    }
  };
  machine.on_root_end = [&](int status, bool last) {
    evidence.End();
    int signal = status & 0x7f;
    TellEnd(job, signal == 0 ? status : system->SignalToHost(signal), last);
  };
  Value value = machine.StartProgram(*root.first(), launch);
  close(launch.fd);
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  if (value != 0) {
    kill(program.pid, SIGKILL);
    int error = static_cast<int>(-value);
    fmt::print(stderr, "model: cannot load '{}': {}\n", name, strerror(error));
    _exit(kExitNotRunnable);
  }
  machine.Run();
  _exit(0);
}

}  // namespace faultline::kernel
