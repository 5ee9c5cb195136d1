// Signals on their way: who is told, what it does to sleepers, what is taken. The rules are those
// of FreeBSD's sys/kern/kern_sig.c, 10.4, functions of which are named at each.
#include <errno.h>

#include <algorithm>

#include "kernel/model/bsd.h"
#include "kernel/model/machine.h"
#include "kernel/model/queue.h"

namespace faultline::kernel::model {

// sigproptbl: what is ignored when nobody says otherwise.
bool Machine::IgnoredByDefault(int signal) const {
  switch (signal) {
    case bsd::kSIGURG:
    case bsd::kSIGCONT:
    case bsd::kSIGCHLD:
    case bsd::kSIGIO:
    case bsd::kSIGWINCH:
    case bsd::kSIGINFO:
      return true;
    default:
      return system_->IgnoresByDefault(signal);
  }
}

bool Machine::IsStop(int signal) {
  return signal == bsd::kSIGSTOP || signal == bsd::kSIGTSTP || signal == bsd::kSIGTTIN ||
         signal == bsd::kSIGTTOU;
}

// ps_sigignore: SIGCONT is never in it, for it does its work all the same.
bool Machine::IsIgnored(const Process& process, int signal) const {
  if (signal == bsd::kSIGCONT) return false;
  uint64_t handler = process.action(signal).handler;
  return handler == bsd::kSIG_IGN || (handler == bsd::kSIG_DFL && IgnoredByDefault(signal));
}

// sigtd: the current thread if the process signals itself, else the first that does not block it.
Thread* Machine::TargetOf(Process& process, int signal) {
  if (!system_->binds_signals() && running_ != nullptr && running_->process == &process &&
      running_->state != Thread::State::kGone && !running_->mask.Has(signal))
    return running_;
  for (auto& thread : process.threads)
    if (!thread->mask.Has(signal)) return thread.get();
  return process.first();
}

// signotify.
void Machine::Notify(Thread& thread) {
  if (HasSignal(thread)) thread.notified = true;
}

bool Machine::HasSignal(const Thread& thread) const {
  return !(thread.pending.pending() | thread.process->pending.pending())
              .Without(thread.mask)
              .empty();
}

// tdsigwakeup.
void Machine::Interrupt(Thread& thread, int signal) {
  if (thread.state != Thread::State::kAsleep || !thread.interruptible) return;
  const Disposition& action = thread.process->action(signal);
  if (signal == bsd::kSIGCONT && action.handler <= bsd::kSIG_IGN) {
    thread.pending.Delete(signal);
    thread.process->pending.Delete(signal);
    return;
  }
  bool eintr = action.handler > bsd::kSIG_IGN && !(action.flags & bsd::kSA_RESTART);
  WakeThread(thread, eintr ? -EINTR : kRestart);
}

// tdsendsignal.
void Machine::Post(Process& process, const SignalInfo& info, Thread* thread) {
  int signal = info.signal;
  if (process.zombie || process.threads.empty()) return;
  if (thread == nullptr && system_->binds_signals()) thread = TargetOf(process, signal);
  SignalQueue& queue = thread != nullptr ? thread->pending : process.pending;
  if (thread == nullptr) thread = TargetOf(process, signal);
  OnPosted(process, signal);
  if (IsIgnored(process, signal)) return;
  const Disposition& action = process.action(signal);
  bool held = thread->mask.Has(signal);
  bool caught = !held && action.handler > bsd::kSIG_IGN;
  if (signal == bsd::kSIGCONT) {
    for (int stop : {bsd::kSIGSTOP, bsd::kSIGTSTP, bsd::kSIGTTIN, bsd::kSIGTTOU}) {
      process.pending.Delete(stop);
      for (auto& each : process.threads) each->pending.Delete(stop);
    }
  } else if (IsStop(signal)) {
    process.pending.Delete(bsd::kSIGCONT);
    for (auto& each : process.threads) each->pending.Delete(bsd::kSIGCONT);
    process.continue_unwaited = false;
  }
  if (!system_->queues_signals()) queue.Delete(signal);
  queue.Add(info);
  Notify(*thread);
  if (held && !(signal == bsd::kSIGCONT && process.stopped)) return;
  if (process.stopped) {
    if (signal == bsd::kSIGKILL) {
      process.stopped = false;
      for (auto& each : process.threads)
        if (each->state == Thread::State::kSuspended) Enqueue(*each);
      Interrupt(*thread, signal);
    } else if (signal == bsd::kSIGCONT) {
      ContinueProcess(process);
      if (!caught && !held) queue.Delete(signal);
      if (caught) Interrupt(*thread, signal);
    } else if (IsStop(signal)) {
      queue.Delete(signal);
    } else if (caught) {
      Interrupt(*thread, signal);
    }
    return;
  }
  if (!caught && IsStop(signal) && action.handler == bsd::kSIG_DFL) {
    // Sleepers stop where they are.
    queue.Delete(signal);
    StopProcess(process, signal);
    return;
  }
  Interrupt(*thread, signal);
}

void Machine::StopProcess(Process& process, int signal) {
  if (process.vfork_parent != nullptr) return;  // its parent would wait for ever
  process.stopped = true;
  process.stop_reported = false;
  process.stop_signal = signal;
  CheckStopped(process);
}

// thread_stopped: once the last thread has stopped, the parent is told.
void Machine::CheckStopped(Process& process) {
  if (!process.stopped || process.stop_reported) return;
  for (auto& thread : process.threads)
    if (thread->state != Thread::State::kAsleep && thread->state != Thread::State::kSuspended)
      return;
  process.stop_reported = true;
  process.stop_unwaited = true;
  if (process.parent != nullptr &&
      !(process.parent->action(bsd::kSIGCHLD).flags & bsd::kSA_NOCLDSTOP))
    TellParent(process, bsd::kCLD_STOPPED);
  if (process.parent != nullptr) Wakeup(process.parent);
  if (&process == root_ && on_root_stop) on_root_stop(true);
}

void Machine::ContinueProcess(Process& process) {
  if (!process.stopped) return;
  bool reported = process.stop_reported;
  process.stopped = process.stop_reported = process.stop_unwaited = false;
  process.continue_unwaited = true;
  for (auto& thread : process.threads)
    if (thread->state == Thread::State::kSuspended && process.single == nullptr) Enqueue(*thread);
  if (process.parent != nullptr) {
    TellParent(process, bsd::kCLD_CONTINUED);
    Wakeup(process.parent);
  }
  if (&process == root_ && reported && on_root_stop) on_root_stop(false);
}

// issignal: lowest number first; those that have no effect are forgotten on the way.
int Machine::NextSignal(Thread& thread) {
  Process& process = *thread.process;
  for (;;) {
    int signal =
        (thread.pending.pending() | process.pending.pending()).Without(thread.mask).First();
    if (signal == 0) return 0;
    uint64_t handler = process.action(signal).handler;
    if (handler > bsd::kSIG_IGN) return signal;
    bool stop = handler == bsd::kSIG_DFL && IsStop(signal);
    if (handler == bsd::kSIG_DFL && !stop && !IgnoredByDefault(signal)) return signal;
    thread.pending.Delete(signal);
    process.pending.Delete(signal);
    if (stop) {
      StopProcess(process, signal);
      return 0;
    }
  }
}

void Machine::SetMask(Thread& thread, const SignalSet& mask) {
  SignalSet blocked = mask.Without(thread.mask);
  thread.mask = mask;
  thread.mask.Remove(bsd::kSIGKILL);
  thread.mask.Remove(bsd::kSIGSTOP);
  Notify(thread);
  // reschedule_signals: what this thread no longer takes, another may.
  Process& process = *thread.process;
  if (process.threads.size() < 2 || blocked.empty()) return;
  SignalSet orphans = process.pending.pending();
  for (int signal = orphans.First(); signal != 0;
       orphans.Remove(signal), signal = orphans.First()) {
    if (!blocked.Has(signal)) continue;
    for (auto& other : process.threads) {
      if (other->mask.Has(signal)) continue;
      Notify(*other);
      if (process.action(signal).handler > bsd::kSIG_IGN) Interrupt(*other, signal);
      break;
    }
  }
}

void Machine::OnActionChanged(Process& process, int signal) {
  if (!IsIgnored(process, signal)) return;
  process.pending.Delete(signal);
  for (auto& thread : process.threads) thread->pending.Delete(signal);
}

void Machine::OnPosted(Process& process, int signal) {
  for (const auto& each : queues_)
    if (auto queue = each.lock()) queue->OnSignal(process.pid, signal);
}

void Machine::OnEnded(Process& process) {
  std::erase_if(queues_, [](const auto& each) { return each.expired(); });
  for (const auto& each : queues_)
    if (auto queue = each.lock()) queue->OnEnd(process.pid, process.status);
}

// sigexit.
void Machine::Kill(Thread& thread, const SignalInfo& info) {
  if (on_death) on_death(thread, info);
  Process& process = *thread.process;
  EndProcess(process, info.signal);
}

}  // namespace faultline::kernel::model
