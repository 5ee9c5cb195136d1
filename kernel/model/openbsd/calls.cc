// The table of calls.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "kernel/model/bsd/file_calls.h"
#include "kernel/model/openbsd/context.h"
#include "kernel/model/openbsd/threads.h"

namespace faultline::kernel::model::openbsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_fork, kMAP_ANON, …

template <bool kPads>
Value Seek(Context& c) {
  std::shared_ptr<File> file = c.process.files->Get(c.Int());
  if (kPads) c.Word();
  int64_t offset = c.Wide();
  int whence = c.Int();
  if (!file || file->fd < 0) return -EBADF;
  off64_t at = lseek64(file->fd, offset, whence);
  if (at < 0) return -errno;
  if (!c.amd64) c.SetSecond(static_cast<uint64_t>(at) >> 32);
  return at;
}

// ---- Memory -------------------------------------------------------------------------------------

uint64_t Up(uint64_t size) { return (size + kPage - 1) & ~(kPage - 1); }

// Source: sys_mmap, sys/uvm/uvm_mmap.c, 5.5 and 7.5.
template <bool kPads>
Value Mmap(Context& c) {
  uint64_t address = c.Word(), size = c.Word();
  int prot = c.Int(), flags = c.Int(), number = c.Int();
  if (kPads) c.Word();
  int64_t offset = c.Wide();
  int kind = flags & (kMAP_SHARED | kMAP_PRIVATE);
  if (kind == (kMAP_SHARED | kMAP_PRIVATE) || (kind == 0 && !(flags & kMAP_ANON))) return -EINVAL;
  if (offset % static_cast<int64_t>(kPage) != 0) return -EINVAL;
  if ((flags & kMAP_FIXED) && address % kPage != 0) return -EINVAL;
  bool stack = c.system.release().stacks && (flags & kMAP_STACK) != 0;
  if (stack && ((flags & ~(kMAP_FIXED | kMAP_STACK)) != (kMAP_ANON | kMAP_PRIVATE) ||
                (prot & (kPROT_READ | kPROT_WRITE)) != (kPROT_READ | kPROT_WRITE)))
    return -EINVAL;
  if (auto limit = Limit(c, kRLIMIT_DATA).first;
      (flags & kMAP_ANON) && limit != kRLIM_INFINITY &&
      MappedBytes(c) + size > static_cast<uint64_t>(limit))
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
  Value value = Map(c.thread, address, size, prot & (kPROT_READ | kPROT_WRITE | kPROT_EXEC), host,
                    file.get(), offset);
  if (IsError(value)) return value;
  auto at = static_cast<uint64_t>(value);
  if (stack)
    MemoryOf(c.thread).Allow(at, at + Up(size));
  else
    MemoryOf(c.thread).Forget(at, at + Up(size));
  return value;
}

Value MunmapCall(Context& c) {
  uint64_t address = c.Word(), size = c.Word();
  if (address % kPage != 0) return -EINVAL;
  Value value = Unmap(c.thread, address, size);
  if (value == 0) MemoryOf(c.thread).Forget(address, address + Up(size));
  return value;
}

// ---- Signals ------------------------------------------------------------------------------------

Value SigActionCall(Context& c) {
  int signal = c.Int();
  uint64_t action_at = c.Word(), old_at = c.Word();
  return ByArch(c, [&]<typename Abi>() -> Value {
    typename Abi::SigAction raw;
    Disposition action, old;
    if (action_at != 0) {
      if (!c.Get(action_at, &raw)) return -EFAULT;
      action.handler = raw.handler;
      action.flags = raw.flags;
      action.mask = ToSet(raw.mask.word[0]);
    }
    Value value = SetAction(c.machine, c.thread, signal, action_at != 0 ? &action : nullptr, &old);
    if (value != 0 || old_at == 0) return value;
    memset(&raw, 0, sizeof raw);
    raw.handler = static_cast<typename Abi::Word>(old.handler);
    raw.flags = old.flags;
    raw.mask.word[0] = old.mask.Word(0);
    return c.Put(old_at, raw) ? 0 : -EFAULT;
  });
}

// The set is the argument itself, the former one the result.
Value SigProcMaskCall(Context& c) {
  int how = c.Int();
  SignalSet set = ToSet(static_cast<uint32_t>(c.Word())), old = c.thread.mask;
  switch (how) {
    case kSIG_BLOCK:
      c.machine.SetMask(c.thread, old | set);
      break;
    case kSIG_UNBLOCK:
      c.machine.SetMask(c.thread, old.Without(set));
      break;
    case kSIG_SETMASK:
      c.machine.SetMask(c.thread, set);
      break;
    default:
      return -EINVAL;
  }
  return old.Word(0);
}

Value SigPendingCall(Context& c) {
  return (c.thread.pending.pending() | c.process.pending.pending()).Word(0);
}

Task<Value> SigSuspendCall(Context& c) {
  co_return co_await Suspend(c.machine, c.thread, ToSet(static_cast<uint32_t>(c.Word())));
}

// __thrsigdivert: takes a signal of the set, or waits for one.
Task<Value> SigDivert(Context& c) {
  SignalSet set = ToSet(static_cast<uint32_t>(c.Word()));
  uint64_t info_at = c.Word(), time_at = c.Word();
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    Value error = 0;
    std::optional<int64_t> time = c.GetTimespec(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time;
  }
  SignalInfo info;
  Value value = co_await WaitForSignal(c.machine, c.thread, set, deadline, &info);
  if (value == kRestart) value = -EINTR;
  if (value > 0 && info_at != 0 && !c.PutInfo(info_at, info)) co_return -EFAULT;
  co_return value;
}

// Source: sys_sigaltstack, sys/kern/kern_sig.c. Where stacks have to be asked for, whole pages of
// it are mapped anew as one: what was there is lost (uvm_map_remap_as_stack).
Value SigAltStackCall(Context& c) {
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
      bool enabled = !(raw.flags & kSS_DISABLE);
      if (enabled && raw.size < kMINSIGSTKSZ) return -ENOMEM;
      if (enabled && c.system.release().stacks) {
        uint64_t low = Up(raw.sp), high = (uint64_t{raw.sp} + raw.size) & ~(kPage - 1);
        int64_t result =
            c.thread.host.Call(SYS_mmap, {low, high - low, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~0ull, 0});
        if (result < 0) return -EINVAL;
        MemoryOf(c.thread).Allow(low, high);
      }
      stack = {.base = raw.sp, .size = raw.size, .enabled = enabled};
    }
    return old_at == 0 || c.Put(old_at, old) ? 0 : -EFAULT;
  });
}

Task<Value> SigReturnCall(Context& c) {
  Value value = c.system.SigReturn(c.machine, c.thread, c.Word());
  if (value == kGone) c.machine.EndProcess(c.process, kSIGILL);  // sigexit
  co_return value;
}

// ---- The table ----------------------------------------------------------------------------------

struct Handler {
  const char* name = nullptr;
  Value (*now)(Context&) = nullptr;
  Task<Value> (*later)(Context&) = nullptr;
};

using Table = std::array<Handler, kMaxCall>;

Table MakeTable(const Release& release) {
  Table table = {};
#define FAULTLINE_X(name_, number) table[number].name = #name_;
  FAULTLINE_OPENBSD_CALLS(FAULTLINE_X)
#undef FAULTLINE_X
  auto now = [&](int number, Value (*f)(Context&)) { table[number].now = f; };
  auto later = [&](int number, Task<Value> (*f)(Context&)) { table[number].later = f; };
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
  later(k_execve, Execve);

  AddThreadCalls(release, now, later);
  later(k_sched_yield, SchedYield);

  later(k_read, ReadCall);
  later(k_write, WriteCall);
  later(k_readv, ReadV);
  later(k_writev, WriteV);
  now(k_open, OpenCall);
  now(k_close, CloseCall);
  now(k_pipe2, Pipe2);
  now(k_dup, Dup);
  now(k_dup2, Dup2);
  now(k_fcntl, Fcntl);
  later(k_poll, PollCall);

  if (release.pads) {
    now(k_pad_lseek, Seek<true>);
    now(k_pad_mmap, Mmap<true>);
  } else {
    now(k_lseek, Seek<false>);
    now(k_mmap, Mmap<false>);
  }
  now(k_munmap, MunmapCall);
  now(k_mprotect, Mprotect);
  now(k_madvise, Nothing);
  now(k_break, Break);

  now(k_sigaction, SigActionCall);
  now(k_sigprocmask, SigProcMaskCall);
  later(k_sigsuspend, SigSuspendCall);
  now(k_sigpending, SigPendingCall);
  later(k___thrsigdivert, SigDivert);
  now(k_sigaltstack, SigAltStackCall);
  later(k_sigreturn, SigReturnCall);

  now(k_clock_gettime, ClockGettime);
  now(k_clock_getres, ClockGetres);
  now(k_gettimeofday, GetTimeOfDay);
  later(k_nanosleep, NanoSleep);
  now(k_setitimer, SetItimer);
  now(k_getitimer, GetItimer);

  now(k___sysctl, Sysctl);
  return table;
}

const Handler& HandlerOf(const Release& release, int64_t number) {
  static const std::array<Table, 2> tables = {MakeTable(Releases()[0]), MakeTable(Releases()[1])};
  static constexpr Handler kNone = {};
  auto which = static_cast<size_t>(&release - Releases().data());
  return number < 0 || number >= kMaxCall ? kNone : tables[which][static_cast<size_t>(number)];
}

// From where the thread calls. Source: sys/syscall_mi.h, mi_syscall, pin_check.
enum class Origin : uint8_t { kRight, kNoStack, kNotPinned };
Origin OriginOf(const Release& release, const Thread& thread) {
  const Memory& memory = MemoryOf(thread);
  const user_regs_struct& regs = thread.host.regs;
  if (release.stacks && !memory.IsStack(regs.rsp)) return Origin::kNoStack;
  if (!release.pins) return Origin::kRight;
  uint64_t at = regs.rip - static_cast<uint64_t>(thread.restart_size);
  if (at - thread.process->space->code_page < kPage) return Origin::kRight;
  auto pin = memory.pins.find(static_cast<int>(thread.number));
  bool right = pin != memory.pins.end() &&
               (pin->second == 0 ? at >= memory.text && at < memory.text_end : pin->second == at);
  return right ? Origin::kRight : Origin::kNotPinned;
}

}  // namespace

std::optional<clockid_t> Os::HostClock(int clock) {
  switch (clock) {
    case kCLOCK_REALTIME:
      return CLOCK_REALTIME;
    case kCLOCK_MONOTONIC:
      return CLOCK_MONOTONIC;
    case kCLOCK_PROCESS_CPUTIME_ID:
      return CLOCK_PROCESS_CPUTIME_ID;
    default:
      return std::nullopt;
  }
}

std::string OpenBsd::CallName(const Thread& thread) const {
  const Handler& handler = HandlerOf(release_, thread.number);
  return handler.name != nullptr ? handler.name : fmt::format("call-{}", thread.number);
}

std::optional<Value> OpenBsd::CallNow(Machine& machine, Thread& thread) {
  const Handler& handler = HandlerOf(release_, thread.number);
  if (handler.now == nullptr || OriginOf(release_, thread) != Origin::kRight) return std::nullopt;
  Context c(*this, machine, thread);
  return handler.now(c);
}

Task<Value> OpenBsd::Call(Machine& machine, Thread& thread) {
  switch (OriginOf(release_, thread)) {
    case Origin::kNoStack: {
      // uvm_map_inentry: the call is not made.
      SignalInfo info = {.signal = kSIGSEGV, .code = kSEGV_ACCERR};
      info.fault = true;
      info.address = thread.host.regs.rip;
      machine.Post(*thread.process, info, &thread);
      co_return kJustReturn;
    }
    case Origin::kNotPinned:
      machine.EndProcess(*thread.process, kSIGABRT);
      co_return kGone;
    case Origin::kRight:
      break;
  }
  Context c(*this, machine, thread);
  const Handler& handler = HandlerOf(release_, thread.number);
  if (handler.later != nullptr) co_return co_await handler.later(c);
  if (handler.name == nullptr) {
    // sys_nosys: a number that the kernel does not know.
    machine.Post(*thread.process, {.signal = kSIGSYS}, &thread);
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

}  // namespace faultline::kernel::model::openbsd
