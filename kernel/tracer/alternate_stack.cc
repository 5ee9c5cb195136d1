#include "kernel/tracer/alternate_stack.h"

#include "abi/linux/386/structs.h"
#include "abi/linux/amd64/structs.h"
#include "abi/linux/constants.h"
#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

template <typename Stack>
std::optional<AlternateStack> ReadAs(pid_t tid, uint64_t at) {
  Stack stack;
  if (!ReadObject(tid, at, &stack)) return std::nullopt;
  return AlternateStack{.address = stack.sp, .flags = stack.flags, .size = stack.size};
}

// What lies between the members stays.
template <typename Stack>
bool WriteAs(pid_t tid, uint64_t at, const AlternateStack& from) {
  Stack stack;
  if (!ReadObject(tid, at, &stack)) return false;
  stack.sp = static_cast<decltype(stack.sp)>(from.address);
  stack.flags = from.flags;
  stack.size = static_cast<decltype(stack.size)>(from.size);
  return WriteObject(tid, at, stack);
}

}  // namespace

bool AlternateStack::IsEnabled() const {
  return (flags & abi::linux_common::kSS_DISABLE) == 0 && size != 0;
}

std::optional<AlternateStack> ReadAlternateStack(pid_t tid, Arch arch, uint64_t at) {
  return arch == Arch::kAmd64 ? ReadAs<abi::linux_amd64::StackT>(tid, at)
                              : ReadAs<abi::linux_386::StackT>(tid, at);
}

bool WriteAlternateStack(pid_t tid, Arch arch, uint64_t at, const AlternateStack& stack) {
  return arch == Arch::kAmd64 ? WriteAs<abi::linux_amd64::StackT>(tid, at, stack)
                              : WriteAs<abi::linux_386::StackT>(tid, at, stack);
}

}  // namespace faultline::kernel
