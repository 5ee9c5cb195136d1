// The machine that guests run on: CPUs, the event loop, sleeping and waking, signals on their way.
//
// One host thread runs at a time. That costs nothing, since the tracer and all it traces share one
// CPU of the host (a stop across CPUs is 10 to 20 times dearer), and it makes every interleaving
// the scheduler's choice, drawn from a seed.
#ifndef FAULTLINE_KERNEL_MODEL_MACHINE_H_
#define FAULTLINE_KERNEL_MODEL_MACHINE_H_

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/model/evidence.h"
#include "kernel/model/process.h"
#include "kernel/model/system.h"
#include "kernel/model/task.h"

namespace faultline::kernel::model {

struct Cpu {
  int number;
  Thread* current = nullptr;
  int64_t time = 0;  // how far it has come, in nanoseconds of its own
  int slice = 0;     // ticks that `current` has had
};

enum class Schedule : uint8_t {
  kNatural,  // the CPUs advance side by side, at speeds that chance varies
  kHostile,  // a CPU is slow wherever that loses a race
};

struct MachineOptions {
  Schedule schedule = Schedule::kNatural;
  uint64_t seed = 1;
  int cpus = 2;
};

class Machine {
 public:
  Machine(System* system, Evidence* evidence, const MachineOptions& options);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  System& system() { return *system_; }
  Evidence& evidence() { return *evidence_; }
  [[nodiscard]] int cpus() const { return static_cast<int>(cpus_.size()); }

  // --- Life.

  // The first process, from a host process that stands in its exec of the gate program, whose
  // descriptor is `gate`. `mask`: the signals that the host blocked when the model was started.
  Process& Adopt(pid_t host, const sigset_t& mask, int gate);
  // Runs a program in it, in place of whatever was there. 0 or -errno.
  Value StartProgram(Thread& thread, const Launch& launch);
  // Another program in the place of the thread's, which has no other threads. 0 or -errno: then
  // there is no way back.
  Value Exec(Thread& thread, const Launch& launch);
  // Until no guest is left.
  void Run();
  // The first process ended, with a status as wait has it; `last`: and no other is left.
  std::function<void(int status, bool last)> on_root_end;
  std::function<void(bool stopped)> on_root_stop;
  // A signal is about to kill a process.
  std::function<void(Thread& thread, const SignalInfo& info)> on_death;
  // A signal that the host sends to the model.
  std::function<void()> on_wake_signal;

  // --- Sleeping, for coroutines: co_await machine.Sleep(...).

  // 0: woken by Wakeup. -ETIMEDOUT: the deadline came. -EINTR, kRestart: a signal came, before the
  // sleep or in it, or another thread wants this one out of the way (FreeBSD's
  // sleepq_catch_signals).
  struct Sleeper {
    Machine& machine;
    Thread& thread;
    const void* channel;
    std::optional<int64_t> deadline;
    bool interruptible;
    std::vector<Interest> interests;
    Value at_once = 0;

    bool await_ready();
    void await_suspend(std::coroutine_handle<> handle);
    Value await_resume() const;
  };
  Sleeper Sleep(Thread& thread, const void* channel, std::optional<int64_t> deadline = {}) {
    return {*this, thread, channel, deadline, true, {}};
  }
  Sleeper SleepFirmly(Thread& thread, const void* channel) {
    return {*this, thread, channel, {}, false, {}};
  }
  // Until one of the files is ready.
  Sleeper SleepForFiles(Thread& thread, std::vector<Interest> interests,
                        std::optional<int64_t> deadline = {}) {
    return {*this, thread, &thread, deadline, true, std::move(interests)};
  }
  // Wakes up to `most` that sleep on the channel; how many.
  int Wakeup(const void* channel, int most = 1 << 30);
  void WakeThread(Thread& thread, Value value);

  // The places where another CPU may get ahead of this one, though the thread keeps its own.
  enum class Race : uint8_t {
    kBeforeSleep,  // between the entry to a call and its decision to sleep
    kBeforeAst,    // between a restart and the look for signals on the way out
  };
  struct Window {
    Machine& machine;
    Thread& thread;
    Race race;
    bool await_ready();
    void await_suspend(std::coroutine_handle<> handle);
    void await_resume() const {}
  };
  Window Open(Thread& thread, Race race) { return {*this, thread, race}; }
  // What takes so long that the other CPUs get far ahead meanwhile. No race: a hostile schedule has
  // nothing to choose there.
  enum class Labour : uint8_t { kFork, kExit };
  struct Work {
    Machine& machine;
    Thread& thread;
    Labour labour;
    [[nodiscard]] bool await_ready() const;
    void await_suspend(std::coroutine_handle<> handle) const { thread.resume = handle; }
    void await_resume() const {}
  };
  Work Do(Thread& thread, Labour labour) { return {*this, thread, labour}; }
  // Gives the CPU to others.
  struct Yielder {
    Machine& machine;
    Thread& thread;
    bool await_ready() const;
    void await_suspend(std::coroutine_handle<> handle);
    void await_resume() const {}
  };
  Yielder Yield(Thread& thread) { return {*this, thread}; }

  // Nanoseconds since the boot of the host.
  static int64_t Now();
  TimerId SetTimer(int64_t when, std::function<void()> action);
  void CancelTimer(TimerId id) { timers_.erase(id); }
  // They end with their process, and with its program.
  void DropPosixTimers(Process& process);

  // --- Signals.

  // To a process, or to one thread of it (FreeBSD's tdsendsignal).
  void Post(Process& process, const SignalInfo& info, Thread* thread = nullptr);
  // The signal that the thread would take now; stops the process if that is what it asks for.
  int NextSignal(Thread& thread);
  // Whether there is one, with no effect.
  bool HasSignal(const Thread& thread) const;
  void SetMask(Thread& thread, const SignalSet& mask);
  // Forgets what is pending of a signal that is ignored from now on.
  void OnActionChanged(Process& process, int signal);
  [[nodiscard]] bool IgnoredByDefault(int signal) const;
  static bool IsStop(int signal);
  [[nodiscard]] bool IsIgnored(const Process& process, int signal) const;
  void ContinueProcess(Process& process);

  // --- Processes and threads.

  Process* Find(int pid);
  Thread* FindThread(int id);
  [[nodiscard]] const std::map<int, std::unique_ptr<Process>>& processes() const {
    return processes_;
  }
  // A child with one thread, a copy of `thread`. `share_memory`: as vfork has it. Null with the
  // host's error in `error`.
  Process* Fork(Thread& thread, bool share_memory, bool share_files, Value* error);
  // A further thread; its registers are the caller's to set.
  Thread* NewThread(Thread& thread, Value* error);
  void Enqueue(Thread& thread);
  // The thread ends; with the last one the process. Of the thread itself, which then co_returns
  // kGone.
  void EndThread(Thread& thread);
  void EndProcess(Process& process, int status);
  // The process is a zombie and its parent has seen it.
  void Reap(Process& child);
  void TellParent(Process& process, int code);
  // The parent that waits for a vforked child's exec or end goes on.
  void ReleaseVforkParent(Process& process);

  // Makes the thread the only one that runs. kRestart: another one is about to.
  Task<Value> SingleThread(Thread& thread, bool exits);
  void EndSingleThread(Thread& thread);
  // Ends all other threads of the process.
  void EndOthers(Thread& thread);

  // --- Chance.
  uint64_t Random() { return random_(); }

 private:
  friend struct Sleeper;
  friend struct Window;
  friend struct Work;

  Thread* Pick();
  void Dispatch();
  size_t ChooseReady(const Cpu& cpu);
  void Step(Thread& thread);
  void RunOutside(Thread& thread);
  void OnStop(Thread& thread, int status);
  void OnCall(Thread& thread);
  void Serve(Thread& thread);
  void OnFault(Thread& thread, int host_signal);
  void OnOther(pid_t tid, int status);
  void OnKilled(Process& process);
  void Idle();
  void Tick();
  void SetTicking(bool on);
  void RunTimers();
  void LookAtFiles(int timeout_ms);
  void TakeHostSignals();
  void FromHost(Process& process, int host_signal);
  void Resume(Thread& thread);
  void LeaveCpu(Thread& thread);
  void Suspend(Thread& thread);
  void CheckStopped(Process& process);
  void Charge(Thread& thread, int64_t mean);
  // Charges it, and says whether another CPU, which is behind now, has something to do.
  bool FallsBehind(Thread& thread, int64_t mean);
  bool NeedsAst(const Thread& thread) const;
  Task<Value> CallPath(Thread& thread);
  Task<Value> FaultPath(Thread& thread, SignalInfo info);
  Task<Value> AstPath(Thread& thread);
  Task<Value> Ast(Thread& thread);
  Task<Value> SuspendHere(Thread& thread);
  // A handler's frame has been built: what it blocks while it runs, and what becomes of its action.
  void BlockInHandler(Thread& thread, int signal);
  void Kill(Thread& thread, const SignalInfo& info);
  void Notify(Thread& thread);
  Thread* TargetOf(Process& process, int signal);
  void Interrupt(Thread& thread, int signal);
  void StopProcess(Process& process, int signal);
  void ReapHost(Process& process);
  void DestroyGone();
  void DropThread(Thread& thread);
  void OnPosted(Process& process, int signal);
  void OnEnded(Process& process);
  bool LosesRace(const Thread& thread) const;
  int NewPid();
  int NewThreadId(Process& process);

  System* system_;
  Evidence* evidence_;
  MachineOptions options_;
  std::mt19937_64 random_;
  std::vector<Cpu> cpus_;
  std::deque<Thread*> ready_;
  std::map<int, std::unique_ptr<Process>> processes_;
  std::unordered_map<pid_t, Thread*> by_host_;
  std::map<TimerId, std::function<void()>> timers_;
  uint64_t next_timer_ = 0;
  std::vector<std::unique_ptr<Thread>> gone_;  // ended in their own coroutine
  Process* root_ = nullptr;
  int next_pid_ = 0;
  int next_thread_ = 0;
  std::vector<int> dead_;  // processes that nobody will wait for
  int gate_ = -1;
  int signal_fd_ = -1;
  Thread* running_ = nullptr;  // whose step this is
  timer_t tick_timer_ = nullptr;
  bool ticking_ = false;
  std::vector<std::weak_ptr<EventQueue>> queues_;
  bool files_changed_ = false;  // a guest did something to a file that others may wait for

 public:
  // A guest read, wrote or closed something that others may wait for.
  void FilesChanged() { files_changed_ = true; }
  [[nodiscard]] int gate() const { return gate_; }
  // Queues are told of signals and of ends, as long as they are there.
  void AddQueue(const std::shared_ptr<EventQueue>& queue) { queues_.push_back(queue); }
};

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_MACHINE_H_
