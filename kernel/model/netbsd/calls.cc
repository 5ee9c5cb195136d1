// The table of calls.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "kernel/model/bsd/file_calls.h"
#include "kernel/model/bsd/timers.h"
#include "kernel/model/netbsd/context.h"
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

// ---- Files --------------------------------------------------------------------------------------

Value OpenAt(Context& c, int folder, uint64_t path_at, int flags, int mode) {
  Value error = 0;
  std::optional<std::string> path = ReadString(c.thread, path_at, &error);
  if (!path) return error;
  return Open(c.thread, folder, *path, FlagsToHost<Os>(flags), static_cast<mode_t>(mode));
}

Value OpenCall(Context& c) {
  uint64_t path = c.Word();
  int flags = c.Int();
  return OpenAt(c, AT_FDCWD, path, flags, c.Int());
}

Value Fcntl(Context& c) {
  int number = c.Int(), command = c.Int();
  auto argument = static_cast<int64_t>(c.Word());
  Descriptor* descriptor = c.process.files->Find(number);
  if (descriptor == nullptr) return -EBADF;
  switch (command) {
    case kF_DUPFD:
    case kF_DUPFD_CLOEXEC:
      if (argument < 0) return -EINVAL;
      return c.process.files->Add(descriptor->file, command == kF_DUPFD_CLOEXEC,
                                  static_cast<int>(argument));
    case kF_GETFD:
      return descriptor->close_on_exec ? kFD_CLOEXEC : 0;
    case kF_SETFD:
      descriptor->close_on_exec = (argument & kFD_CLOEXEC) != 0;
      return 0;
    case kF_GETFL:
      return FlagsFromHost<Os>(descriptor->file->flags);
    case kF_SETFL: {
      int host = FlagsToHost<Os>(static_cast<int>(argument)) & (O_NONBLOCK | O_APPEND);
      File& file = *descriptor->file;
      file.flags = (file.flags & ~(O_NONBLOCK | O_APPEND)) | host;
      return 0;
    }
    default:
      return -EINVAL;
  }
}

// A word of padding is before what is 64 bits wide.
Value Lseek(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  c.Word();
  int64_t offset = c.Wide();
  int whence = c.Int();
  if (!file || file->fd < 0) return -EBADF;
  off64_t at = lseek64(file->fd, offset, whence);
  if (at < 0) return -errno;
  if (!c.amd64) c.SetSecond(static_cast<uint64_t>(at) >> 32);
  return at;
}

// ---- Memory -------------------------------------------------------------------------------------

// Source: sys_mmap, sys/uvm/uvm_mmap.c.
Value Mmap(Context& c) {
  uint64_t address = c.Word(), size = c.Word();
  int prot = c.Int(), flags = c.Int(), number = c.Int();
  c.Word();
  int64_t offset = c.Wide();
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

  later(k_read, ReadCall);
  later(k_write, WriteCall);
  later(k_readv, ReadV);
  later(k_writev, WriteV);
  now(k_open, OpenCall);
  now(k_close, CloseCall);
  now(k_pipe, Pipe);
  now(k_pipe2, Pipe2);
  now(k_dup, Dup);
  now(k_dup2, Dup2);
  now(k_fcntl, Fcntl);
  now(k_lseek, Lseek);
  later(k_poll, PollCall);

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
