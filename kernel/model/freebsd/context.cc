#include "kernel/model/freebsd/context.h"

namespace faultline::kernel::model::freebsd {

// Source: cpu_fetch_syscall_args of both arches: six registers, then the stack behind one word;
// syscall and __syscall have the number as their first argument.
void Os::FetchArguments(Thread& thread, bool amd64, Arguments* arguments) {
  const user_regs_struct& regs = thread.host.regs;
  if (!amd64) {
    std::array<uint32_t, 12> words = {};
    thread.host.ReadSome(static_cast<uint32_t>(regs.rsp) + 4, words.data(), sizeof words);
    size_t skip = 0;
    if (thread.number == common::k_syscall) skip = 1;
    if (thread.number == common::k___syscall) skip = 2;
    if (skip != 0) thread.number = words[0];
    for (size_t i = 0; i < arguments->size(); ++i) (*arguments)[i] = words[i + skip];
    return;
  }
  std::array<uint64_t, 6> registers = {regs.rdi, regs.rsi, regs.rdx, regs.rcx, regs.r8, regs.r9};
  size_t skip = thread.number == common::k_syscall || thread.number == common::k___syscall ? 1 : 0;
  if (skip != 0) thread.number = static_cast<int64_t>(registers[0]);
  size_t at = 0;
  for (size_t i = skip; i < registers.size(); ++i) (*arguments)[at++] = registers[i];
  // mmap by __syscall has its sixth on the stack; nothing else has so many.
  if (skip != 0) thread.host.ReadSome(regs.rsp + 8, &(*arguments)[at], sizeof(uint64_t));
}

}  // namespace faultline::kernel::model::freebsd
