// Calls that are the same on all BSDs but for layouts and a few numbers, which C::Os has. C: the
// system's own Context (bsd/context.h). Sources are FreeBSD's, 10.4, unless another one is named.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_CALLS_H_

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/model/bsd.h"
#include "kernel/model/calls.h"

namespace faultline::kernel::model {

// ---- Processes ----------------------------------------------------------------------------------

template <typename C>
Value GetPid(C& c) {
  return c.process.pid;
}
// Its parent may have ended: then init is.
template <typename C>
Value GetPpid(C& c) {
  return c.process.parent != nullptr ? c.process.parent->pid : 1;
}
template <typename C>
Value GetUid(C&) {
  return getuid();
}
template <typename C>
Value GetEuid(C&) {
  return geteuid();
}
template <typename C>
Value GetGid(C&) {
  return getgid();
}
template <typename C>
Value GetEgid(C&) {
  return getegid();
}
template <typename C>
Value IsSetugid(C&) {
  return 0;
}
template <typename C>
Value GetPgrp(C& c) {
  return c.process.group;
}

template <typename C>
Value GetGroups(C& c) {
  int room = c.Int();
  uint64_t to = c.Word();
  std::array<gid_t, 256> groups;
  int count = getgroups(groups.size(), groups.data());
  if (count < 0) return -errno;
  if (room == 0) return count;
  if (room < count) return -EINVAL;
  return c.thread.host.Write(to, groups.data(), static_cast<size_t>(count) * sizeof(gid_t))
             ? count
             : -EFAULT;
}

template <typename C>
Value SetPgid(C& c) {
  int pid = c.Int(), group = c.Int();
  Process* process = pid == 0 ? &c.process : c.machine.Find(pid);
  if (process == nullptr || (process != &c.process && process->parent != &c.process)) return -ESRCH;
  if (group < 0) return -EINVAL;
  if (process->session != c.process.session || process->session == process->pid) return -EPERM;
  if (process != &c.process && process->has_execed) return -EACCES;
  process->group = group == 0 ? process->pid : group;
  return 0;
}

template <typename C>
Value GetPgid(C& c) {
  int pid = c.Int();
  Process* process = pid == 0 ? &c.process : c.machine.Find(pid);
  return process == nullptr ? -ESRCH : process->group;
}

template <typename C>
Value GetSid(C& c) {
  int pid = c.Int();
  Process* process = pid == 0 ? &c.process : c.machine.Find(pid);
  return process == nullptr ? -ESRCH : process->session;
}

template <typename C>
Value SetSid(C& c) {
  for (const auto& [pid, process] : c.machine.processes())
    if (process->group == c.process.pid) return -EPERM;
  c.process.group = c.process.session = c.process.pid;
  return c.process.pid;
}

template <typename C>
Value Umask(C& c) {
  mode_t old = c.process.file_mask;
  c.process.file_mask = static_cast<mode_t>(c.Int()) & 07777;
  return old;
}

template <typename C>
Task<Value> ExitCall(C& c) {
  co_await c.machine.Do(c.thread, Machine::Labour::kExit);
  c.machine.EndProcess(c.process, (c.Int() & 0xff) << 8);
  co_return kGone;
}

template <typename C>
Task<Value> ForkCall(C& c) {
  Value value = co_await Fork(c.machine, c.thread, false, false);
  if (value > 0) c.SetSecond(0);
  co_return value;
}

template <typename C>
Task<Value> Vfork(C& c) {
  Value value = co_await Fork(c.machine, c.thread, true, true);
  if (value > 0) c.SetSecond(0);
  co_return value;
}

// Source: sys_wait4: the status first, then the rusage; the child is reaped before either.
template <typename C>
Task<Value> Wait4(C& c) {
  int pid = c.Int();
  uint64_t status_at = c.Word();
  int options = c.Int();
  uint64_t usage_at = c.Word();
  if (options & ~C::Os::kWaitOptions) co_return -EINVAL;
  Waited waited;
  Value value = co_await Wait(c.machine, c.thread,
                              {.pid = pid == -1 ? -1 : pid,
                               .no_hang = (options & bsd::kWNOHANG) != 0,
                               .stopped = (options & bsd::kWUNTRACED) != 0,
                               .continued = (options & C::Os::kWCONTINUED) != 0,
                               .leave = (options & C::Os::kWNOWAIT) != 0},
                              &waited);
  if (value != 0) co_return value;
  if (status_at != 0 && waited.pid != 0 && !c.Put(status_at, waited.status)) co_return -EFAULT;
  if (usage_at != 0 && waited.pid != 0 && !c.PutRusage(usage_at, waited.usage)) co_return -EFAULT;
  co_return waited.pid;
}

template <typename C>
std::optional<std::vector<std::string>> GetStrings(C& c, uint64_t at, Value* error) {
  std::vector<std::string> strings;
  constexpr size_t kMost = 65536;
  for (uint64_t width = c.amd64 ? 8 : 4; at != 0; at += width) {
    uint64_t text = 0;
    *error = -EFAULT;
    if (!c.thread.host.Read(at, &text, width)) return std::nullopt;
    if (text == 0) break;
    std::optional<std::string> string = ReadString(c.thread, text, error, 262144);
    if (!string) return std::nullopt;
    strings.push_back(std::move(*string));
    *error = -E2BIG;
    if (strings.size() > kMost) return std::nullopt;
  }
  return strings;
}

template <typename C>
Task<Value> Execve(C& c) {
  uint64_t path_at = c.Word(), arguments_at = c.Word(), environment_at = c.Word();
  Value error = 0;
  std::optional<std::string> path = ReadString(c.thread, path_at, &error);
  if (!path) co_return error;
  auto arguments = GetStrings(c, arguments_at, &error);
  if (!arguments) co_return error;
  auto environment = GetStrings(c, environment_at, &error);
  if (!environment) co_return error;
  co_return co_await Exec(c.machine, c.thread, std::move(*path), std::move(*arguments),
                          std::move(*environment));
}

template <typename C>
Value GetRusage(C& c) {
  int who = c.Int();
  uint64_t to = c.Word();
  rusage usage = {};
  if (who == RUSAGE_SELF || who == 1) {
    timespec used = {};
    clockid_t clock;
    if (clock_getcpuclockid(c.process.host, &clock) == 0) clock_gettime(clock, &used);
    usage.ru_utime = {.tv_sec = used.tv_sec, .tv_usec = used.tv_nsec / 1000};
  } else if (who == RUSAGE_CHILDREN) {
    usage = c.process.children_usage;
  } else {
    return -EINVAL;
  }
  return c.PutRusage(to, usage) ? 0 : -EFAULT;
}

// RLIMIT_* beyond those that Linux has too: none are kept that mean something here but the stack.
template <typename C>
std::pair<int64_t, int64_t> Limit(const C& c, int which) {
  auto found = c.process.limits.find(which);
  if (found != c.process.limits.end())
    return {static_cast<int64_t>(found->second.first), static_cast<int64_t>(found->second.second)};
  if (which == bsd::kRLIMIT_STACK) {
    return ByArch(c, []<typename Abi>() {
      return std::pair<int64_t, int64_t>{Abi::kDefaultStack, Abi::kMaxStack};
    });
  }
  constexpr int kRlimitFiles = 8;
  if (which == kRlimitFiles) return {65536, 65536};
  return {bsd::kRLIM_INFINITY, bsd::kRLIM_INFINITY};
}

// What RLIMIT_AS is held against. The whole of the first stack counts, used or not.
template <typename C>
uint64_t MappedBytes(const C& c) {
  std::ifstream statm("/proc/" + std::to_string(c.process.host) + "/statm");
  uint64_t pages = 0;
  statm >> pages;
  return pages * kPage;
}

template <typename C>
Value GetRlimit(C& c) {
  int which = c.Int();
  uint64_t to = c.Word();
  if (which < 0 || which >= C::Os::kLimits) return -EINVAL;
  auto [now, most] = Limit(c, which);
  bsd::Rlimit limit = {.cur = now, .max = most};
  return c.Put(to, limit) ? 0 : -EFAULT;
}

template <typename C>
Value SetRlimit(C& c) {
  int which = c.Int();
  uint64_t from = c.Word();
  bsd::Rlimit limit;
  if (which < 0 || which >= C::Os::kLimits) return -EINVAL;
  if (!c.Get(from, &limit)) return -EFAULT;
  auto [now, most] = Limit(c, which);
  if (limit.max > most && geteuid() != 0) return -EPERM;
  if (limit.cur > limit.max) return -EINVAL;
  // FreeBSD: kern_proc_setrlimit; NetBSD: dosetrlimit. No stack is larger than the kernel was built
  // for.
  if (which == bsd::kRLIMIT_STACK) {
    int64_t largest = ByArch(c, []<typename Abi>() -> int64_t { return Abi::kMaxStack; });
    limit.cur = std::min(limit.cur, largest);
    limit.max = std::min(limit.max, largest);
    c.system.LimitStack(c.thread, static_cast<uint64_t>(now), static_cast<uint64_t>(limit.cur));
  }
  c.process.limits[which] = {static_cast<uint64_t>(limit.cur), static_cast<uint64_t>(limit.max)};
  return 0;
}

// ---- Threads ------------------------------------------------------------------------------------

template <typename C>
Task<Value> SchedYield(C& c) {
  co_await c.machine.Yield(c.thread);
  co_return 0;
}

template <typename C>
Value Nothing(C&) {
  return 0;
}
template <typename C>
Value NotPermitted(C&) {
  return -EPERM;
}

// ---- Memory -------------------------------------------------------------------------------------

template <typename C>
Value Munmap(C& c) {
  uint64_t address = c.Word(), size = c.Word();
  if (address % kPage != 0) {
    size += address % kPage;
    address -= address % kPage;
  }
  return Unmap(c.thread, address, size);
}

template <typename C>
Value Mprotect(C& c) {
  uint64_t address = c.Word(), size = c.Word();
  int prot = c.Int();
  size += address % kPage;
  address -= address % kPage;
  return Protect(c.thread, address, size,
                 prot & (bsd::kPROT_READ | bsd::kPROT_WRITE | bsd::kPROT_EXEC));
}

template <typename C>
Value Break(C& c) {
  return SetBreak(c.thread, c.Word());
}

// ---- Signals ------------------------------------------------------------------------------------

template <typename C>
Value SigAction(C& c) {
  int signal = c.Int();
  uint64_t action_at = c.Word(), old_at = c.Word();
  return ByArch(c, [&]<typename Abi>() -> Value {
    typename Abi::SigAction raw;
    Disposition action, old;
    if (action_at != 0) {
      if (!c.Get(action_at, &raw)) return -EFAULT;
      action.handler = raw.handler;
      action.flags = raw.flags;
      for (int i = 0; i < 4; ++i) action.mask.SetWord(i, raw.mask.word[i]);
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

template <typename C>
Value SigProcMask(C& c) {
  int how = c.Int();
  uint64_t set_at = c.Word(), old_at = c.Word();
  SignalSet old = c.thread.mask;
  if (set_at != 0) {
    std::optional<SignalSet> set = c.GetMask(set_at);
    if (!set) return -EFAULT;
    switch (how) {
      case bsd::kSIG_BLOCK:
        c.machine.SetMask(c.thread, old | *set);
        break;
      case bsd::kSIG_UNBLOCK:
        c.machine.SetMask(c.thread, old.Without(*set));
        break;
      case bsd::kSIG_SETMASK:
        c.machine.SetMask(c.thread, *set);
        break;
      default:
        return -EINVAL;
    }
  }
  return old_at == 0 || c.PutMask(old_at, old) ? 0 : -EFAULT;
}

template <typename C>
Task<Value> SigSuspend(C& c) {
  std::optional<SignalSet> mask = c.GetMask(c.Word());
  if (!mask) co_return -EFAULT;
  co_return co_await Suspend(c.machine, c.thread, *mask);
}

template <typename C>
Value SigPending(C& c) {
  return c.PutMask(c.Word(), c.thread.pending.pending() | c.process.pending.pending()) ? 0
                                                                                       : -EFAULT;
}

template <typename C>
Task<Value> SigTimedWait(C& c) {
  std::optional<SignalSet> set = c.GetMask(c.Word());
  uint64_t info_at = c.Word(), time_at = c.Word();
  if (!set) co_return -EFAULT;
  std::optional<int64_t> deadline;
  if (time_at != 0) {
    Value error = 0;
    std::optional<int64_t> time = c.GetTimespec(time_at, &error);
    if (!time) co_return error;
    deadline = Machine::Now() + *time;
  }
  SignalInfo info;
  Value value = co_await WaitForSignal(c.machine, c.thread, *set, deadline, &info);
  if (value == kRestart) value = -EINTR;
  if (value > 0 && info_at != 0 && !c.PutInfo(info_at, info)) co_return -EFAULT;
  co_return value;
}

template <typename C>
Value KillCall(C& c) {
  int pid = c.Int(), signal = c.Int();
  if (signal < 0 || signal > c.system.last_signal()) return -EINVAL;
  return Kill(c.machine, c.thread, pid, {.signal = signal, .code = bsd::kSI_USER});
}

// ---- Time ---------------------------------------------------------------------------------------

template <typename C>
Value ClockGettime(C& c) {
  std::optional<clockid_t> clock = C::Os::HostClock(c.Int());
  if (!clock) return -EINVAL;
  timespec now = {};
  if (*clock == CLOCK_PROCESS_CPUTIME_ID) {
    clockid_t of;
    if (clock_getcpuclockid(c.process.host, &of) == 0) clock_gettime(of, &now);
  } else {
    clock_gettime(*clock, &now);
  }
  return c.PutTimespec(c.Word(), now.tv_sec * 1000000000ll + now.tv_nsec) ? 0 : -EFAULT;
}

template <typename C>
Value ClockGetres(C& c) {
  if (!C::Os::HostClock(c.Int())) return -EINVAL;
  uint64_t to = c.Word();
  return to == 0 || c.PutTimespec(to, 1) ? 0 : -EFAULT;
}

template <typename C>
Value GetTimeOfDay(C& c) {
  uint64_t to = c.Word();
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return to == 0 || c.PutTimeval(to, now.tv_sec * 1000000000ll + now.tv_nsec) ? 0 : -EFAULT;
}

// A sleep that a signal cuts short ends with EINTR, whatever SA_RESTART says.
template <typename C>
Task<Value> NanoSleep(C& c) {
  uint64_t time_at = c.Word(), rest_at = c.Word();
  Value error = 0;
  std::optional<int64_t> time = c.GetTimespec(time_at, &error);
  if (!time) co_return error;
  int64_t deadline = Machine::Now() + *time;
  Value value = co_await SleepUntil(c.machine, c.thread, deadline);
  if (value == -EINTR && rest_at != 0 &&
      !c.PutTimespec(rest_at, std::max<int64_t>(0, deadline - Machine::Now())))
    co_return -EFAULT;
  co_return value;
}

template <typename C>
Value SetItimer(C& c) {
  int which = c.Int();
  uint64_t value_at = c.Word(), old_at = c.Word();
  if (which < bsd::kITIMER_REAL || which > bsd::kITIMER_PROF) return -EINVAL;
  return ByArch(c, [&]<typename Abi>() -> Value {
    constexpr uint64_t kHalf = sizeof(typename Abi::Timeval);
    Interval old = GetTimer(c.process, which);
    if (value_at != 0) {
      Value error = 0;
      std::optional<int64_t> interval = c.GetTimeval(value_at, &error);
      std::optional<int64_t> left = c.GetTimeval(value_at + kHalf, &error);
      if (!interval || !left) return error;
      constexpr int kSignalOf[] = {bsd::kSIGALRM, bsd::kSIGVTALRM, bsd::kSIGPROF};
      SetTimer(c.machine, c.process, which, {.interval = *interval, .left = *left},
               kSignalOf[which]);
    }
    if (old_at == 0) return 0;
    return c.PutTimeval(old_at, old.interval) && c.PutTimeval(old_at + kHalf, old.left) ? 0
                                                                                        : -EFAULT;
  });
}

template <typename C>
Value GetItimer(C& c) {
  int which = c.Int();
  uint64_t to = c.Word();
  if (which < bsd::kITIMER_REAL || which > bsd::kITIMER_PROF) return -EINVAL;
  Interval now = GetTimer(c.process, which);
  uint64_t half = ByArch(c, []<typename Abi>() { return sizeof(typename Abi::Timeval); });
  return c.PutTimeval(to, now.interval) && c.PutTimeval(to + half, now.left) ? 0 : -EFAULT;
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_CALLS_H_
