#include "kernel/tracer/remote_call.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "kernel/tracer/calls.h"
#include "kernel/tracer/interrupted_call.h"
#include "kernel/tracer/memory.h"
#include "kernel/tracer/registers.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

template <typename T>
bool SignalMask(int request, pid_t tid, T* mask) {
  return ptrace(static_cast<__ptrace_request>(request), tid, sizeof *mask, mask) == 0;
}

bool IsCallExit(pid_t tid) {
  __ptrace_syscall_info info = {};
  return ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), tid, sizeof info, &info) >
             0 &&
         info.op == PTRACE_SYSCALL_INFO_EXIT;
}

// Lets the thread go on until its call is over. True if that came to pass.
bool RunToExit(pid_t tid, RemoteResult* result) {
  int signal = 0;
  for (;;) {
    int status = 0;
    if (ptrace(PTRACE_SYSCALL, tid, nullptr, static_cast<long>(signal)) != 0) return false;
    while (waitpid(tid, &status, __WALL) < 0)
      if (errno != EINTR) return false;
    signal = 0;
    if (!WIFSTOPPED(status) || status >> 16 == PTRACE_EVENT_EXEC) {
      result->end = status;
      return false;
    }
    switch (status >> 16) {
      case 0:
        if (WSTOPSIG(status) == kCallTrap) {
          if (IsCallExit(tid)) return true;
        } else if (WSTOPSIG(status) == SIGSYS) {
          return false;  // goes no further than this stop
        } else {
          signal = WSTOPSIG(status);
        }
        break;
      case PTRACE_EVENT_STOP:
        result->was_stopped = true;
        break;
      default:  // our own filter, or one of the program's that asks for a tracer
        break;
    }
  }
}

}  // namespace

RemoteResult CallRemotely(pid_t tid, std::string_view call,
                          const std::array<uint64_t, 6>& arguments) {
  RemoteResult remote;
  Registers before;
  if (!before.Fetch(tid)) return remote;
  Arch arch = before.arch();
  Path path = arch == Arch::kAmd64 ? Path::kSyscall : Path::kInt80;
  CallInstruction code = {};
  uint64_t instruction = before.Get(Reg::kRip) - sizeof code;
  auto number = CallNumber(arch, call);
  if (!number || !ReadObject(tid, instruction, &code) || code != InstructionOf(path)) return remote;

  uint64_t mask = 0, blocked = ~(SignalBit(SIGKILL) | SignalBit(SIGSTOP) | SignalBit(SIGSYS));
  if (!SignalMask(PTRACE_GETSIGMASK, tid, &mask) || !SignalMask(PTRACE_SETSIGMASK, tid, &blocked))
    return remote;
  Registers during = before;
  during.Set(Reg::kRip, instruction);
  during.Set(Reg::kRax, static_cast<uint64_t>(*number));
  during.Set(Reg::kOrigRax, ~0ull);
  for (int i = 0; i < static_cast<int>(arguments.size()); ++i)
    during.Set(ArgumentRegister(path, i), arguments[static_cast<size_t>(i)]);
  if (!during.Store(tid)) return remote;

  bool done = RunToExit(tid, &remote);
  if (remote.end) return remote;
  Registers after;
  if (!after.Fetch(tid)) return remote;
  if (done) remote.result = after.Result();
  for (int i = 0; i < kRegs; ++i) {
    Reg reg = static_cast<Reg>(i);
    if (after.Get(reg) != before.Get(reg)) after.Set(reg, before.Get(reg));
  }
  after.Store(tid);
  SignalMask(PTRACE_SETSIGMASK, tid, &mask);
  return remote;
}

}  // namespace faultline::kernel
