// The table of calls.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/model/bsd.h"
#include "kernel/model/bsd/segments.h"
#include "kernel/model/bsd/timers.h"
#include "kernel/model/freebsd/context.h"
#include "kernel/model/freebsd/file_calls.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_wait4, kSIG_BLOCK, …

// ---- Processes ----------------------------------------------------------------------------------

// Without RFPROC it changes the caller, after single-threading it (kern_fork.c, fork_norfproc).
Task<Value> Rfork(Context& c) {
  auto flags = static_cast<uint32_t>(c.Int());
  if (!(flags & kRFPROC)) {
    if (Value value = co_await c.machine.SingleThread(c.thread, false); value != 0) co_return value;
    c.machine.EndSingleThread(c.thread);
    co_return 0;
  }
  Value value = co_await Fork(c.machine, c.thread, (flags & kRFMEM) != 0, (flags & kRFPPWAIT) != 0);
  if (value > 0) c.SetSecond(0);
  co_return value;
}

// idtype_t, sys/wait.h.
constexpr int kP_PID = 0, kP_PGID = 2, kP_ALL = 7;
constexpr int kWExited = 0x10;

Task<Value> Wait6(Context& c) {
  int type = c.Int();
  int64_t id = c.Wide();
  uint64_t status_at = c.Word();
  int options = c.Int();
  uint64_t usage_at = c.Word(), info_at = c.Word();
  int pid = type == kP_PID ? static_cast<int>(id) : type == kP_PGID ? -static_cast<int>(id) : -1;
  if (type != kP_PID && type != kP_PGID && type != kP_ALL) co_return -EINVAL;
  if (!(options & (kWExited | kWUNTRACED | kWCONTINUED))) co_return -EINVAL;
  Waited waited;
  Value value = co_await Wait(c.machine, c.thread,
                              {.pid = pid,
                               .no_hang = (options & kWNOHANG) != 0,
                               .stopped = (options & kWUNTRACED) != 0,
                               .continued = (options & kWCONTINUED) != 0,
                               .leave = (options & kWNOWAIT) != 0},
                              &waited);
  if (value != 0) co_return value;
  if (waited.pid == 0) co_return 0;
  if (status_at != 0 && !c.Put(status_at, waited.status)) co_return -EFAULT;
  // struct __wrusage: the child's own, then its children's.
  if (usage_at != 0) {
    uint64_t size = c.amd64 ? sizeof(Amd64::Rusage) : sizeof(I386::Rusage);
    if (!c.PutRusage(usage_at, waited.usage) || !c.PutRusage(usage_at + size, rusage{}))
      co_return -EFAULT;
  }
  if (info_at != 0) {
    bool exited = (waited.status & 0x7f) == 0;
    SignalInfo info = {.signal = kSIGCHLD,
                       .code = exited ? kCLD_EXITED : kCLD_KILLED,
                       .pid = waited.pid,
                       .uid = getuid(),
                       .status = exited ? waited.status >> 8 : waited.status & 0x7f};
    if (!c.PutInfo(info_at, info)) co_return -EFAULT;
  }
  co_return waited.pid;
}

// ---- Threads ------------------------------------------------------------------------------------

Value ThrSelf(Context& c) { return c.PutLong(c.Word(), c.thread.id) ? 0 : -EFAULT; }

// Source: kern_thr.c, sys_thr_exit: the word is set, and who waits for it woken; the last thread
// does not go this way.
Task<Value> ThrExit(Context& c) {
  uint64_t state = c.Word();
  if (state != 0 && c.PutLong(state, 1)) {
    auto* channel =
        reinterpret_cast<const void*>(state ^ static_cast<uint64_t>(c.process.pid) << 48);
    c.machine.Wakeup(channel);
  }
  if (c.process.threads.size() == 1) {
    // thr_exit of the last thread: kern_thr_exit leaves it to exit1.
    c.machine.EndProcess(c.process, 0);
    co_return kGone;
  }
  c.machine.EndThread(c.thread);
  co_return kGone;
}

Value ThrNew(Context& c) {
  uint64_t parameters_at = c.Word();
  int size = c.Int();
  return ByArch(c, [&]<typename Abi>() -> Value {
    typename Abi::ThrParam p;
    if (size < 0 || static_cast<size_t>(size) > sizeof p) return -EINVAL;
    memset(&p, 0, sizeof p);
    if (!c.thread.host.Read(parameters_at, &p, static_cast<size_t>(size))) return -EFAULT;
    Value error = 0;
    Thread* made = c.machine.NewThread(c.thread, &error);
    if (made == nullptr) return error;
    made->stale_r10 = c.thread.host.regs.r10;
    made->stale_r11 = c.thread.host.regs.r11;
    Value value = c.system.StartThread(
        *made, p.start_func, p.arg, static_cast<uint64_t>(p.stack_base) + p.stack_size, p.tls_base);
    if (p.child_tid != 0 && !c.PutLong(p.child_tid, made->id)) value = -EFAULT;
    if (p.parent_tid != 0 && !c.PutLong(p.parent_tid, made->id)) value = -EFAULT;
    if (value != 0) {
      c.machine.EndThread(*made);
      return value;
    }
    c.machine.Enqueue(*made);
    return 0;
  });
}

Value ThrKill(Context& c) {
  int64_t id = c.amd64 ? static_cast<int64_t>(c.Word()) : static_cast<int32_t>(c.Word());
  int signal = c.Int();
  if (signal < 0 || signal > c.system.last_signal()) return -EINVAL;
  SignalInfo info = {.signal = signal, .code = kSI_LWP, .pid = c.process.pid, .uid = getuid()};
  bool any = false;
  for (auto& each : c.process.threads) {
    bool wanted = id == -1 ? each.get() != &c.thread : each->id == id;
    if (!wanted) continue;
    any = true;
    if (signal != 0) c.machine.Post(c.process, info, each.get());
  }
  return any || id == -1 ? 0 : -ESRCH;
}

Value ThrKill2(Context& c) {
  int pid = c.Int();
  int64_t id = c.amd64 ? static_cast<int64_t>(c.Word()) : static_cast<int32_t>(c.Word());
  int signal = c.Int();
  if (signal < 0 || signal > c.system.last_signal()) return -EINVAL;
  Process* process = c.machine.Find(pid);
  if (process == nullptr || process->zombie) return -ESRCH;
  SignalInfo info = {.signal = signal, .code = kSI_LWP, .pid = c.process.pid, .uid = getuid()};
  for (auto& each : process->threads) {
    if (each->id != id) continue;
    if (signal != 0) c.machine.Post(*process, info, each.get());
    return 0;
  }
  return -ESRCH;
}

// Source: kern_thr.c, sys_thr_wake: of itself, the next sleep ends at once.
Value ThrWake(Context& c) {
  int64_t id = c.amd64 ? static_cast<int64_t>(c.Word()) : static_cast<int32_t>(c.Word());
  if (id == c.thread.id) {
    c.thread.interrupted_self = true;
    return 0;
  }
  for (auto& each : c.process.threads) {
    if (each->id != id) continue;
    if (each->state == Thread::State::kAsleep && each->channel == &each->stale_r10)
      c.machine.WakeThread(*each, 0);
    else
      each->interrupted_self = true;
    return 0;
  }
  return -ESRCH;
}

Task<Value> ThrSuspend(Context& c) {
  uint64_t time_at = c.Word();
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    Value error = 0;
    std::optional<int64_t> time = c.GetTimespec(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time;
  }
  if (c.thread.interrupted_self) {
    c.thread.interrupted_self = false;
    co_return 0;
  }
  Value value = co_await c.machine.Sleep(c.thread, &c.thread.stale_r10, deadline);
  co_return value == kRestart ? -EINTR : value;
}

Value ThrSetName(Context& c) {
  int64_t id = static_cast<int64_t>(c.Word());
  Value error = 0;
  std::optional<std::string> name = ReadString(c.thread, c.Word(), &error, 64);
  if (!name) return error;
  for (auto& each : c.process.threads)
    if (each->id == id) each->name = *name;
  return 0;
}

// Whose CPUs are meant: a thread's, or those of all threads of a process; -1 is the caller's. Null
// for anything else (sets, interrupts), and for who is not there.
Thread* AffinityOf(Context& c, bool* whole) {
  int level = c.Int(), which = c.Int();
  int64_t id = c.Wide();
  *whole = which == kCPU_WHICH_PID;
  if (level != kCPU_LEVEL_WHICH) return nullptr;
  if (which == kCPU_WHICH_TID) {
    Thread* thread = id == -1 ? &c.thread : c.machine.FindThread(static_cast<int>(id));
    return thread != nullptr && thread->process == &c.process ? thread : nullptr;
  }
  if (!*whole || (id != -1 && id != c.process.pid)) return nullptr;
  return c.process.first();
}

uint64_t AllCpus(const Context& c) { return (2ull << (c.machine.cpus() - 1)) - 1; }

// Source: kern_cpuset.c, with a kernel built for 64 CPUs at most.
Value CpusetGetaffinity(Context& c) {
  bool whole;
  const Thread* thread = AffinityOf(c, &whole);
  uint64_t size = c.Word(), to = c.Word();
  if (size < sizeof(uint64_t) || size > 128) return -ERANGE;
  if (thread == nullptr) return -ESRCH;
  std::string set(size, '\0');
  uint64_t cpus = thread->cpus & AllCpus(c);
  memcpy(set.data(), &cpus, sizeof cpus);
  return c.thread.host.Write(to, set.data(), set.size()) ? 0 : -EFAULT;
}

Task<Value> CpusetSetaffinity(Context& c) {
  bool whole;
  Thread* thread = AffinityOf(c, &whole);
  uint64_t size = c.Word(), from = c.Word();
  uint64_t cpus;
  if (size < sizeof cpus || size > 128) co_return -ERANGE;
  if (!c.Get(from, &cpus)) co_return -EFAULT;
  if (thread == nullptr) co_return -ESRCH;
  if ((cpus & AllCpus(c)) == 0) co_return -EDEADLK;
  for (auto& each : c.process.threads)
    if (whole || each.get() == thread) each->cpus = cpus;
  // Whoever is on another one leaves it when its time is up; the caller at once.
  if (!c.thread.MayRunOn(c.thread.cpu->number)) co_await c.machine.Yield(c.thread);
  co_return 0;
}

// ---- Memory -------------------------------------------------------------------------------------

// Source: vm_mmap.c, sys_mmap.
Value Mmap(Context& c) {
  uint64_t address = c.Word(), size = c.Word();
  int prot = c.Int(), flags = c.Int(), number = c.Int();
  int64_t offset = c.Wide();
  if (flags & kMAP_STACK) {
    if (number != -1 || (prot & (kPROT_READ | kPROT_WRITE)) != (kPROT_READ | kPROT_WRITE))
      return -EINVAL;
    flags |= kMAP_ANON;
    offset = 0;
  }
  if (size == 0 && c.process.release_date >= 900045) return -EINVAL;
  if ((flags & kMAP_ANON) && c.process.release_date >= static_cast<uint64_t>(kP_OSREL_MAP_ANON) &&
      (number != -1 || offset != 0))
    return -EINVAL;
  if ((flags & kMAP_FIXED) && address % kPage != offset % kPage) return -EINVAL;
  if (auto limit = Limit(c, kRLIMIT_AS).first;
      limit != kRLIM_INFINITY && MappedBytes(c) + size > static_cast<uint64_t>(limit))
    return -ENOMEM;
  int host = (flags & kMAP_SHARED ? MAP_SHARED : MAP_PRIVATE) | MAP_NORESERVE;
  if (flags & kMAP_GUARD) {
    if (prot != kPROT_NONE || number != -1 || offset != 0) return -EINVAL;
    flags |= kMAP_ANON;
  }
  if (flags & kMAP_ANON) host |= MAP_ANONYMOUS;
  if (flags & kMAP_FIXED) host |= flags & kMAP_EXCL ? MAP_FIXED_NOREPLACE : MAP_FIXED;
  if (flags & kMAP_32BIT) host |= MAP_32BIT;
  std::shared_ptr<File> file;
  if (!(flags & kMAP_ANON)) {
    file = c.process.files->Get(number);
    if (!file) return -EBADF;
    int mode = file->flags & O_ACCMODE;
    if (mode == O_WRONLY || ((flags & kMAP_SHARED) && (prot & kPROT_WRITE) && mode != O_RDWR))
      return -EACCES;
  }
  int align = flags >> kMAP_ALIGNED_SHIFT & 0xff;
  prot &= kPROT_READ | kPROT_WRITE | kPROT_EXEC;
  // MAP_ALIGNED: a larger piece, of which the ends are given back.
  if (align > 12 && !(flags & kMAP_FIXED)) {
    uint64_t unit = 1ull << align;
    if (align >= 47) return -EINVAL;
    Value value = Map(c.thread, 0, size + unit, prot, host, file.get(), offset);
    if (value < 0) return value;
    auto from = static_cast<uint64_t>(value);
    uint64_t begin = (from + unit - 1) & ~(unit - 1);
    uint64_t end = begin + ((size + kPage - 1) & ~(kPage - 1));
    if (begin > from) Unmap(c.thread, from, begin - from);
    if (from + size + unit > end) Unmap(c.thread, end, from + size + unit - end);
    return static_cast<Value>(begin);
  }
  uint64_t skew = static_cast<uint64_t>(offset) % kPage;
  Value value = Map(c.thread, (flags & kMAP_FIXED) ? address - skew : address & ~(kPage - 1),
                    size + skew, prot, host, file.get(), offset - static_cast<int64_t>(skew));
  return value < 0 ? value : value + static_cast<Value>(skew);
}

Value Madvise(Context& c) {
  uint64_t address = c.Word(), size = c.Word();
  int advice = c.Int();
  // MADV_DONTNEED keeps the contents on FreeBSD; MADV_FREE (5) may lose them.
  constexpr int kMadvFree = 5;
  if (advice < 0 || advice > 10) return -EINVAL;
  if (advice == kMadvFree)
    c.thread.host.Call(SYS_madvise, {address, size, static_cast<uint64_t>(MADV_FREE)});
  return 0;
}

// ---- Signals ------------------------------------------------------------------------------------

Task<Value> SigWaitInfo(Context& c) {
  std::optional<SignalSet> set = c.GetMask(c.Word());
  uint64_t info_at = c.Word();
  if (!set) co_return -EFAULT;
  SignalInfo info;
  Value value = co_await WaitForSignal(c.machine, c.thread, *set, {}, &info);
  if (value == kRestart) value = -EINTR;
  if (value > 0 && info_at != 0 && !c.PutInfo(info_at, info)) co_return -EFAULT;
  co_return value;
}

// The error is the result; the signal goes to memory.
Task<Value> SigWait(Context& c) {
  std::optional<SignalSet> set = c.GetMask(c.Word());
  uint64_t signal_at = c.Word();
  if (!set) co_return EFAULT;
  SignalInfo info;
  Value value = co_await WaitForSignal(c.machine, c.thread, *set, {}, &info);
  if (value == -EINTR || value == kRestart) co_return kRestart;
  if (value < 0) co_return -value;
  co_return c.Put(signal_at, static_cast<int32_t>(value)) ? 0 : EFAULT;
}

Value SigAltStack(Context& c) {
  uint64_t new_at = c.Word(), old_at = c.Word();
  return ByArch(c, [&]<typename Abi>() -> Value {
    using Word = typename Abi::Word;
    auto& stack = c.thread.alt_stack;
    bool on = stack.enabled && c.thread.host.regs.rsp - stack.base < stack.size;
    typename Abi::StackT raw, old;
    memset(&old, 0, sizeof old);
    old.sp = static_cast<Word>(stack.base);
    old.size = static_cast<Word>(stack.size);
    old.flags = !stack.enabled ? kSS_DISABLE : on ? kSS_ONSTACK : 0;
    if (new_at != 0) {
      if (!c.Get(new_at, &raw)) return -EFAULT;
      if (on) return -EPERM;
      if (raw.flags & ~kSS_DISABLE) return -EINVAL;
      if (!(raw.flags & kSS_DISABLE)) {
        if (raw.size < kMINSIGSTKSZ) return -ENOMEM;
        stack = {.base = raw.sp, .size = raw.size, .enabled = true};
      } else {
        stack.enabled = false;
      }
    }
    return old_at == 0 || c.Put(old_at, old) ? 0 : -EFAULT;
  });
}

Value SigQueue(Context& c) {
  int pid = c.Int(), signal = c.Int();
  uint64_t value = c.Word();
  if (signal < 0 || signal > c.system.last_signal()) return -EINVAL;
  return Kill(c.machine, c.thread, pid, {.signal = signal, .code = kSI_QUEUE, .value = value});
}

Value SigReturn(Context& c) { return c.system.SetContext(c.machine, c.thread, c.Word()); }
Value GetContextCall(Context& c) { return c.system.GetContext(c.thread, c.Word()); }
Value SetContextCall(Context& c) { return c.system.SetContext(c.machine, c.thread, c.Word()); }

// ---- Time ---------------------------------------------------------------------------------------

Value GetRandom(Context& c) {
  uint64_t to = c.Word(), size = std::min<uint64_t>(c.Word(), 256);
  std::array<char, 256> bytes;
  for (char& each : bytes) each = static_cast<char>(c.machine.Random());
  return c.thread.host.Write(to, bytes.data(), size) ? static_cast<Value>(size) : -EFAULT;
}

// ---- The table ----------------------------------------------------------------------------------

struct Handler {
  const char* name = nullptr;
  Value (*now)(Context&) = nullptr;
  Task<Value> (*later)(Context&) = nullptr;
  bool brief = false;  // so short that the compiled kernel leaves r8 to r10 alone
  int since = 0;       // the release that brought the call
};

constexpr int kCalls = 600;
using Table = std::array<Handler, kCalls>;

Table MakeTable() {
  Table table = {};
#define FAULTLINE_X(name_, number) table[number].name = #name_;
  FAULTLINE_FREEBSD_CALLS(FAULTLINE_X)
#undef FAULTLINE_X
  auto now = [&](int number, Value (*f)(Context&), int since = 0) {
    table[number].now = f;
    table[number].since = since;
  };
  auto brief = [&](int number, Value (*f)(Context&)) {
    table[number].now = f;
    table[number].brief = true;
  };
  auto later = [&](int number, Task<Value> (*f)(Context&), int since = 0) {
    table[number].later = f;
    table[number].since = since;
  };
  brief(k_getpid, GetPid);
  brief(k_getppid, GetPpid);
  brief(k_getuid, GetUid);
  brief(k_geteuid, GetEuid);
  brief(k_getgid, GetGid);
  brief(k_getegid, GetEgid);
  brief(k_issetugid, IsSetugid);
  brief(k_getpgrp, GetPgrp);
  now(k_getpgid, GetPgid);
  now(k_setpgid, SetPgid);
  now(k_getsid, GetSid);
  now(k_setsid, SetSid);
  now(k_getgroups, GetGroups);
  now(k_umask, Umask);
  now(k_getrusage, GetRusage);
  now(k_getrlimit, GetRlimit);
  now(k_setrlimit, SetRlimit);
  later(k_exit, ExitCall);
  later(k_fork, ForkCall);
  later(k_vfork, Vfork);
  later(k_rfork, Rfork);
  later(k_wait4, Wait4);
  later(k_wait6, Wait6, 903000);
  later(k_execve, Execve);

  now(k_thr_self, ThrSelf);
  later(k_thr_exit, ThrExit);
  now(k_thr_new, ThrNew);
  now(k_thr_kill, ThrKill);
  now(k_thr_kill2, ThrKill2);
  now(k_thr_wake, ThrWake);
  later(k_thr_suspend, ThrSuspend);
  now(k_thr_set_name, ThrSetName);
  later(k__umtx_op, UmtxOp);
  later(k_sched_yield, SchedYield);
  later(k_yield, SchedYield);
  now(k_cpuset_getaffinity, CpusetGetaffinity, kCpusetSince);
  later(k_cpuset_setaffinity, CpusetSetaffinity, kCpusetSince);
  now(k_rtprio_thread, Nothing);
  now(k_sysarch, Sysarch);

  now(k_mmap, Mmap);
  now(k_munmap, Munmap);
  now(k_mprotect, Mprotect);
  now(k_madvise, Madvise);
  now(k_minherit, Nothing);
  now(k_mlock, Nothing);
  now(k_munlock, Nothing);
  now(k_break, Break);

  now(k_sigaction, SigAction);
  now(k_sigprocmask, SigProcMask);
  later(k_sigsuspend, SigSuspend);
  now(k_sigpending, SigPending);
  later(k_sigtimedwait, SigTimedWait);
  later(k_sigwaitinfo, SigWaitInfo);
  later(k_sigwait, SigWait);
  now(k_sigaltstack, SigAltStack);
  now(k_kill, KillCall);
  now(k_sigqueue, SigQueue);
  now(k_sigreturn, SigReturn);
  now(k_getcontext, GetContextCall);
  now(k_setcontext, SetContextCall);

  now(k_clock_gettime, ClockGettime);
  now(k_clock_getres, ClockGetres);
  now(k_gettimeofday, GetTimeOfDay);
  later(k_nanosleep, NanoSleep);
  now(k_setitimer, SetItimer);
  now(k_getitimer, GetItimer);

  now(k___sysctl, Sysctl);
  now(k___sysctlbyname, SysctlByName, 1300000);
  now(k_getrandom, GetRandom, 1200000);
  now(k_mount, NotPermitted);
  now(k_unmount, NotPermitted);
  now(k_reboot, NotPermitted);
  now(k_ktimer_create, TimerCreate);
  now(k_ktimer_delete, TimerDelete);
  now(k_ktimer_settime, TimerSetTime);
  now(k_ktimer_gettime, TimerGetTime);
  now(k_ktimer_getoverrun, TimerGetOverrun);
  AddFileCalls(now, later);
  AddStatusCalls(now);
  AddEventCalls(now, later);
  AddSocketCalls(now, later);
  return table;
}

const Handler& HandlerOf(int64_t number) {
  static const Table table = MakeTable();
  static const Handler none;
  return number >= 0 && number < kCalls ? table[static_cast<size_t>(number)] : none;
}

}  // namespace

// sys/time.h: those of FreeBSD's clocks that the host has.
std::optional<clockid_t> Os::HostClock(int clock) {
  switch (clock) {
    case kCLOCK_REALTIME:
    case 9:   // CLOCK_REALTIME_PRECISE
    case 10:  // CLOCK_REALTIME_FAST
    case 13:  // CLOCK_SECOND
      return CLOCK_REALTIME;
    case kCLOCK_MONOTONIC:
    case kCLOCK_UPTIME:
    case 7:   // CLOCK_UPTIME_PRECISE
    case 8:   // CLOCK_UPTIME_FAST
    case 11:  // CLOCK_MONOTONIC_PRECISE
    case 12:  // CLOCK_MONOTONIC_FAST
      return CLOCK_MONOTONIC;
    case kCLOCK_VIRTUAL:
    case kCLOCK_PROF:
    case 14:  // CLOCK_THREAD_CPUTIME_ID
    case 15:  // CLOCK_PROCESS_CPUTIME_ID
      return CLOCK_PROCESS_CPUTIME_ID;
    default:
      return std::nullopt;
  }
}

std::string FreeBsd::CallName(const Thread& thread) const {
  const Handler& handler = HandlerOf(thread.number);
  return handler.name != nullptr ? handler.name : fmt::format("call-{}", thread.number);
}

std::optional<Value> FreeBsd::CallNow(Machine& machine, Thread& thread) {
  // The commonest need neither arguments nor a coroutine.
  const Handler& handler = HandlerOf(thread.number);
  if (handler.now == nullptr && thread.number != k_syscall && thread.number != k___syscall)
    return std::nullopt;
  Context c(*this, machine, thread);
  const Handler& wanted = HandlerOf(thread.number);
  if (wanted.now == nullptr || wanted.since > release_.date) return std::nullopt;
  thread.brief = wanted.brief;
  return wanted.now(c);
}

Task<Value> FreeBsd::Call(Machine& machine, Thread& thread) {
  Context c(*this, machine, thread);
  const Handler& handler = HandlerOf(thread.number);
  if (handler.since > release_.date || handler.name == nullptr) {
    // nosys (kern_sig.c): a number that the release does not know.
    machine.Post(*thread.process, {.signal = kSIGSYS, .code = kSI_KERNEL}, &thread);
    co_return -ENOSYS;
  }
  if (handler.later == nullptr) {
    std::array<uint64_t, 6> arguments;
    for (size_t i = 0; i < arguments.size(); ++i) arguments[i] = c.arguments()[i];
    machine.evidence().Missing({.pid = thread.process->pid,
                                .thread = thread.id,
                                .call = handler.name,
                                .number = thread.number,
                                .arguments = arguments});
    co_return -ENOSYS;
  }
  co_return co_await handler.later(c);
}

// Source: sys_machdep.c of both arches.
Value Sysarch(Context& c) {
  int operation = c.Int();
  uint64_t at = c.Word();
  user_regs_struct& regs = c.thread.host.regs;
  switch (operation) {
    case kAMD64_GET_FSBASE:
    case kAMD64_GET_GSBASE: {
      if (!c.amd64) return -EINVAL;
      uint64_t base = operation == kAMD64_GET_FSBASE ? regs.fs_base : regs.gs_base;
      return c.Put(at, base) ? 0 : -EFAULT;
    }
    case kAMD64_SET_FSBASE:
    case kAMD64_SET_GSBASE: {
      uint64_t base;
      if (!c.amd64) return -EINVAL;
      if (!c.Get(at, &base)) return -EFAULT;
      c.thread.full_exit = true;
      return SetSegmentBase(c.thread, operation == kAMD64_SET_GSBASE, base);
    }
    case kI386_SET_FSBASE:
    case kI386_SET_GSBASE: {
      uint32_t base;
      if (c.amd64) return -EINVAL;
      if (!c.Get(at, &base)) return -EFAULT;
      c.thread.full_exit = true;
      return SetSegmentBase(c.thread, operation == kI386_SET_GSBASE, base);
    }
    case kI386_GET_FSBASE:
    case kI386_GET_GSBASE: {
      if (c.amd64) return -EINVAL;
      return GetSegmentBase(c.thread, operation == kI386_GET_GSBASE, at);
    }
    case kI386_SET_LDT:
      return c.amd64 ? -EINVAL : c.system.SetLdt(c.thread, at);
    default:
      return -EINVAL;
  }
}

}  // namespace faultline::kernel::model::freebsd
