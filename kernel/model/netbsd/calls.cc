// The table of calls.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "kernel/model/bsd/timers.h"
#include "kernel/model/netbsd/context.h"
#include "kernel/model/netbsd/file_calls.h"
#include "kernel/model/netbsd/lwp.h"

namespace faultline::kernel::model::netbsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_fork, kMAP_ANON, …

// The parent's number is the second result.
Value GetPidCall(Context& c) {
  if (c.amd64) c.SetSecond(static_cast<uint64_t>(GetPpid(c)));
  return c.process.pid;
}

// Source: find_stopped_child, sys/kern/kern_exit.c of 2014: WUNTRACED, WNOHANG, WALTSIG, WALLSIG.
Task<Value> WaitCall(Context& c) {
  constexpr int kOldOptions = kWUNTRACED | kWNOHANG | 0x4 | 0x8;
  if (!c.system.release().waits_for_continued &&
      (static_cast<int>(c.arguments()[2]) & ~kOldOptions))
    co_return -EINVAL;
  co_return co_await Wait4(c);
}

// ---- Memory -------------------------------------------------------------------------------------

// Source: sys_mmap, sys/uvm/uvm_mmap.c.
Value Mmap(Context& c) {
  uint64_t address = c.Word(), size = c.Word();
  int prot = c.Int(), flags = c.Int(), number = c.Int();
  int64_t offset = c.Offset();
  if ((flags & (kMAP_SHARED | kMAP_PRIVATE)) == (kMAP_SHARED | kMAP_PRIVATE)) return -EINVAL;
  if (offset % static_cast<int64_t>(kPage) != 0) return -EINVAL;
  if ((flags & kMAP_FIXED) && address % kPage != 0) return -EINVAL;
  if (auto limit = Limit(c, kRLIMIT_AS).first;
      limit != kRLIM_INFINITY && MappedBytes(c) + size > static_cast<uint64_t>(limit))
    return -ENOMEM;
  int host = (flags & kMAP_SHARED ? MAP_SHARED : MAP_PRIVATE) | MAP_NORESERVE;
  if (flags & kMAP_ANON) host |= MAP_ANONYMOUS;
  if (flags & kMAP_FIXED) host |= MAP_FIXED;
  std::shared_ptr<File> file;
  if (!(flags & kMAP_ANON)) {
    file = c.process.files->Get(number);
    if (!file) return -EBADF;
    int mode = file->flags & O_ACCMODE;
    if (mode == O_WRONLY || ((flags & kMAP_SHARED) && (prot & kPROT_WRITE) && mode != O_RDWR))
      return -EACCES;
  } else if (number != -1) {
    return -EINVAL;
  }
  return Map(c.thread, address, size, prot & (kPROT_READ | kPROT_WRITE | kPROT_EXEC), host,
             file.get(), offset);
}

Value Madvise(Context&) { return 0; }

// ---- Signals ------------------------------------------------------------------------------------

// Source: sigaction1, sys/kern/sys_sig.c: a handler needs the program's trampoline.
Value SigActionTramp(Context& c) {
  int signal = c.Int();
  uint64_t action_at = c.Word(), old_at = c.Word(), trampoline = c.Word();
  int version = c.Int();
  return ByArch(c, [&]<typename Abi>() -> Value {
    typename Abi::SigAction raw;
    Disposition action, old;
    if (action_at != 0) {
      if (!c.Get(action_at, &raw)) return -EFAULT;
      action.handler = raw.handler;
      action.flags = raw.flags;
      for (int i = 0; i < 4; ++i) action.mask.SetWord(i, raw.mask.word[i]);
      action.trampoline = trampoline;
      if (raw.flags & ~kSA_ALLBITS) return -EINVAL;
      // Older frames than those with a siginfo are not modelled.
      bool handles = action.handler > kSIG_IGN;
      if (handles && (version < kSigtrampSiginfo || version > kSigtrampLast || trampoline == 0))
        return -EINVAL;
    }
    Value value = SetAction(c.machine, c.thread, signal, action_at != 0 ? &action : nullptr, &old);
    if (value != 0 || old_at == 0) return value;
    memset(&raw, 0, sizeof raw);
    raw.handler = static_cast<typename Abi::Word>(old.handler);
    raw.flags = old.flags;
    for (int i = 0; i < 4; ++i) raw.mask.word[i] = old.mask.Word(i);
    return c.Put(old_at, raw) ? 0 : -EFAULT;
  });
}

// Source: sigaltstack1, sys/kern/sys_sig.c: whether a thread is on it is remembered. It may be
// changed even then, but not taken away.
Value SigAltStack(Context& c) {
  uint64_t new_at = c.Word(), old_at = c.Word();
  return ByArch(c, [&]<typename Abi>() -> Value {
    using Word = typename Abi::Word;
    auto& stack = c.thread.alt_stack;
    typename Abi::StackT raw, old;
    memset(&old, 0, sizeof old);
    old.sp = static_cast<Word>(stack.base);
    old.size = static_cast<Word>(stack.size);
    old.flags = (stack.enabled ? 0 : kSS_DISABLE) | (stack.in_use ? kSS_ONSTACK : 0);
    if (new_at != 0) {
      if (!c.Get(new_at, &raw)) return -EFAULT;
      if (raw.flags & ~(kSS_DISABLE | kSS_ONSTACK)) return -EINVAL;
      bool enabled = !(raw.flags & kSS_DISABLE);
      if (!enabled && stack.in_use) return -EINVAL;
      if (enabled && raw.size < kMINSIGSTKSZ) return -ENOMEM;
      stack = {.base = raw.sp,
               .size = raw.size,
               .enabled = enabled,
               .in_use = (raw.flags & kSS_ONSTACK) != 0};
    }
    return old_at == 0 || c.Put(old_at, old) ? 0 : -EFAULT;
  });
}

Value GetContextCall(Context& c) { return c.system.GetContext(c.thread, c.Word()); }
Value SetContextCall(Context& c) { return c.system.SetContext(c.machine, c.thread, c.Word()); }

// ---- CPUs ---------------------------------------------------------------------------------------

// Source: sys__sched_setaffinity, sys/kern/sys_sched.c. An empty set is none: any CPU.
Task<Value> SetAffinity(Context& c) {
  int pid = c.Int(), id = c.Int();
  uint64_t size = c.Word(), from = c.Word();
  uint64_t cpus = 0;
  if (pid != 0 && pid != c.process.pid) co_return -ESRCH;
  if (!c.thread.host.Read(from, &cpus, std::min<uint64_t>(size, sizeof cpus))) co_return -EFAULT;
  uint64_t all = (2ull << (c.machine.cpus() - 1)) - 1;
  if (cpus != 0 && (cpus & all) == 0) co_return -EINVAL;
  bool any = false;
  for (auto& each : c.process.threads) {
    if (id != 0 && each->id != id) continue;
    any = true;
    each->cpus = cpus == 0 ? ~0ull : cpus;
  }
  if (!any) co_return -ESRCH;
  if (!c.thread.MayRunOn(c.thread.cpu->number)) co_await c.machine.Yield(c.thread);
  co_return 0;
}

// ---- The table ----------------------------------------------------------------------------------

struct Handler {
  const char* name = nullptr;
  Value (*now)(Context&) = nullptr;
  Task<Value> (*later)(Context&) = nullptr;
};

constexpr int kCalls = 512;  // SYS_NSYSENT
using Table = std::array<Handler, kCalls>;

Table MakeTable() {
  Table table = {};
#define FAULTLINE_X(name_, number) table[number].name = #name_;
  FAULTLINE_NETBSD_CALLS(FAULTLINE_X)
#undef FAULTLINE_X
  auto now = [&](int number, Value (*f)(Context&)) { table[number].now = f; };
  auto later = [&](int number, Task<Value> (*f)(Context&)) { table[number].later = f; };
  now(k_getpid, GetPidCall);
  now(k_getppid, GetPpid);
  now(k_getuid, GetUid);
  now(k_geteuid, GetEuid);
  now(k_getgid, GetGid);
  now(k_getegid, GetEgid);
  now(k_issetugid, IsSetugid);
  now(k_getpgrp, GetPgrp);
  now(k_getpgid, GetPgid);
  now(k_setpgid, SetPgid);
  now(k_getsid, GetSid);
  now(k_setsid, SetSid);
  now(k_getgroups, GetGroups);
  now(k_umask, Umask);
  now(k___getrusage50, GetRusage);
  now(k_getrlimit, GetRlimit);
  now(k_setrlimit, SetRlimit);
  later(k_exit, ExitCall);
  later(k_fork, ForkCall);
  later(k___vfork14, Vfork);
  later(k___wait450, WaitCall);
  later(k_execve, Execve);

  AddLwpCalls(now, later);
  later(k_sched_yield, SchedYield);
  later(k__sched_setaffinity, SetAffinity);

  AddFileCalls(now, later);

  now(k_mmap, Mmap);
  now(k_munmap, Munmap);
  now(k_mprotect, Mprotect);
  now(k_madvise, Madvise);
  now(k_break, Break);

  now(k___sigaction_sigtramp, SigActionTramp);
  now(k___sigprocmask14, SigProcMask);
  later(k___sigsuspend14, SigSuspend);
  now(k___sigpending14, SigPending);
  later(k_____sigtimedwait50, SigTimedWait);
  now(k___sigaltstack14, SigAltStack);
  now(k_kill, KillCall);
  now(k_getcontext, GetContextCall);
  now(k_setcontext, SetContextCall);

  now(k___clock_gettime50, ClockGettime);
  now(k___clock_getres50, ClockGetres);
  now(k___gettimeofday50, GetTimeOfDay);
  later(k___nanosleep50, NanoSleep);
  now(k___setitimer50, SetItimer);
  now(k___getitimer50, GetItimer);
  now(k_timer_create, TimerCreate);
  now(k_timer_delete, TimerDelete);
  now(k___timer_settime50, TimerSetTime);
  now(k___timer_gettime50, TimerGetTime);
  now(k_timer_getoverrun, TimerGetOverrun);

  now(k___sysctl, Sysctl);
  return table;
}

// The number is taken for one below the table's size (x86/syscall.c).
const Handler& HandlerOf(int64_t number) {
  static const Table table = MakeTable();
  return table[static_cast<size_t>(number) & (kCalls - 1)];
}

}  // namespace

std::optional<clockid_t> Os::HostClock(int clock) {
  switch (clock) {
    case kCLOCK_REALTIME:
      return CLOCK_REALTIME;
    case kCLOCK_MONOTONIC:
      return CLOCK_MONOTONIC;
    case kCLOCK_VIRTUAL:
    case kCLOCK_PROF:
      return CLOCK_PROCESS_CPUTIME_ID;
    default:
      return std::nullopt;
  }
}

std::string NetBsd::CallName(const Thread& thread) const {
  const Handler& handler = HandlerOf(thread.number);
  return handler.name != nullptr ? handler.name : fmt::format("call-{}", thread.number);
}

std::optional<Value> NetBsd::CallNow(Machine& machine, Thread& thread) {
  const Handler& handler = HandlerOf(thread.number);
  if (handler.now == nullptr && thread.number != k_syscall && thread.number != k___syscall)
    return std::nullopt;
  Context c(*this, machine, thread);
  const Handler& wanted = HandlerOf(thread.number);
  if (wanted.now == nullptr) return std::nullopt;
  return wanted.now(c);
}

Task<Value> NetBsd::Call(Machine& machine, Thread& thread) {
  Context c(*this, machine, thread);
  const Handler& handler = HandlerOf(thread.number);
  if (handler.later != nullptr) co_return co_await handler.later(c);
  if (handler.name == nullptr) {
    // sys_nosys: a number that the kernel does not know.
    machine.Post(*thread.process, {.signal = kSIGSYS, .code = bsd::kSI_KERNEL}, &thread);
    co_return -ENOSYS;
  }
  std::array<uint64_t, 6> arguments;
  for (size_t i = 0; i < arguments.size(); ++i) arguments[i] = c.arguments()[i];
  machine.evidence().Missing({.pid = thread.process->pid,
                              .thread = thread.id,
                              .call = handler.name,
                              .number = thread.number,
                              .arguments = arguments});
  co_return -ENOSYS;
}

}  // namespace faultline::kernel::model::netbsd
