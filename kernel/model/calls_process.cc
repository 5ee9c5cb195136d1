// Processes, signals, time.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/bsd.h"
#include "kernel/model/calls.h"

namespace faultline::kernel::model {
namespace {

constexpr int kMostScripts = 1;  // a script's interpreter may not be a script

}  // namespace

// Source: FreeBSD 10.4 sys/kern/kern_exit.c, kern_wait6.
Task<Value> Wait(Machine& machine, Thread& thread, WaitFor what, Waited* waited) {
  Process& process = *thread.process;
  bool raced = false;
  for (;;) {
    bool any = false;
    for (Process* child : process.children) {
      if (what.pid > 0 && child->pid != what.pid) continue;
      if (what.pid == 0 && child->group != process.group) continue;
      if (what.pid < -1 && child->group != -what.pid) continue;
      any = true;
      *waited = {.pid = child->pid, .status = 0, .usage = child->usage};
      if (child->zombie) {
        waited->status = child->status;
        if (!what.leave) machine.Reap(*child);
        co_return 0;
      }
      if (child->stop_reported && child->stop_unwaited && what.stopped) {
        if (!what.leave) {
          child->stop_unwaited = false;
          process.pending.TakeBack(child);
        }
        waited->status = child->stop_signal << 8 | 0x7f;
        co_return 0;
      }
      if (child->continue_unwaited && what.continued) {
        if (!what.leave) {
          child->continue_unwaited = false;
          process.pending.TakeBack(child);
        }
        waited->status = machine.system().continued_status();
        co_return 0;
      }
    }
    if (!any) co_return -ECHILD;
    if (what.no_hang) {
      waited->pid = 0;
      co_return 0;
    }
    if (!raced) {
      raced = true;
      co_await machine.Open(thread, Machine::Race::kBeforeSleep);
      continue;
    }
    raced = false;
    if (Value value = co_await machine.Sleep(thread, &process); value != 0) co_return value;
  }
}

Task<Value> Fork(Machine& machine, Thread& thread, bool share_memory, bool wait) {
  if (machine.system().fork_single_threads()) {
    if (Value value = co_await machine.SingleThread(thread, false); value != 0) co_return value;
  }
  co_await machine.Do(thread, Machine::Labour::kFork);
  Value error = 0;
  Process* child = machine.Fork(thread, share_memory, false, &error);
  machine.EndSingleThread(thread);
  if (child == nullptr) co_return error;
  int pid = child->pid;
  Thread& twin = *child->first();
  machine.system().StartForkedChild(twin);
  if (wait) child->vfork_parent = thread.process;
  machine.Enqueue(twin);
  // Whom it waits for may be gone by the time that it looks.
  while (wait) {
    Process* still = machine.Find(pid);
    if (still == nullptr || still->vfork_parent == nullptr) break;
    co_await machine.SleepFirmly(thread, &still->vfork_parent);
  }
  co_return pid;
}

Value Examine(System& system, int folder, const std::string& path, Launch* launch,
              std::string* why) {
  std::string program = path;
  for (int scripts = 0;; ++scripts) {
    int fd = openat(folder, program.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      int error = errno;
      *why = strerror(error);
      return -error;
    }
    struct stat file;
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) ||
        faccessat(folder, program.c_str(), X_OK, AT_EACCESS) != 0) {
      close(fd);
      *why = strerror(EACCES);
      return -EACCES;
    }
    char line[256] = {};
    ssize_t size = pread(fd, line, sizeof line - 1, 0);
    if (size > 2 && line[0] == '#' && line[1] == '!' && scripts < kMostScripts) {
      close(fd);
      std::string text(line + 2);
      text.erase(std::min(text.find('\n'), text.size()));
      size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
      size_t end = std::min(text.find_first_of(" \t", begin), text.size());
      std::vector<std::string> front = {text.substr(begin, end - begin)};
      size_t more = text.find_first_not_of(" \t", end);
      if (more != std::string::npos) {
        text.erase(text.find_last_not_of(" \t") + 1);
        front.push_back(text.substr(more));
      }
      front.push_back(program);
      program = front[0];
      if (!launch->arguments.empty()) launch->arguments.erase(launch->arguments.begin());
      launch->arguments.insert(launch->arguments.begin(), front.begin(), front.end());
      continue;
    }
    if (!load::ReadImage(fd, &launch->image, why) || !system.Accepts(launch->image, why)) {
      close(fd);
      return -ENOEXEC;
    }
    launch->fd = fd;
    launch->path = program;
    return 0;
  }
}

Task<Value> Exec(Machine& machine, Thread& thread, std::string path,
                 std::vector<std::string> arguments, std::vector<std::string> environment) {
  Process& process = *thread.process;
  // Even an exec that fails has stopped the other threads (kern_exec.c, pre_execve).
  if (Value value = co_await machine.SingleThread(thread, false); value != 0) co_return value;
  Launch launch;
  launch.arguments = std::move(arguments);
  launch.environment = std::move(environment);
  std::string why;
  Value value = Examine(machine.system(), FolderOf(thread, AT_FDCWD), path, &launch, &why);
  if (value != 0) {
    machine.EndSingleThread(thread);
    co_return value;
  }
  bool keeps_stack = !machine.system().exec_resets_alt_stack(&thread == process.first());
  auto stack = thread.alt_stack;
  machine.EndOthers(thread);
  value = machine.Exec(thread, launch);
  if (keeps_stack) thread.alt_stack = stack;
  close(launch.fd);
  process.has_execed = true;
  process.files->CloseOnExec();
  machine.FilesChanged();
  machine.ReleaseVforkParent(process);
  if (value != 0) {
    machine.EndProcess(process, bsd::kSIGABRT);
    co_return kGone;
  }
  co_return kJustReturn;
}

Value Kill(Machine& machine, Thread& thread, int pid, SignalInfo info) {
  Process& self = *thread.process;
  info.pid = self.pid;
  info.uid = getuid();
  std::vector<Process*> to;
  for (const auto& [number, process] : machine.processes()) {
    bool wanted = pid > 0    ? number == pid
                  : pid == 0 ? process->group == self.group
                  : pid < -1 ? process->group == -pid
                             : number > 1 && process.get() != &self;
    if (wanted) to.push_back(process.get());
  }
  if (to.empty()) return -ESRCH;
  if (info.signal == 0) return 0;
  for (Process* process : to) machine.Post(*process, info);
  return 0;
}

Value SetAction(Machine& machine, Thread& thread, int signal, const Disposition* action,
                Disposition* old) {
  if (signal < 1 || signal > machine.system().last_signal()) return -EINVAL;
  Process& process = *thread.process;
  *old = process.actions[signal];
  if (action == nullptr) return 0;
  if ((signal == bsd::kSIGKILL || signal == bsd::kSIGSTOP) && action->handler != bsd::kSIG_DFL)
    return -EINVAL;
  process.actions[signal] = *action;
  process.actions[signal].mask.Remove(bsd::kSIGKILL);
  process.actions[signal].mask.Remove(bsd::kSIGSTOP);
  machine.OnActionChanged(process, signal);
  return 0;
}

// Source: FreeBSD 10.4 kern_sig.c, kern_sigsuspend: a signal that is only woken for and not taken
// does not end it.
Task<Value> Suspend(Machine& machine, Thread& thread, SignalSet mask) {
  thread.old_mask = thread.mask;
  machine.SetMask(thread, mask);
  for (;;) {
    Value value = co_await machine.Sleep(thread, &thread.old_mask);
    (void)value;
    int signal = machine.NextSignal(thread);
    if (signal != 0) {
      thread.notified = true;
      co_return -EINTR;
    }
    if (thread.process->single != nullptr && thread.process->single != &thread) {
      // Out of the way for another thread, then made again.
      SignalSet before = *thread.old_mask;
      thread.old_mask.reset();
      machine.SetMask(thread, before);
      co_return kRestart;
    }
  }
}

Task<Value> WaitForSignal(Machine& machine, Thread& thread, SignalSet set,
                          std::optional<int64_t> deadline, SignalInfo* info) {
  Process& process = *thread.process;
  SignalSet mask = thread.mask;
  for (;;) {
    SignalSet wanted = set;
    for (int signal = wanted.First(); signal != 0; wanted.Remove(signal), signal = wanted.First()) {
      std::optional<SignalInfo> got = thread.pending.Get(signal);
      if (!got) got = process.pending.Get(signal);
      if (!got) continue;
      machine.SetMask(thread, mask);
      *info = *got;
      co_return signal;
    }
    if (deadline && *deadline <= Machine::Now()) {
      machine.SetMask(thread, mask);
      co_return -EAGAIN;
    }
    // While it waits, it is open for what it waits for.
    machine.SetMask(thread, mask.Without(set));
    Value value = co_await machine.Sleep(thread, &thread.pending, deadline);
    bool ours = false;
    wanted = set;
    for (int signal = wanted.First(); signal != 0; wanted.Remove(signal), signal = wanted.First())
      ours = ours || thread.pending.pending().Has(signal) || process.pending.pending().Has(signal);
    machine.SetMask(thread, mask);
    if (!ours && (value == -EINTR || value == kRestart)) co_return value;
  }
}

Task<Value> SleepUntil(Machine& machine, Thread& thread, int64_t deadline) {
  Value value = co_await machine.Sleep(thread, &thread.alarm, deadline);
  if (value == -ETIMEDOUT) co_return 0;
  co_return value == kRestart ? -EINTR : value;
}

Interval GetTimer(const Process& process, int which) {
  const Process::Timer& timer = process.timers[which];
  if (which == bsd::kITIMER_REAL)
    return {.interval = timer.interval,
            .left = timer.alarm ? std::max<int64_t>(1000, timer.alarm->first - Machine::Now()) : 0};
  return {.interval = timer.interval, .left = timer.left};
}

namespace {

void Arm(Machine& machine, Process& process, int64_t when, int signal) {
  process.timers[bsd::kITIMER_REAL].alarm =
      machine.SetTimer(when, [&machine, &process, when, signal] {
        Process::Timer& timer = process.timers[bsd::kITIMER_REAL];
        timer.alarm.reset();
        machine.Post(process, {.signal = signal, .code = bsd::kSI_KERNEL});
        // No more than one a look: what was missed is not made up for.
        if (timer.interval > 0)
          Arm(machine, process, std::max(when + timer.interval, Machine::Now()), signal);
      });
}

}  // namespace

void SetTimer(Machine& machine, Process& process, int which, Interval value, int signal) {
  Process::Timer& timer = process.timers[which];
  timer.interval = value.left > 0 ? value.interval : 0;
  if (which != bsd::kITIMER_REAL) {
    timer.left = value.left;
    return;
  }
  if (timer.alarm) machine.CancelTimer(*timer.alarm);
  timer.alarm.reset();
  if (value.left > 0) Arm(machine, process, Machine::Now() + value.left, signal);
}

}  // namespace faultline::kernel::model
