// Source: sys/kern/kern_fork.c (sys___tfork, thread_fork), kern_exit.c (sys___threxit),
// kern_synch.c (thrsleep, sys___thrwakeup), kern_sig.c (sys_kill, sys_thrkill), of 5.5 and 7.5.
#include "kernel/model/openbsd/threads.h"

#include <errno.h>
#include <unistd.h>

namespace faultline::kernel::model::openbsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k___tfork, …

Thread* Find(const Context& c, int id) {
  for (auto& each : c.process.threads)
    if (each->id == id) return each.get();
  return nullptr;
}

// A copy of the registers but for the stack pointer and the results; no alternate stack.
Value Tfork(Context& c) {
  uint64_t param_at = c.Word(), size = c.Word();
  return ByArch(c, [&]<typename Abi>() -> Value {
    typename Abi::Tfork param;
    if (size != sizeof param) return -EINVAL;
    if (!c.Get(param_at, &param)) return -EFAULT;
    Value error = 0;
    Thread* made = c.machine.NewThread(c.thread, &error);
    if (made == nullptr) return error;
    c.system.StartForkedChild(*made);
    made->host.regs.rsp = param.stack;
    int32_t id = made->id;
    Value value = OpenBsd::SetTcb(*made, param.tcb);
    if (value == 0 && param.tid_at != 0 && !c.Put(param.tid_at, id)) value = -EFAULT;
    if (value != 0) {
      c.machine.EndThread(*made);
      return value;
    }
    c.SetSecond(0);
    c.machine.Enqueue(*made);
    return id;
  });
}

Task<Value> Threxit(Context& c) {
  uint64_t alive_at = c.Word();
  int32_t none = 0;
  if (alive_at != 0 && !c.Put(alive_at, none)) co_return -EFAULT;
  c.machine.EndThread(c.thread);
  co_return kGone;
}

Value GetThrid(Context& c) { return c.thread.id; }
Value GetTcb(Context& c) { return static_cast<Value>(c.thread.private_pointer); }
Value SetTcbCall(Context& c) { return OpenBsd::SetTcb(c.thread, c.Word()); }

Value PostTo(Context& c, Thread* thread, int signal) {
  if (signal < 0 || signal > c.system.last_signal()) return -EINVAL;
  if (thread == nullptr) return -ESRCH;
  if (signal != 0)
    c.machine.Post(c.process, {.signal = signal, .pid = c.process.pid, .uid = geteuid()}, thread);
  return 0;
}

// Up to 5.8 a number above THREAD_PID_OFFSET is a thread's.
Value KillTo58(Context& c) {
  int pid = c.Int(), signal = c.Int();
  if (pid > kThreadPidOffset) return PostTo(c, Find(c, pid), signal);
  if (signal < 0 || signal > c.system.last_signal()) return -EINVAL;
  return Kill(c.machine, c.thread, pid, {.signal = signal});
}

Value ThrKill(Context& c) {
  int id = c.Int(), signal = c.Int();
  return PostTo(c, id == 0 ? &c.thread : Find(c, id), signal);
}

// All sleep in one queue; which address each waits for is in its exit_word, which nothing else of
// this system needs.
const void* Sleepers(const Context& c) { return &c.process.departed; }

// Its error is the result, and not told by the carry flag.
Task<Value> ThrSleep(Context& c) {
  uint64_t ident = c.Word();
  int clock = c.Int();
  uint64_t time_at = c.Word(), lock_at = c.Word(), abort_at = c.Word();
  if (ident == 0) co_return kEINVAL;
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    std::optional<clockid_t> host = Os::HostClock(clock & 7);
    Value error = 0;
    std::optional<int64_t> time = c.GetTimespec(time_at, &error);
    if (!time || !host) co_return kEINVAL;
    timespec now;
    clock_gettime(*host, &now);
    deadline = Machine::Now() + *time - (now.tv_sec * kContextSecond + now.tv_nsec);
  }
  uint64_t& waits_for = c.thread.exit_word;
  waits_for = ident;
  int32_t unlocked = 0, abort = 0;
  if (lock_at != 0 && !c.Put(lock_at, unlocked)) co_return kEFAULT;
  co_await c.machine.Open(c.thread, Machine::Race::kBeforeSleep);
  Value value = 0;
  if (abort_at != 0 && (!c.Get(abort_at, &abort) || abort != 0))
    value = -EINTR;
  else if (waits_for != 0)
    value = co_await c.machine.Sleep(c.thread, Sleepers(c), deadline);
  bool woken = waits_for == 0;
  waits_for = 0;
  if (woken) co_return 0;
  co_return value == kRestart || value == -EINTR ? kEINTR : kEAGAIN;
}

Value ThrWakeup(Context& c) {
  uint64_t ident = c.Word();
  int most = c.Int(), found = 0;
  if (ident == 0) return kEINVAL;
  for (auto& each : c.process.threads) {
    if (each->exit_word != ident) continue;
    each->exit_word = 0;
    if (each->state == Thread::State::kAsleep && each->channel == Sleepers(c))
      c.machine.WakeThread(*each, 0);
    if (++found == most) break;
  }
  return found > 0 ? 0 : static_cast<Value>(kESRCH);
}

}  // namespace

void AddThreadCalls(const Release& release,
                    const std::function<void(int, Value (*)(Context&))>& now,
                    const std::function<void(int, Task<Value> (*)(Context&))>& later) {
  now(k___tfork, Tfork);
  later(k___threxit, Threxit);
  now(k_getthrid, GetThrid);
  now(k___get_tcb, GetTcb);
  now(k___set_tcb, SetTcbCall);
  later(k___thrsleep, ThrSleep);
  now(k___thrwakeup, ThrWakeup);
  if (release.thrkill) {
    now(k_kill, KillCall);
    now(k_thrkill, ThrKill);
  } else {
    now(k_kill_to_5_8, KillTo58);
  }
}

}  // namespace faultline::kernel::model::openbsd
