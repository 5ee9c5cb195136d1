// Which system calls of a program stop for the tracer. All others never do: the kernel's own
// filter (seccomp) lets them pass.
#ifndef FAULTLINE_KERNEL_TRACER_CALL_FILTER_H_
#define FAULTLINE_KERNEL_TRACER_CALL_FILTER_H_

#include <array>
#include <cstdint>
#include <set>
#include <string_view>

#include "kernel/tracer/registers.h"

namespace faultline::kernel {

// What our filter's stops carry as their message, so that they can be told from those of a filter
// of the program's own.
inline constexpr unsigned kFilterMessage = 0xfa17;

class CallFilter {
 public:
  // The call of this name, in the tables of both arches.
  void Add(std::string_view name);
  void AddAll() { all_ = true; }

  [[nodiscard]] bool empty() const { return !all_ && numbers_[0].empty() && numbers_[1].empty(); }

  // Makes this thread, and whatever it will start or exec, stop at the entry of these calls
  // (PTRACE_EVENT_SECCOMP, with kFilterMessage) once it is traced; before that they fail with
  // ENOSYS. Takes away the right to gain privileges by exec if it cannot be done otherwise: a
  // traced program gains none anyway. False with errno when the kernel refuses.
  [[nodiscard]] bool Install() const;

 private:
  bool all_ = false;
  std::array<std::set<int>, 2> numbers_;  // by Arch
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_CALL_FILTER_H_
