// A call being served: its arguments, one after the other, and the guest's memory.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_CONTEXT_H_
#define FAULTLINE_KERNEL_MODEL_BSD_CONTEXT_H_

#include <errno.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "kernel/model/bsd.h"
#include "kernel/model/calls.h"

namespace faultline::kernel::model {

using Arguments = std::array<uint64_t, 10>;

// O, what distinguishes the systems:
//   System, Amd64, I386       the system; its arches, as types
//   FetchArguments(thread, amd64, to)
//                             where a program has put the arguments, and the number, of a call
//   FillInfo<Abi>(info, to)   a siginfo
//   kMaskWords                how many words a set of signals has, if not 4
//   HostClock(clock)          the host's clock for one of the system's
//   ErrorFromHost(error)      an error of the host in the system's number
//   FilterFrom(filter), FilterTo(filter), IgnoresFilter(filter)
//                             of kevent: from its numbers to queue.h's and back; which are nothing
//   kWaitOptions, kWCONTINUED, kWNOWAIT, kLimits, kClockMonotonic, kOpenFlags, kF_…, kAT_…,
//   kUTIME_…
//                             numbers that differ
//   kPadsOffsets              whether a word of padding is before an offset in a file; may be
//   missing
template <typename O>
struct Context {
  using Os = O;
  Context(typename Os::System& system, Machine& machine, Thread& thread)
      : system(system),
        machine(machine),
        thread(thread),
        process(*thread.process),
        amd64(thread.process->space->bits == 64) {
    Os::FetchArguments(thread, amd64, &arguments_);
  }

  typename Os::System& system;
  Machine& machine;
  Thread& thread;
  Process& process;
  bool amd64;

  // The next argument. In 386 code they are words on the stack, and what is 64 bits wide is two of
  // them.
  uint64_t Word() { return next_ < arguments_.size() ? arguments_[next_++] : 0; }
  int Int() { return static_cast<int>(Word()); }
  int64_t Wide() {
    uint64_t low = Word();
    return static_cast<int64_t>(amd64 ? low : low | Word() << 32);
  }
  // An offset in a file, or its size.
  int64_t Offset() {
    if constexpr (requires { requires Os::kPadsOffsets; }) Word();
    return Wide();
  }
  // The second result register.
  void SetSecond(uint64_t value) const { thread.host.regs.rdx = value; }
  [[nodiscard]] const Arguments& arguments() const { return arguments_; }

  template <typename T>
  bool Get(uint64_t address, T* to) const {
    return thread.host.Read(address, to, sizeof *to);
  }
  template <typename T>
  [[nodiscard]] bool Put(uint64_t address, const T& from) const {
    return thread.host.Write(address, &from, sizeof from);
  }
  // A long of the guest's.
  [[nodiscard]] bool PutLong(uint64_t address, int64_t value) const {
    auto narrow = static_cast<int32_t>(value);
    return amd64 ? Put(address, value) : Put(address, narrow);
  }
  // Times, in nanoseconds. -EFAULT or -EINVAL in `error`.
  std::optional<int64_t> GetTimespec(uint64_t address, Value* error) const;
  std::optional<int64_t> GetTimeval(uint64_t address, Value* error) const;
  [[nodiscard]] bool PutTimespec(uint64_t address, int64_t ns) const;
  [[nodiscard]] bool PutTimeval(uint64_t address, int64_t ns) const;
  // Pieces of memory, as readv has them.
  std::optional<std::vector<Range>> GetRanges(uint64_t address, int count, Value* error) const;
  std::optional<SignalSet> GetMask(uint64_t address) const;
  [[nodiscard]] bool PutMask(uint64_t address, const SignalSet& mask) const;
  bool PutInfo(uint64_t address, const SignalInfo& info) const;
  bool PutRusage(uint64_t address, const rusage& usage) const;

 private:
  Arguments arguments_ = {};
  size_t next_ = 0;
};

// f.operator()<Amd64>() or f.operator()<I386>().
template <typename O, typename F>
auto ByArch(const Context<O>& context, F&& f) {
  return context.amd64 ? f.template operator()<typename O::Amd64>()
                       : f.template operator()<typename O::I386>();
}

inline constexpr int64_t kContextSecond = 1000000000;
inline constexpr int kContextRanges = 1024;  // UIO_MAXIOV

template <typename O>
std::optional<int64_t> Context<O>::GetTimespec(uint64_t address, Value* error) const {
  return ByArch(*this, [&]<typename Abi>() -> std::optional<int64_t> {
    typename Abi::Timespec time;
    *error = -EFAULT;
    if (!Get(address, &time)) return std::nullopt;
    *error = -EINVAL;
    if (time.nsec < 0 || time.nsec >= kContextSecond || time.sec < 0) return std::nullopt;
    if (time.sec > INT64_MAX / kContextSecond / 4) time.sec = INT32_MAX;
    return time.sec * kContextSecond + time.nsec;
  });
}

template <typename O>
std::optional<int64_t> Context<O>::GetTimeval(uint64_t address, Value* error) const {
  return ByArch(*this, [&]<typename Abi>() -> std::optional<int64_t> {
    typename Abi::Timeval time;
    *error = -EFAULT;
    if (!Get(address, &time)) return std::nullopt;
    *error = -EINVAL;
    if (time.usec < 0 || time.usec >= 1000000 || time.sec < 0) return std::nullopt;
    if (time.sec > INT64_MAX / kContextSecond / 4) time.sec = INT32_MAX;
    return time.sec * kContextSecond + time.usec * 1000;
  });
}

template <typename O>
bool Context<O>::PutTimespec(uint64_t address, int64_t ns) const {
  return ByArch(*this, [&]<typename Abi>() {
    typename Abi::Timespec time = {};
    time.sec = static_cast<decltype(time.sec)>(ns / kContextSecond);
    time.nsec = static_cast<decltype(time.nsec)>(ns % kContextSecond);
    return Put(address, time);
  });
}

template <typename O>
bool Context<O>::PutTimeval(uint64_t address, int64_t ns) const {
  return ByArch(*this, [&]<typename Abi>() {
    typename Abi::Timeval time = {};
    time.sec = static_cast<decltype(time.sec)>(ns / kContextSecond);
    time.usec = static_cast<decltype(time.usec)>(ns % kContextSecond / 1000);
    return Put(address, time);
  });
}

template <typename O>
std::optional<std::vector<Range>> Context<O>::GetRanges(uint64_t address, int count,
                                                        Value* error) const {
  *error = -EINVAL;
  if (count < 0 || count > kContextRanges) return std::nullopt;
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

template <typename O>
constexpr int MaskWords() {
  if constexpr (requires { O::kMaskWords; })
    return O::kMaskWords;
  else
    return 4;
}

template <typename O>
std::optional<SignalSet> Context<O>::GetMask(uint64_t address) const {
  std::array<uint32_t, MaskWords<O>()> words;
  if (!Get(address, &words)) return std::nullopt;
  SignalSet mask;
  for (int i = 0; i < MaskWords<O>(); ++i) mask.SetWord(i, words[static_cast<size_t>(i)]);
  return mask;
}

template <typename O>
bool Context<O>::PutMask(uint64_t address, const SignalSet& mask) const {
  std::array<uint32_t, MaskWords<O>()> words;
  for (int i = 0; i < MaskWords<O>(); ++i) words[static_cast<size_t>(i)] = mask.Word(i);
  return Put(address, words);
}

template <typename O>
bool Context<O>::PutInfo(uint64_t address, const SignalInfo& info) const {
  return ByArch(*this, [&]<typename Abi>() {
    typename Abi::SigInfo to;
    memset(&to, 0, sizeof to);
    Os::template FillInfo<Abi>(info, &to);
    return Put(address, to);
  });
}

template <typename O>
bool Context<O>::PutRusage(uint64_t address, const rusage& usage) const {
  return ByArch(*this, [&]<typename Abi>() {
    using Long = typename Abi::Long;
    typename Abi::Rusage to;
    memset(&to, 0, sizeof to);
    to.utime.sec = static_cast<decltype(to.utime.sec)>(usage.ru_utime.tv_sec);
    to.utime.usec = static_cast<decltype(to.utime.usec)>(usage.ru_utime.tv_usec);
    to.stime.sec = static_cast<decltype(to.stime.sec)>(usage.ru_stime.tv_sec);
    to.stime.usec = static_cast<decltype(to.stime.usec)>(usage.ru_stime.tv_usec);
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

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_CONTEXT_H_
