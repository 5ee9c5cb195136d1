// The table of calls.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <map>

#include "kernel/model/bsd/file_calls.h"
#include "kernel/model/darwin/context.h"
#include "kernel/model/darwin/mach.h"

namespace faultline::kernel::model::darwin {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_fork, kMAP_ANON, …

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

Value Lseek(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  int64_t offset = c.Wide();
  int whence = c.Int();
  if (!file || file->fd < 0) return -EBADF;
  off64_t at = lseek64(file->fd, offset, whence);
  if (at < 0) return -errno;
  if (!c.amd64) c.SetSecond(static_cast<uint64_t>(at) >> 32);
  return at;
}

// Two results, and no argument.
Value PipeCall(Context& c) {
  int32_t numbers[2];
  if (Value value = MakePipe(c.thread, 0, numbers); value != 0) return value;
  c.SetSecond(static_cast<uint64_t>(numbers[1]));
  return numbers[0];
}

// Source: bsd/kern/sys_generic.c, select. Never restarted.
Task<Value> Select(Context& c) {
  int count = c.Int();
  std::array<uint64_t, 3> sets_at = {c.Word(), c.Word(), c.Word()};
  uint64_t time_at = c.Word();
  constexpr int kMost = 1024;  // FD_SETSIZE
  constexpr int kBits = 32;
  if (count < 0) co_return -EINVAL;
  count = std::min(count, kMost);
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    Value error = 0;
    std::optional<int64_t> time = c.GetTimeval(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time;
  }
  std::array<std::array<uint32_t, kMost / kBits>, 3> sets = {};
  size_t bytes = static_cast<size_t>(count + kBits - 1) / kBits * sizeof(uint32_t);
  constexpr std::array<short, 3> kEvents = {POLLIN, POLLOUT, POLLPRI};
  std::map<int, short> wanted;
  for (size_t set = 0; set < sets.size(); ++set) {
    if (sets_at[set] == 0) continue;
    if (!c.thread.host.Read(sets_at[set], sets[set].data(), bytes)) co_return -EFAULT;
    for (int i = 0; i < count; ++i)
      if (sets[set][static_cast<size_t>(i / kBits)] >> (i % kBits) & 1)
        wanted[i] = static_cast<short>(wanted[i] | kEvents[set]);
    sets[set] = {};
  }
  std::vector<Polled> polled;
  for (auto& [number, events] : wanted) {
    if (!c.process.files->Get(number)) co_return -EBADF;
    polled.push_back({.number = number, .events = events, .revents = 0});
  }
  Value value = polled.empty() && deadline ? co_await SleepUntil(c.machine, c.thread, *deadline)
                                           : co_await Poll(c.machine, c.thread, &polled, deadline);
  if (value == kRestart) co_return -EINTR;
  if (value < 0) co_return value;
  int ready = 0;
  for (const Polled& each : polled) {
    for (size_t set = 0; set < sets.size(); ++set) {
      if (!(wanted[each.number] & kEvents[set])) continue;
      if (!(each.revents & (kEvents[set] | POLLERR | POLLHUP))) continue;
      sets[set][static_cast<size_t>(each.number / kBits)] |= 1u << (each.number % kBits);
      ++ready;
    }
  }
  for (size_t set = 0; set < sets.size(); ++set)
    if (sets_at[set] != 0 && !c.thread.host.Write(sets_at[set], sets[set].data(), bytes))
      co_return -EFAULT;
  co_return ready;
}

// ---- Memory -------------------------------------------------------------------------------------

// Source: bsd/kern/kern_mman.c. Limits of memory are kept, and not held against anything.
Value Mmap(Context& c) {
  uint64_t address = c.Word(), size = c.Word();
  int prot = c.Int(), flags = c.Int(), number = c.Int();
  int64_t offset = c.Wide();
  bool shared = (flags & kMAP_SHARED) != 0, priv = (flags & kMAP_PRIVATE) != 0;
  if (shared == priv || size == 0) return -EINVAL;
  if ((flags & kMAP_FIXED) && address % kPage != 0) return -EINVAL;
  int host = (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_NORESERVE;
  if (flags & kMAP_ANON) host |= MAP_ANONYMOUS;
  if (flags & kMAP_FIXED) host |= MAP_FIXED;
  std::shared_ptr<File> file;
  if (!(flags & kMAP_ANON)) {
    if (offset % static_cast<int64_t>(kPage) != 0) return -EINVAL;
    file = c.process.files->Get(number);
    if (!file) return -EBADF;
    int mode = file->flags & O_ACCMODE;
    if (mode == O_WRONLY || (shared && (prot & kPROT_WRITE) && mode != O_RDWR)) return -EACCES;
  }
  return Map(c.thread, address, size, prot & (kPROT_READ | kPROT_WRITE | kPROT_EXEC), host,
             file.get(), offset);
}

// ---- Signals ------------------------------------------------------------------------------------

// Source: sigaction, setsigvec, bsd/kern/kern_sig.c: the trampoline comes with the action.
Value SigActionCall(Context& c) {
  int signal = c.Int();
  uint64_t action_at = c.Word(), old_at = c.Word();
  if (signal == kSIGKILL || signal == kSIGSTOP) return -EINVAL;
  return ByArch(c, [&]<typename Abi>() -> Value {
    Disposition action, old;
    if (action_at != 0) {
      typename Abi::NewSigAction raw;
      if (!c.Get(action_at, &raw)) return -EFAULT;
      action.handler = raw.handler;
      action.flags = raw.flags;
      action.mask.SetWord(0, raw.mask.word[0]);
      action.trampoline = raw.trampoline;
    }
    Value value = SetAction(c.machine, c.thread, signal, action_at != 0 ? &action : nullptr, &old);
    if (value != 0 || old_at == 0) return value;
    // SA_RESETHAND is not told.
    constexpr uint32_t kTold = kSA_ONSTACK | kSA_RESTART | kSA_NOCLDSTOP | kSA_NODEFER |
                               kSA_NOCLDWAIT | kSA_SIGINFO | kSA_64REGSET;
    typename Abi::SigAction raw = {};
    raw.handler = static_cast<typename Abi::Word>(old.handler);
    raw.flags = old.flags & kTold;
    raw.mask.word[0] = old.mask.Word(0);
    return c.Put(old_at, raw) ? 0 : -EFAULT;
  });
}

// Source: sigaltstack, bsd/kern/kern_sig.c: that a thread is on it is remembered, and forgotten by
// sigreturn alone.
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
    if (old_at != 0 && !c.Put(old_at, old)) return -EFAULT;
    if (new_at == 0) return 0;
    if (!c.Get(new_at, &raw)) return -EFAULT;
    if (raw.flags & ~kSS_DISABLE) return -EINVAL;
    if (raw.flags & kSS_DISABLE) {
      if (stack.in_use) return -EINVAL;
      stack.enabled = false;
      return 0;
    }
    if (stack.in_use) return -EPERM;
    if (raw.size < kMINSIGSTKSZ) return -ENOMEM;
    stack = {.base = raw.sp, .size = raw.size, .enabled = true, .in_use = false};
    return 0;
  });
}

// The mask is the argument itself.
Task<Value> SigSuspendCall(Context& c) {
  SignalSet mask;
  mask.SetWord(0, static_cast<uint32_t>(c.Word()));
  co_return co_await Suspend(c.machine, c.thread, mask);
}

Task<Value> SigWait(Context& c) {
  std::optional<SignalSet> set = c.GetMask(c.Word());
  uint64_t to = c.Word();
  if (!set) co_return -EFAULT;
  SignalInfo info;
  Value value = co_await WaitForSignal(c.machine, c.thread, *set, {}, &info);
  if (value < 0) co_return -EINTR;
  auto signal = static_cast<int32_t>(value);
  co_return c.Put(to, signal) ? 0 : -EFAULT;
}

// Source: sigreturn, bsd/dev/i386/unix_signal.c.
Value SigReturn(Context& c) {
  uint64_t context = c.Word();
  auto style = static_cast<uint32_t>(c.Word());
  if (style == kUC_SET_ALT_STACK || style == kUC_RESET_ALT_STACK) {
    c.thread.alt_stack.in_use = style == kUC_SET_ALT_STACK;
    return 0;
  }
  return c.system.SetContext(c.machine, c.thread, context);
}

// ---- Time ---------------------------------------------------------------------------------------

Value TimeOfDay(Context& c) {
  uint64_t to = c.Word();
  if (to == 0) return 0;
  if (!c.system.release().time_in_registers) {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return c.PutTimeval(to, now.tv_sec * kContextSecond + now.tv_nsec) ? 0 : -EFAULT;
  }
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  c.SetSecond(static_cast<uint64_t>(now.tv_nsec / 1000));
  return now.tv_sec;
}

// ---- The table ----------------------------------------------------------------------------------

struct Handler {
  const char* name = nullptr;
  Value (*now)(Context&) = nullptr;
  Task<Value> (*later)(Context&) = nullptr;
};

using Table = std::map<int64_t, Handler>;

Table MakeTable() {
  Table table;
#define FAULTLINE_X(name_, number) table[Number(kClassUnix, number)].name = #name_;
  FAULTLINE_DARWIN_CALLS(FAULTLINE_X)
#undef FAULTLINE_X
#define FAULTLINE_X(name_, number) table[Number(kClassMach, number)].name = #name_;
  FAULTLINE_DARWIN_TRAPS(FAULTLINE_X)
#undef FAULTLINE_X
#define FAULTLINE_X(name_, number) table[Number(kClassMachdep, number)].name = #name_;
  FAULTLINE_DARWIN_MACHDEP(FAULTLINE_X)
#undef FAULTLINE_X
  auto set_now = [&](int64_t number, Value (*f)(Context&)) { table[number].now = f; };
  auto set_later = [&](int64_t number, Task<Value> (*f)(Context&)) { table[number].later = f; };
  AddMachCalls(set_now, set_later);
  auto now = [&](int number, Value (*f)(Context&)) { set_now(Number(kClassUnix, number), f); };
  auto later = [&](int number, Task<Value> (*f)(Context&)) {
    set_later(Number(kClassUnix, number), f);
  };
  now(k_getpid, GetPid);
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
  now(k_getrusage, GetRusage);
  now(k_getrlimit, GetRlimit);
  now(k_setrlimit, SetRlimit);
  later(k_exit, ExitCall);
  later(k_fork, ForkCall);
  later(k_vfork, Vfork);
  later(k_wait4, Wait4);
  later(k_wait4_nocancel, Wait4);
  later(k_execve, Execve);

  later(k_read, ReadCall);
  later(k_read_nocancel, ReadCall);
  later(k_write, WriteCall);
  later(k_write_nocancel, WriteCall);
  later(k_readv, ReadV);
  later(k_writev, WriteV);
  later(k_pread, Pread);
  later(k_pwrite, Pwrite);
  now(k_open, OpenCall);
  now(k_open_nocancel, OpenCall);
  now(k_close, CloseCall);
  now(k_close_nocancel, CloseCall);
  now(k_pipe, PipeCall);
  now(k_dup, Dup);
  now(k_dup2, Dup2);
  now(k_fcntl, Fcntl);
  now(k_lseek, Lseek);
  later(k_poll, PollCall);
  later(k_select, Select);

  now(k_mmap, Mmap);
  now(k_munmap, Munmap);
  now(k_mprotect, Mprotect);
  now(k_madvise, Nothing);

  now(k_sigaction, SigActionCall);
  now(k_sigprocmask, SigProcMask);
  now(k___pthread_sigmask, SigProcMask);
  later(k_sigsuspend, SigSuspendCall);
  now(k_sigpending, SigPending);
  later(k___sigwait, SigWait);
  now(k_sigaltstack, SigAltStack);
  now(k_sigreturn, SigReturn);
  now(k_kill, KillCall);

  now(k_gettimeofday, TimeOfDay);
  now(k_setitimer, SetItimer);
  now(k_getitimer, GetItimer);

  now(k___sysctl, Sysctl);
  return table;
}

const Handler& HandlerOf(int64_t number) {
  static const Table table = MakeTable();
  static const Handler none = {};
  auto found = table.find(number);
  return found == table.end() ? none : found->second;
}

}  // namespace

std::string Darwin::CallName(const Thread& thread) const {
  const Handler& handler = HandlerOf(thread.number);
  if (handler.name != nullptr) return handler.name;
  return fmt::format("call-{}.{}", ClassOf(thread.number), thread.number & 0xffffff);
}

std::optional<Value> Darwin::CallNow(Machine& machine, Thread& thread) {
  constexpr int64_t kIndirect = Number(kClassUnix, k_syscall);
  if (HandlerOf(thread.number).now == nullptr && thread.number != kIndirect) return std::nullopt;
  Context c(*this, machine, thread);
  const Handler& wanted = HandlerOf(thread.number);
  if (wanted.now == nullptr) return std::nullopt;
  return wanted.now(c);
}

Task<Value> Darwin::Call(Machine& machine, Thread& thread) {
  Context c(*this, machine, thread);
  const Handler& handler = HandlerOf(thread.number);
  if (handler.later != nullptr) co_return co_await handler.later(c);
  bool unix_call = ClassOf(thread.number) == kClassUnix;
  if (handler.name == nullptr) {
    // nosys: a number that the kernel does not know. Of Mach's there is only kern_invalid.
    if (!unix_call) co_return kKERN_INVALID_ARGUMENT;
    machine.Post(*thread.process, {.signal = kSIGSYS, .code = 0}, &thread);
    co_return -ENOSYS;
  }
  std::array<uint64_t, 6> arguments;
  for (size_t i = 0; i < arguments.size(); ++i) arguments[i] = c.arguments()[i];
  machine.evidence().Missing({.pid = thread.process->pid,
                              .thread = thread.id,
                              .call = handler.name,
                              .number = thread.number,
                              .arguments = arguments});
  co_return unix_call ? -ENOSYS : kKERN_INVALID_ARGUMENT;
}

}  // namespace faultline::kernel::model::darwin
