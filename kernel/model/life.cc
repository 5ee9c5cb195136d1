// Processes and threads: how they begin and end.
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/model/bsd.h"
#include "kernel/model/machine.h"

namespace faultline::kernel::model {
namespace {

// Waits for the first stop of a host thread that another one has made. False: it was killed.
bool AwaitBirth(pid_t host) {
  for (;;) {
    int status;
    pid_t waited = waitpid(host, &status, __WALL);
    if (waited == host) return WIFSTOPPED(status);
    if (errno != EINTR) return false;
  }
}

void Add(const timeval& from, timeval* to) {
  to->tv_sec += from.tv_sec;
  to->tv_usec += from.tv_usec;
  if (to->tv_usec >= 1000000) {
    to->tv_usec -= 1000000;
    ++to->tv_sec;
  }
}

void Add(const rusage& from, rusage* to) {
  Add(from.ru_utime, &to->ru_utime);
  Add(from.ru_stime, &to->ru_stime);
  to->ru_maxrss = std::max(to->ru_maxrss, from.ru_maxrss);
  to->ru_minflt += from.ru_minflt;
  to->ru_majflt += from.ru_majflt;
  to->ru_nvcsw += from.ru_nvcsw;
  to->ru_nivcsw += from.ru_nivcsw;
}

}  // namespace

Process* Machine::Find(int pid) {
  auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : found->second.get();
}

Thread* Machine::FindThread(int id) {
  for (auto& [host, thread] : by_host_)
    if (thread->id == id) return thread;
  return nullptr;
}

// A host process whose parent is the tracer (CLONE_PARENT): it leaves no zombie in the guest, which
// knows nothing of it.
Process* Machine::Fork(Thread& thread, bool share_memory, bool share_files, Value* error) {
  Process& parent = *thread.process;
  unsigned long flags = CLONE_PARENT | CLONE_PTRACE | SIGCHLD;
  if (share_memory) flags |= CLONE_VM;
  int64_t host = thread.host.Call(SYS_clone, {flags, 0, 0, 0, 0, 0});
  if (host < 0) {
    *error = host;
    return nullptr;
  }
  auto host_pid = static_cast<pid_t>(host);
  if (!AwaitBirth(host_pid)) {
    *error = -EAGAIN;
    return nullptr;
  }
  int pid = NewPid();
  auto made = std::make_unique<Process>(pid, &parent, host_pid);
  Process& child = *made;
  processes_[pid] = std::move(made);
  parent.children.push_back(&child);
  child.group = parent.group;
  child.session = parent.session;
  child.actions = parent.actions;
  child.exit_signal = bsd::kSIGCHLD;
  child.space = share_memory ? parent.space : std::make_shared<Space>(*parent.space);
  child.files = share_files ? parent.files : parent.files->Copy();
  child.path = parent.path;
  child.arguments = parent.arguments;
  child.folder = parent.folder < 0 ? -1 : dup(parent.folder);
  child.file_mask = parent.file_mask;
  child.release_date = parent.release_date;
  child.limits = parent.limits;
  child.login = parent.login;
  child.threads.push_back(std::make_unique<Thread>(&child, NewThreadId(child), host_pid));
  child.first()->last_cpu = thread.last_cpu;
  Thread& twin = *child.threads.front();
  twin.host.on_signal = [this, &child](int signal) { FromHost(child, signal); };
  twin.host.regs = thread.host.regs;
  twin.mask = thread.mask;
  twin.old_mask = thread.old_mask;
  twin.alt_stack = thread.alt_stack;
  twin.entry_rdx = thread.entry_rdx;
  twin.private_pointer = thread.private_pointer;
  twin.entry = thread.entry;
  twin.cpus = thread.cpus;
  twin.name = thread.name;
  twin.full_exit = true;
  by_host_[host_pid] = &twin;
  return &child;
}

Thread* Machine::NewThread(Thread& thread, Value* error) {
  Process& process = *thread.process;
  unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                        CLONE_SYSVSEM | CLONE_PTRACE;
  int64_t host = thread.host.Call(SYS_clone, {flags, 0, 0, 0, 0, 0});
  if (host < 0 || !AwaitBirth(static_cast<pid_t>(host))) {
    *error = host < 0 ? host : -EAGAIN;
    return nullptr;
  }
  auto made = std::make_unique<Thread>(&process, NewThreadId(process), static_cast<pid_t>(host));
  made->last_cpu = thread.last_cpu;
  Thread& twin = *made;
  process.threads.push_back(std::move(made));
  twin.host.on_signal = thread.host.on_signal;
  twin.host.regs = thread.host.regs;
  twin.mask = thread.mask;
  twin.entry = thread.entry;
  twin.cpus = thread.cpus;
  twin.name = thread.name;
  twin.full_exit = true;
  by_host_[static_cast<pid_t>(host)] = &twin;
  return &twin;
}

void Machine::EndThread(Thread& thread) {
  Process& process = *thread.process;
  if (process.threads.size() == 1) {
    EndProcess(process, 0);
    return;
  }
  if (thread.host.tid() != process.host) thread.host.Exit();
  // The host's first thread cannot end alone without becoming a zombie that is in the way: it stays
  // stopped until its process ends.
  DropThread(thread);
  // What it was told of, another has to take.
  SignalSet orphans = process.pending.pending();
  for (int signal = orphans.First(); signal != 0;
       orphans.Remove(signal), signal = orphans.First()) {
    for (auto& other : process.threads) {
      if (other->mask.Has(signal)) continue;
      Notify(*other);
      if (process.action(signal).handler > bsd::kSIG_IGN) Interrupt(*other, signal);
      break;
    }
  }
  CheckStopped(process);
  if (process.single != nullptr) Wakeup(&process.single);
}

// Takes the thread out of all tables. Its object lives on until no coroutine of it can be running.
void Machine::DropThread(Thread& thread) {
  Process& process = *thread.process;
  if (thread.alarm) CancelTimer(*thread.alarm);
  thread.alarm.reset();
  if (thread.cpu != nullptr) thread.cpu->current = nullptr;
  thread.cpu = nullptr;
  thread.hold = nullptr;
  thread.state = Thread::State::kGone;
  ready_.erase(std::remove(ready_.begin(), ready_.end(), &thread), ready_.end());
  by_host_.erase(thread.host.tid());
  auto found = std::find_if(process.threads.begin(), process.threads.end(),
                            [&](auto& each) { return each.get() == &thread; });
  if (found != process.threads.end()) {
    gone_.push_back(std::move(*found));
    process.threads.erase(found);
  }
}

void Machine::DestroyGone() {
  gone_.clear();
  for (int pid : dead_) processes_.erase(pid);
  dead_.clear();
}

void Machine::EndOthers(Thread& thread) {
  Process& process = *thread.process;
  std::vector<Thread*> others;
  for (auto& each : process.threads)
    if (each.get() != &thread) others.push_back(each.get());
  for (Thread* other : others) {
    if (other->host.tid() != process.host) other->host.Exit();
    DropThread(*other);
  }
  if (process.single == &thread) process.single = nullptr;
}

Value Machine::Exec(Thread& thread, const Launch& launch) {
  Process& process = *thread.process;
  by_host_.erase(thread.host.tid());
  Value value = thread.host.Exec(gate_, process.host);
  by_host_[thread.host.tid()] = &thread;
  if (value != 0) return value;
  DropPosixTimers(process);
  // The program may be in memory that the process shared with its parent.
  thread.mask = thread.old_mask.value_or(thread.mask);
  thread.old_mask.reset();
  return StartProgram(thread, launch);
}

void Machine::DropPosixTimers(Process& process) {
  for (auto& [id, timer] : process.posix_timers) {
    if (timer.alarm) CancelTimer(*timer.alarm);
    process.pending.TakeBack(&timer);
    for (auto& thread : process.threads) thread->pending.TakeBack(&timer);
  }
  process.posix_timers.clear();
}

// Kills the host's process and waits for all of it.
void Machine::ReapHost(Process& process) {
  kill(process.host, SIGKILL);
  for (auto& thread : process.threads) {
    if (thread->host.tid() == process.host) continue;
    int status;
    for (;;) {
      pid_t waited = waitpid(thread->host.tid(), &status, __WALL);
      if (waited < 0 && errno == EINTR) continue;
      if (waited < 0 || !WIFSTOPPED(status)) break;
    }
  }
  int status;
  for (;;) {
    pid_t waited = wait4(process.host, &status, __WALL, &process.usage);
    if (waited < 0 && errno == EINTR) continue;
    if (waited < 0 || !WIFSTOPPED(status)) break;
  }
  process.host = -1;
}

// Source: FreeBSD 10.4 sys/kern/kern_exit.c, exit1: children go to init (the model has none: nobody
// waits for them any more), the parent gets SIGCHLD, then is woken.
void Machine::EndProcess(Process& process, int status) {
  if (process.zombie) return;
  ReapHost(process);
  std::vector<Thread*> threads;
  for (auto& each : process.threads) threads.push_back(each.get());
  for (Thread* each : threads) DropThread(*each);
  for (Process::Timer& timer : process.timers) {
    if (timer.alarm) CancelTimer(*timer.alarm);
    timer.alarm.reset();
  }
  DropPosixTimers(process);
  process.files.reset();
  FilesChanged();
  if (process.folder >= 0) close(process.folder);
  process.folder = -1;
  process.zombie = true;
  process.status = status;
  process.stopped = false;
  ReleaseVforkParent(process);
  for (Process* child : std::list<Process*>(process.children)) {
    child->parent = nullptr;
    if (child->zombie) dead_.push_back(child->pid);
  }
  process.children.clear();
  OnEnded(process);
  if (&process == root_) {
    root_ = nullptr;
    if (on_root_end) on_root_end(status, by_host_.empty());
  }
  Process* parent = process.parent;
  if (parent == nullptr) {
    dead_.push_back(process.pid);
    return;
  }
  const Disposition& action = parent->action(bsd::kSIGCHLD);
  if (action.handler == bsd::kSIG_IGN || (action.flags & bsd::kSA_NOCLDWAIT)) {
    // Nobody will wait: it goes by itself, and a parent that waits all the same is told when the
    // last one is gone.
    Add(process.usage, &parent->children_usage);
    parent->children.remove(&process);
    dead_.push_back(process.pid);
    if (process.exit_signal != 0) TellParent(process, bsd::kCLD_EXITED);
    Wakeup(parent);
    return;
  }
  if (process.exit_signal != 0)
    TellParent(process, (status & 0x7f) == 0   ? bsd::kCLD_EXITED
                        : (status & 0x80) != 0 ? bsd::kCLD_DUMPED
                                               : bsd::kCLD_KILLED);
  Wakeup(parent);
}

void Machine::ReleaseVforkParent(Process& process) {
  if (process.vfork_parent == nullptr) return;
  process.vfork_parent = nullptr;
  Wakeup(&process.vfork_parent);
}

// Measured on a real FreeBSD 9.3: the status is the exit value, not wait's word.
void Machine::TellParent(Process& process, int code) {
  SignalInfo info = {.signal = bsd::kSIGCHLD, .code = code, .pid = process.pid, .uid = getuid()};
  info.status = code == bsd::kCLD_EXITED      ? process.status >> 8 & 0xff
                : code == bsd::kCLD_STOPPED   ? process.stop_signal
                : code == bsd::kCLD_CONTINUED ? static_cast<int>(bsd::kSIGCONT)
                                              : process.status & 0x7f;
  if (system_->queues_signals()) info.child = &process;
  // One of a child at a time: the kernel has a single place for it (p_ksi).
  process.parent->pending.TakeBack(&process);
  Post(*process.parent, info);
}

// Source: FreeBSD 10.4 sys/kern/kern_exit.c, proc_reap: a SIGCHLD that was not yet taken is taken
// back.
void Machine::Reap(Process& child) {
  Process* parent = child.parent;
  if (parent != nullptr) {
    parent->pending.TakeBack(&child);
    Add(child.usage, &parent->children_usage);
    Add(child.children_usage, &parent->children_usage);
    parent->children.remove(&child);
  }
  processes_.erase(child.pid);
}

}  // namespace faultline::kernel::model
