// A call being served: its arguments, one after the other, and the guest's memory.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_CONTEXT_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_CONTEXT_H_

#include <errno.h>

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "kernel/model/calls.h"
#include "kernel/model/freebsd/abi.h"
#include "kernel/model/freebsd/freebsd.h"

namespace faultline::kernel::model::freebsd {

struct Context {
  Context(FreeBsd& system, Machine& machine, Thread& thread);

  FreeBsd& system;
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
  // The second result register.
  void SetSecond(uint64_t value) const { thread.host.regs.rdx = value; }
  [[nodiscard]] const std::array<uint64_t, 8>& arguments() const { return arguments_; }

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
  std::array<uint64_t, 8> arguments_ = {};
  size_t next_ = 0;
};

// f.operator()<Amd64>() or f.operator()<I386>().
template <typename F>
auto ByArch(const Context& context, F&& f) {
  return context.amd64 ? f.template operator()<Amd64>() : f.template operator()<I386>();
}

// Calls that are a family of their own.
Value Sysctl(Context& c);
Value SysctlByName(Context& c);
Task<Value> UmtxOp(Context& c);
Value Sysarch(Context& c);
// Tells the table: now(number, function).
void AddTimerCalls(const std::function<void(int, Value (*)(Context&))>& now);

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_CONTEXT_H_
