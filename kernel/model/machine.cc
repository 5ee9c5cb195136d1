#include "kernel/model/machine.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernel/job.h"
#include "kernel/model/bsd.h"
#include "kernel/tracer/clock.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel::model {
namespace {

// The clock of the model ticks as FreeBSD's does, hz=1000. It runs only while a guest runs.
constexpr int64_t kTick = 1000000;
// Ticks that a thread keeps its CPU while others wait for one (FreeBSD: 100 ms; shorter, because
// guests share one CPU of the host).
constexpr int kSlice = 2;
// How long a hostile CPU is slow at most. Real ones are taken away by their hypervisor for longer.
constexpr int64_t kLongestHold = 20 * kTick;

// Mean durations on a CPU of the model, in nanoseconds: what decides races in the natural schedule.
// Estimates of the right size, not measured, but for kAstRace: it is fitted to the rate that was
// measured on a real FreeBSD 9.3 without its fix (0.15 % of the wait4 calls of two threads that
// fork on two CPUs). It has to be longer than the code between the two looks: both take the
// process's lock, which the rival holds while it reaps.
constexpr int64_t kUserTime = 700;   // between two calls
constexpr int64_t kCallTime = 400;   // a call
constexpr int64_t kSleepRace = 900;  // from entry to the decision to sleep
constexpr int64_t kAstRace = 1600;   // from there to the look for signals
constexpr int64_t kWakeTime = 2500;  // from a wakeup to running
constexpr int64_t kForkTime = 50000;
constexpr int64_t kExitTime = 25000;  // until the parent is told

constexpr int kTickSignal = SIGALRM;

void OnTickSignal(int) {}  // its coming ends the wait for a stop

sigset_t HostSignals() {
  sigset_t set;
  sigfillset(&set);
  sigdelset(&set, kTickSignal);
  return set;
}

// A model's CPUs are one of the host's: a stop across CPUs costs 10 to 20 times more.
void StayOnOneCpu() {
  cpu_set_t set;
  int cpu = sched_getcpu();
  if (cpu < 0) return;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// The first guest is older than the machine; those that it makes are where it is.
void BringToThisCpu(pid_t guest) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) sched_setaffinity(guest, sizeof set, &set);
}

}  // namespace

Machine::Machine(System* system, Evidence* evidence, const MachineOptions& options)
    : system_(system), evidence_(evidence), options_(options), random_(options.seed) {
  for (int i = 0; i < options.cpus; ++i) cpus_.push_back({.number = i});
  next_thread_ = system->first_thread_id();
  struct sigaction action = {};
  action.sa_handler = OnTickSignal;  // and no SA_RESTART
  sigaction(kTickSignal, &action, nullptr);
  sigset_t tick;
  sigemptyset(&tick);
  sigaddset(&tick, kTickSignal);
  sigprocmask(SIG_UNBLOCK, &tick, nullptr);
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = kTickSignal;
  timer_create(CLOCK_MONOTONIC, &event, &tick_timer_);
  // Of what it traces, only ends are worth a signal.
  action.sa_flags = SA_NOCLDSTOP;
  sigaction(SIGCHLD, &action, nullptr);
  sigset_t signals = HostSignals();
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  StayOnOneCpu();
}

Machine::~Machine() {
  for (auto& [pid, process] : processes_)
    if (!process->zombie && process->host > 0) ReapHost(*process);
  if (tick_timer_ != nullptr) timer_delete(tick_timer_);
  if (signal_fd_ >= 0) close(signal_fd_);
  if (gate_ >= 0) close(gate_);
}

int64_t Machine::Now() { return Clock(); }

// ---- Life ---------------------------------------------------------------------------------------

Process& Machine::Adopt(pid_t host, const sigset_t& mask, int gate) {
  BringToThisCpu(host);
  gate_ = gate;
  // Numbers of its own, so that a run can be repeated; begun where the host is, so that two models
  // at once do not write the same temporary files.
  next_pid_ = 1000 + host % (system_->last_pid() - 1000);
  int pid = NewPid();
  auto process = std::make_unique<Process>(pid, nullptr, host);
  process->group = process->session = pid;
  process->exit_signal = bsd::kSIGCHLD;
  process->space = std::make_shared<Space>();
  process->files = std::make_shared<FileTable>();
  process->threads.push_back(std::make_unique<Thread>(process.get(), NewThreadId(*process), host));
  Thread& thread = *process->threads.front();
  for (int i = 1; i < NSIG; ++i) {
    int signal = system_->SignalFromHost(i);
    if (signal == 0) continue;
    if (sigismember(&mask, i) == 1) thread.mask.Add(signal);
    struct sigaction action;
    if (i != kTickSignal && sigaction(i, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
      process->actions[signal].handler = bsd::kSIG_IGN;
  }
  by_host_[host] = &thread;
  root_ = process.get();
  return *(processes_[pid] = std::move(process));
}

Value Machine::StartProgram(Thread& thread, const Launch& launch) {
  Process& process = *thread.process;
  process.space = std::make_shared<Space>();
  process.space->bits = launch.image.bits;
  thread.host.on_signal = [this, &process](int signal) { FromHost(process, signal); };
  // Nothing but the gate is left of the host's program: no stack, no vDSO.
  constexpr uint64_t kEnd = 0x7ffffffff000;
  thread.host.Call(SYS_munmap, {0, kGatePage});
  if (thread.host.Call(SYS_munmap, {kGatePage + kPage, kEnd - kGatePage - kPage}) != 0)
    return -ENOEXEC;
  process.path = launch.path;
  process.arguments = launch.arguments;
  thread.alt_stack = {};
  size_t slash = launch.path.rfind('/');
  thread.name = launch.path.substr(slash == std::string::npos ? 0 : slash + 1);
  for (Disposition& action : process.actions) {
    if (action.handler != bsd::kSIG_IGN) action.handler = bsd::kSIG_DFL;
    action.flags = 0;
    action.mask = {};
  }
  Value result = system_->Start(*this, thread, launch);
  thread.full_exit = true;
  return result;
}

void Machine::Run() {
  for (auto& [pid, process] : processes_)
    for (auto& thread : process->threads) Enqueue(*thread);
  while (!by_host_.empty()) {
    Thread* next = Pick();
    if (next == nullptr) {
      Idle();
      continue;
    }
    SetTicking(true);
    Step(*next);
    DestroyGone();
    if (files_changed_) LookAtFiles(0);
  }
  SetTicking(false);
}

int Machine::NewPid() {
  for (;;) {
    int pid = next_pid_++;
    if (next_pid_ > system_->last_pid()) next_pid_ = 1000;
    bool taken = processes_.contains(pid);
    for (auto& [other, process] : processes_)
      taken = taken || process->group == pid || process->session == pid;
    if (!taken) return pid;
  }
}

int Machine::NewThreadId(Process& process) {
  return system_->process_numbers_threads() ? ++process.last_thread : next_thread_++;
}

// ---- The scheduler ------------------------------------------------------------------------------

void Machine::Enqueue(Thread& thread) {
  thread.state = Thread::State::kReady;
  ready_.push_back(&thread);
  // A CPU that has nothing to do is where the waking one is, and a bit later.
  if (running_ == nullptr || running_->cpu == nullptr) return;
  int64_t now = running_->cpu->time;
  for (Cpu& cpu : cpus_)
    if (cpu.current == nullptr) cpu.time = std::max(cpu.time, now);
}

// Which of the threads that wait for a CPU gets this one; ready_.size(): none may run there. In the
// natural schedule each CPU has its queue, and one that has nothing to do takes from a CPU that has
// (FreeBSD's ULE does about the same). A hostile scheduler draws; but when a CPU is slow in a
// process, another thread of that process goes first: it is the one that can win the race.
size_t Machine::ChooseReady(const Cpu& cpu) {
  std::vector<size_t> able;
  std::vector<size_t> rivals;
  for (size_t i = 0; i < ready_.size(); ++i) {
    if (!ready_[i]->MayRunOn(cpu.number)) continue;
    able.push_back(i);
    if (options_.schedule != Schedule::kHostile) {
      if (ready_[i]->last_cpu == cpu.number) return i;
      continue;
    }
    for (const Cpu& other : cpus_) {
      if (other.current != nullptr && other.current->hold &&
          ready_[i]->process == other.current->process) {
        rivals.push_back(i);
      }
    }
  }
  if (able.empty()) return ready_.size();
  if (options_.schedule != Schedule::kHostile) {
    for (size_t i : able) {
      const Thread& thread = *ready_[i];
      if (!thread.MayRunOn(thread.last_cpu) ||
          cpus_[static_cast<size_t>(thread.last_cpu)].current != nullptr)
        return i;
    }
    return ready_.size();
  }
  return rivals.empty() ? able[Random() % able.size()] : rivals[Random() % rivals.size()];
}

void Machine::Dispatch() {
  for (Cpu& cpu : cpus_) {
    if (cpu.current != nullptr || ready_.empty()) continue;
    size_t which = ChooseReady(cpu);
    if (which == ready_.size()) continue;
    Thread* next = ready_[which];
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(which));
    next->state = Thread::State::kOnCpu;
    next->cpu = &cpu;
    next->last_cpu = cpu.number;
    cpu.current = next;
    cpu.slice = 0;
    Charge(*next, kWakeTime);
  }
}

void Machine::LeaveCpu(Thread& thread) {
  if (thread.cpu != nullptr) thread.cpu->current = nullptr;
  thread.cpu = nullptr;
  thread.switched = true;
}

Thread* Machine::Pick() {
  Dispatch();
  Thread* best = nullptr;
  Thread* held = nullptr;
  int free = 0;
  for (Cpu& cpu : cpus_) {
    Thread* thread = cpu.current;
    if (thread == nullptr) continue;
    if (thread->hold) {
      if (thread->hold() && Now() - thread->held_since < kLongestHold) {
        // Of several, the one that began to wait last goes on first: the first has waited longest
        // for the others to do something.
        if (held == nullptr || thread->held_since > held->held_since) held = thread;
        continue;
      }
      thread->hold = nullptr;
    }
    ++free;
    bool better =
        best == nullptr || (options_.schedule == Schedule::kHostile ? Random() % free == 0
                                                                    : cpu.time < best->cpu->time);
    if (better) best = thread;
  }
  if (best == nullptr && held != nullptr) {
    held->hold = nullptr;
    best = held;
  }
  return best;
}

void Machine::Charge(Thread& thread, int64_t mean) {
  if (thread.cpu == nullptr || options_.schedule == Schedule::kHostile) return;
  // Exponentially distributed: most are short, a few long, as what really delays a CPU (interrupts,
  // locks, cache misses) makes them.
  double chance = (static_cast<double>(Random() >> 11) + 1) / 9007199254740992.0;
  thread.cpu->time += static_cast<int64_t>(-std::log(chance) * static_cast<double>(mean));
}

bool Machine::FallsBehind(Thread& thread, int64_t mean) {
  if (cpus_.size() < 2 || thread.cpu == nullptr || options_.schedule == Schedule::kHostile)
    return false;
  Charge(thread, mean);
  return std::any_of(cpus_.begin(), cpus_.end(), [&](const Cpu& cpu) {
    return (cpu.current != nullptr || !ready_.empty()) && cpu.time < thread.cpu->time;
  });
}

bool Machine::Work::await_ready() const {
  return !machine.FallsBehind(thread, labour == Labour::kFork ? kForkTime : kExitTime);
}

bool Machine::LosesRace(const Thread& thread) const {
  // Only a signal for the process can be taken back by another thread, and only the thread that is
  // told of it is interrupted. That other one needs another CPU.
  uint64_t elsewhere = ((2ull << (cpus_.size() - 1)) - 1) & ~(1ull << thread.cpu->number);
  return std::any_of(
      thread.process->threads.begin(), thread.process->threads.end(),
      [&](const auto& other) { return other.get() != &thread && (other->cpus & elsewhere) != 0; });
}

bool Machine::Window::await_ready() {
  if (machine.cpus_.size() < 2) return true;
  if (machine.options_.schedule == Schedule::kHostile) return !machine.LosesRace(thread);
  return !machine.FallsBehind(thread, race == Race::kBeforeSleep ? kSleepRace : kAstRace);
}

void Machine::Window::await_suspend(std::coroutine_handle<> handle) {
  thread.resume = handle;
  if (machine.options_.schedule != Schedule::kHostile) return;
  thread.held_since = Now();
  Machine& m = machine;
  Thread& t = thread;
  if (race == Race::kBeforeSleep) {
    // Slow as long as no signal comes that would end the call.
    thread.hold = [&m, &t] { return !m.HasSignal(t); };
  } else {
    // Slow as long as nobody takes the signal away.
    thread.hold = [&m, &t] { return m.HasSignal(t); };
  }
}

bool Machine::Yielder::await_ready() const { return false; }

void Machine::Yielder::await_suspend(std::coroutine_handle<> handle) {
  thread.resume = handle;
  machine.LeaveCpu(thread);
  machine.Enqueue(thread);
}

// ---- A step of a thread -------------------------------------------------------------------------

void Machine::Step(Thread& thread) {
  running_ = &thread;
  if (thread.outside() && !NeedsAst(thread)) {
    RunOutside(thread);
  } else if (thread.outside()) {
    system_->EnterInterrupt(thread);
    thread.kernel = AstPath(thread);
    thread.kernel.Start();
    Resume(thread);
  } else {
    std::exchange(thread.resume, nullptr).resume();
    Resume(thread);
  }
  running_ = nullptr;
}

// The thread's coroutine has come back: it has ended, or waits for something.
void Machine::Resume(Thread& thread) {
  if (!thread.kernel || !thread.kernel.done()) return;
  thread.kernel.Result();  // passes an exception on
  thread.kernel = {};
}

bool Machine::NeedsAst(const Thread& thread) const {
  const Process& process = *thread.process;
  return thread.notified || process.stopped ||
         (process.single != nullptr && process.single != &thread);
}

void Machine::RunOutside(Thread& thread) {
  if (!thread.host.Run()) {
    OnKilled(*thread.process);
    return;
  }
  pid_t host = thread.host.tid();
  bool interrupted = false;
  for (;;) {
    int status;
    pid_t tid = waitpid(-1, &status, __WALL);
    if (tid == host) {
      // An interruption can come between a fault and its signal. The fault is first: the registers
      // are those that it found.
      if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_STOP && thread.host.FaultPending() &&
          ptrace(PTRACE_SYSEMU, host, nullptr, nullptr) == 0) {
        continue;
      }
      OnStop(thread, status);
      return;
    }
    if (tid > 0) {
      OnOther(tid, status);
      if (thread.state == Thread::State::kGone) return;
      continue;
    }
    if (errno != EINTR) return;
    Tick();
    bool others = !ready_.empty() || std::any_of(cpus_.begin(), cpus_.end(), [&](const Cpu& cpu) {
      return cpu.current != nullptr && cpu.current != &thread;
    });
    if (thread.state == Thread::State::kGone) return;
    if ((others || NeedsAst(thread)) && !interrupted) {
      interrupted = true;
      ptrace(PTRACE_INTERRUPT, host, nullptr, nullptr);
    }
  }
}

void Machine::OnStop(Thread& thread, int status) {
  if (!WIFSTOPPED(status)) {
    OnKilled(*thread.process);
    return;
  }
  if (!thread.host.Fetch()) return;  // killed: its end is reported in its turn
  int signal = WSTOPSIG(status);
  if (signal == kCallTrap) {
    OnCall(thread);
    return;
  }
  if (status >> 16 == PTRACE_EVENT_STOP) {
    // The tick took the CPU away.
    system_->EnterInterrupt(thread);
    thread.cpu->time += kTick;
    if ((++thread.cpu->slice >= kSlice && !ready_.empty()) ||
        !thread.MayRunOn(thread.cpu->number)) {
      LeaveCpu(thread);
      Enqueue(thread);
    }
    return;
  }
  if (status >> 16 != 0) return;
  siginfo_t info;
  if (ptrace(PTRACE_GETSIGINFO, thread.host.tid(), nullptr, &info) != 0) return;
  if (!IsFault(info)) {
    system_->EnterInterrupt(thread);
    FromHost(*thread.process, signal);
    return;
  }
  if (system_->EnterCallByFault(thread, info)) {
    Serve(thread);
    return;
  }
  system_->EnterInterrupt(thread);
  thread.kernel = FaultPath(thread, system_->Fault(thread, info));
  thread.kernel.Start();
  Resume(thread);
}

void Machine::OnCall(Thread& thread) {
  system_->EnterCall(thread);
  Serve(thread);
}

void Machine::Serve(Thread& thread) {
  thread.switched = thread.full_exit = thread.restarting = thread.handled = false;
  thread.brief = false;
  evidence_->Call();
  Charge(thread, kUserTime + kCallTime);
  if (std::optional<Value> value = system_->CallNow(*this, thread)) {
    system_->SetResult(*this, thread, *value);
    if (!NeedsAst(thread)) {
      system_->Leave(*this, thread);
      return;
    }
    thread.kernel = AstPath(thread);
  } else {
    thread.kernel = CallPath(thread);
  }
  thread.kernel.Start();
  Resume(thread);
}

Task<Value> Machine::CallPath(Thread& thread) {
  Value value = co_await system_->Call(*this, thread);
  if (value == kGone) co_return kGone;
  system_->SetResult(*this, thread, value);
  co_return co_await AstPath(thread);
}

Task<Value> Machine::AstPath(Thread& thread) {
  if (co_await Ast(thread) == kGone) co_return kGone;
  system_->Leave(*this, thread);
  co_return 0;
}

// Source: FreeBSD 10.4 sys/kern/kern_sig.c, postsig_done.
void Machine::BlockInHandler(Thread& thread, int signal) {
  Disposition& action = thread.process->actions[signal];
  SignalSet mask = thread.mask | action.mask;
  if (!(action.flags & bsd::kSA_NODEFER)) mask.Add(signal);
  if (action.flags & bsd::kSA_RESETHAND) action = {};
  SetMask(thread, mask);
}

// Source: FreeBSD 10.4 sys/kern/kern_sig.c, trapsignal: a fault's signal is never queued when there
// is a handler for it, and kills when it is blocked or ignored.
Task<Value> Machine::FaultPath(Thread& thread, SignalInfo info) {
  Process& process = *thread.process;
  Disposition& action = process.actions[info.signal];
  thread.full_exit = true;
  if (action.handler > bsd::kSIG_IGN && !thread.mask.Has(info.signal)) {
    if (!system_->PushHandler(thread, info, action, thread.mask)) {
      Kill(thread, {.signal = bsd::kSIGILL});
      co_return kGone;
    }
    BlockInHandler(thread, info.signal);  // a second fault of the kind, in the handler, is to kill
  } else {
    if (thread.mask.Has(info.signal) || action.handler == bsd::kSIG_IGN) {
      thread.mask.Remove(info.signal);
      action = {};
    }
    Post(process, info, &thread);
  }
  co_return co_await AstPath(thread);
}

// What a thread does on its way out: stops, ends or takes signals, until nothing of that is left.
Task<Value> Machine::Ast(Thread& thread) {
  Process& process = *thread.process;
  if (thread.restarting && !thread.switched) co_await Open(thread, Race::kBeforeAst);
  // Any thread that looks for signals finds those of the process, too. Which thread looks, is
  // chance: a hostile scheduler lets one look that was told of nothing (its time is up:
  // TDF_NEEDRESCHED leads here as well).
  for (;;) {
    if (thread.state == Thread::State::kGone) co_return kGone;
    if (process.stopped || (process.single != nullptr && process.single != &thread)) {
      if (co_await SuspendHere(thread) == kGone) co_return kGone;
      continue;
    }
    if (!thread.notified) co_return 0;
    int signal = NextSignal(thread);
    if (process.stopped) continue;
    if (signal == 0) {
      thread.notified = false;
      // What sigsuspend put aside is put back when no handler will do so.
      if (thread.old_mask) {
        SignalSet mask = *thread.old_mask;
        thread.old_mask.reset();
        SetMask(thread, mask);
        continue;
      }
      co_return 0;
    }
    std::optional<SignalInfo> info = thread.pending.Get(signal);
    if (!info) info = process.pending.Get(signal);
    if (!info) continue;
    Disposition& action = process.actions[signal];
    if (action.handler == bsd::kSIG_DFL) {
      Kill(thread, *info);
      co_return kGone;
    }
    SignalSet restore = thread.old_mask.value_or(thread.mask);
    thread.old_mask.reset();
    thread.full_exit = true;
    thread.handled = true;
    if (!system_->PushHandler(thread, *info, action, restore)) {
      Kill(thread, {.signal = bsd::kSIGILL});
      co_return kGone;
    }
    BlockInHandler(thread, signal);
    thread.notified = true;  // more may be pending
  }
}

void Machine::OnKilled(Process& process) {
  // From outside, by SIGKILL: nothing else ends a tracee. An exec of its own is not in question, as
  // the model waits for those itself.
  EndProcess(process, bsd::kSIGKILL);
}

void Machine::OnOther(pid_t tid, int status) {
  auto found = by_host_.find(tid);
  if (found == by_host_.end()) return;
  if (!WIFSTOPPED(status)) OnKilled(*found->second->process);
}

// ---- Time and the host --------------------------------------------------------------------------

void Machine::SetTicking(bool on) {
  if (ticking_ == on) return;
  ticking_ = on;
  itimerspec value = {};
  if (on) value.it_interval.tv_nsec = value.it_value.tv_nsec = kTick;
  timer_settime(tick_timer_, 0, &value, nullptr);
}

TimerId Machine::SetTimer(int64_t when, std::function<void()> action) {
  TimerId id{when, next_timer_++};
  timers_[id] = std::move(action);
  return id;
}

void Machine::RunTimers() {
  while (!timers_.empty() && timers_.begin()->first.first <= Now()) {
    auto action = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    action();
  }
}

void Machine::Tick() {
  TakeHostSignals();
  RunTimers();
  LookAtFiles(0);
  if (running_ == nullptr || !running_->outside()) return;
  // The CPU time timers count what their process has used.
  Process& process = *running_->process;
  constexpr int kCpuTimers[] = {bsd::kITIMER_VIRTUAL, bsd::kITIMER_PROF};
  constexpr int kCpuSignals[] = {bsd::kSIGVTALRM, bsd::kSIGPROF};
  for (int i = 0; i < 2; ++i) {
    Process::Timer& timer = process.timers[kCpuTimers[i]];
    if (timer.left <= 0) continue;
    timer.left -= kTick;
    if (timer.left > 0) continue;
    timer.left = timer.interval;
    bool own = system_->binds_signals() && system_->profiles_running_thread() &&
               !running_->mask.Has(kCpuSignals[i]);
    Post(process, {.signal = kCpuSignals[i], .code = bsd::kSI_KERNEL}, own ? running_ : nullptr);
  }
}

void Machine::Idle() {
  SetTicking(false);
  RunTimers();
  if (!ready_.empty()) return;
  int64_t timeout = -1;
  if (!timers_.empty()) {
    int64_t left = timers_.begin()->first.first - Now();
    if (left <= 0) return;
    timeout = (left + 999999) / 1000000;
  }
  LookAtFiles(static_cast<int>(std::min<int64_t>(timeout, 1 << 30)));
  TakeHostSignals();
  for (;;) {
    int status;
    pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);
    if (tid <= 0) break;
    OnOther(tid, status);
  }
  DestroyGone();
}

// Wakes the sleepers whose files are ready. Waits for that, or for a signal of the host.
void Machine::LookAtFiles(int timeout_ms) {
  files_changed_ = false;
  std::vector<pollfd> polls;
  std::vector<Thread*> owners;
  for (auto& [host, thread] : by_host_) {
    if (thread->state != Thread::State::kAsleep) continue;
    for (const Interest& interest : thread->interests) {
      if (interest.file->fd < 0) continue;
      polls.push_back({.fd = interest.file->fd, .events = interest.events, .revents = 0});
      owners.push_back(thread);
    }
  }
  if (polls.empty() && timeout_ms == 0) return;
  timespec time = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000l};
  // Signals of the host, too, end a wait.
  if (timeout_ms == 0) {
    if (poll(polls.data(), polls.size(), 0) <= 0) return;
  } else {
    polls.push_back({.fd = signal_fd_, .events = POLLIN, .revents = 0});
    owners.push_back(nullptr);
    if (ppoll(polls.data(), polls.size(), timeout_ms < 0 ? nullptr : &time, nullptr) <= 0) return;
  }
  for (size_t i = 0; i < polls.size(); ++i) {
    if (polls[i].revents == 0 || owners[i] == nullptr) continue;
    if (owners[i]->state == Thread::State::kAsleep) WakeThread(*owners[i], 0);
  }
}

void Machine::TakeHostSignals() {
  sigset_t set = HostSignals();
  timespec none = {};
  siginfo_t info;
  int signal;
  while ((signal = sigtimedwait(&set, &info, &none)) > 0) {
    if (signal == SIGCHLD) continue;
    if (signal == kWakeSignal && on_wake_signal) on_wake_signal();
    if (root_ != nullptr) FromHost(*root_, signal);
  }
}

void Machine::FromHost(Process& process, int host_signal) {
  int signal = system_->SignalFromHost(host_signal);
  if (signal != 0) Post(process, {.signal = signal, .code = bsd::kSI_USER});
}

}  // namespace faultline::kernel::model
