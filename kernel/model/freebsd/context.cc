#include "kernel/model/freebsd/context.h"

#include <cstring>

namespace faultline::kernel::model::freebsd {
namespace {

constexpr int64_t kSecond = 1000000000;
constexpr int kMostRanges = 1024;  // UIO_MAXIOV

}  // namespace

// Source: cpu_fetch_syscall_args of both arches: six registers, then the stack behind one word;
// syscall and __syscall have the number as their first argument.
Context::Context(FreeBsd& system, Machine& machine, Thread& thread)
    : system(system),
      machine(machine),
      thread(thread),
      process(*thread.process),
      amd64(thread.process->space->bits == 64) {
  const user_regs_struct& regs = thread.host.regs;
  if (!amd64) {
    std::array<uint32_t, 10> words = {};
    thread.host.ReadSome(static_cast<uint32_t>(regs.rsp) + 4, words.data(), sizeof words);
    size_t skip = 0;
    if (thread.number == common::k_syscall) skip = 1;
    if (thread.number == common::k___syscall) skip = 2;
    if (skip != 0) thread.number = words[0];
    for (size_t i = 0; i < arguments_.size(); ++i) arguments_[i] = words[i + skip];
    return;
  }
  std::array<uint64_t, 6> registers = {regs.rdi, regs.rsi, regs.rdx, regs.rcx, regs.r8, regs.r9};
  size_t skip = thread.number == common::k_syscall || thread.number == common::k___syscall ? 1 : 0;
  if (skip != 0) thread.number = static_cast<int64_t>(registers[0]);
  size_t at = 0;
  for (size_t i = skip; i < registers.size(); ++i) arguments_[at++] = registers[i];
  // mmap by __syscall has its sixth on the stack; nothing else has so many.
  if (skip != 0) thread.host.ReadSome(regs.rsp + 8, &arguments_[at], sizeof(uint64_t));
}

std::optional<int64_t> Context::GetTimespec(uint64_t address, Value* error) const {
  return ByArch(*this, [&]<typename Abi>() -> std::optional<int64_t> {
    typename Abi::Timespec time;
    *error = -EFAULT;
    if (!Get(address, &time)) return std::nullopt;
    *error = -EINVAL;
    if (time.nsec < 0 || time.nsec >= kSecond || time.sec < 0) return std::nullopt;
    if (time.sec > INT64_MAX / kSecond / 4) time.sec = INT32_MAX;
    return time.sec * kSecond + time.nsec;
  });
}

std::optional<int64_t> Context::GetTimeval(uint64_t address, Value* error) const {
  return ByArch(*this, [&]<typename Abi>() -> std::optional<int64_t> {
    typename Abi::Timeval time;
    *error = -EFAULT;
    if (!Get(address, &time)) return std::nullopt;
    *error = -EINVAL;
    if (time.usec < 0 || time.usec >= 1000000 || time.sec < 0) return std::nullopt;
    if (time.sec > INT64_MAX / kSecond / 4) time.sec = INT32_MAX;
    return time.sec * kSecond + time.usec * 1000;
  });
}

bool Context::PutTimespec(uint64_t address, int64_t ns) const {
  return ByArch(*this, [&]<typename Abi>() {
    using Long = typename Abi::Long;
    typename Abi::Timespec time = {static_cast<Long>(ns / kSecond),
                                   static_cast<Long>(ns % kSecond)};
    return Put(address, time);
  });
}

bool Context::PutTimeval(uint64_t address, int64_t ns) const {
  return ByArch(*this, [&]<typename Abi>() {
    using Long = typename Abi::Long;
    typename Abi::Timeval time = {static_cast<Long>(ns / kSecond),
                                  static_cast<Long>(ns % kSecond / 1000)};
    return Put(address, time);
  });
}

std::optional<std::vector<Range>> Context::GetRanges(uint64_t address, int count,
                                                     Value* error) const {
  *error = -EINVAL;
  if (count < 0 || count > kMostRanges) return std::nullopt;
  return ByArch(*this, [&]<typename Abi>() -> std::optional<std::vector<Range>> {
    std::vector<typename Abi::Word> words(static_cast<size_t>(count) * 2);
    *error = -EFAULT;
    if (!thread.host.Read(address, words.data(), words.size() * sizeof words[0]))
      return std::nullopt;
    std::vector<Range> ranges;
    for (size_t i = 0; i < words.size(); i += 2)
      ranges.push_back({.address = words[i], .size = words[i + 1]});
    return ranges;
  });
}

std::optional<SignalSet> Context::GetMask(uint64_t address) const {
  common::SigSet set;
  if (!Get(address, &set)) return std::nullopt;
  SignalSet mask;
  for (int i = 0; i < 4; ++i) mask.SetWord(i, set.word[i]);
  return mask;
}

bool Context::PutMask(uint64_t address, const SignalSet& mask) const {
  common::SigSet set;
  for (int i = 0; i < 4; ++i) set.word[i] = mask.Word(i);
  return Put(address, set);
}

bool Context::PutInfo(uint64_t address, const SignalInfo& info) const {
  return ByArch(*this, [&]<typename Abi>() {
    using Word = typename Abi::Word;
    typename Abi::SigInfo to;
    memset(&to, 0, sizeof to);
    to.signo = info.signal;
    to.err = info.error;
    to.code = info.code;
    to.pid = info.pid;
    to.uid = info.uid;
    to.status = info.status;
    to.addr = static_cast<Word>(info.address);
    to.value = static_cast<Word>(info.value);
    to.trapno = info.trap;
    return Put(address, to);
  });
}

bool Context::PutRusage(uint64_t address, const rusage& usage) const {
  return ByArch(*this, [&]<typename Abi>() {
    using Long = typename Abi::Long;
    typename Abi::Rusage to;
    memset(&to, 0, sizeof to);
    to.utime = {static_cast<Long>(usage.ru_utime.tv_sec),
                static_cast<Long>(usage.ru_utime.tv_usec)};
    to.stime = {static_cast<Long>(usage.ru_stime.tv_sec),
                static_cast<Long>(usage.ru_stime.tv_usec)};
    // maxrss ixrss idrss isrss minflt majflt nswap inblock oublock msgsnd msgrcv nsignals nvcsw
    // nivcsw, sys/sys/resource.h
    to.rest[0] = static_cast<Long>(usage.ru_maxrss);
    to.rest[4] = static_cast<Long>(usage.ru_minflt);
    to.rest[5] = static_cast<Long>(usage.ru_majflt);
    to.rest[12] = static_cast<Long>(usage.ru_nvcsw);
    to.rest[13] = static_cast<Long>(usage.ru_nivcsw);
    return Put(address, to);
  });
}

}  // namespace faultline::kernel::model::freebsd
