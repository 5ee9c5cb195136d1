#include "kernel/tracer/interrupted_call.h"

#include <algorithm>
#include <iterator>

#include "kernel/tracer/calls.h"
#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

// 386 code shows its 32-bit result either way extended.
std::optional<RestartCode> ParseRestartCode(uint64_t rax, Arch arch) {
  auto value = static_cast<int64_t>(rax);
  if (arch == Arch::k386) value = static_cast<int32_t>(rax);
  for (RestartCode code : abi::linux_common::kRestartCodes)
    if (value == -static_cast<int64_t>(code)) return code;
  return std::nullopt;
}

// In 386 code whatever entered restarts by an INT 0x80.
Path FindPath(pid_t tid, const Registers& registers) {
  CallInstruction instruction = {};
  if (registers.arch() == Arch::kAmd64 &&
      ReadObject(tid, registers.Get(Reg::kRip) - sizeof instruction, &instruction) &&
      instruction == InstructionOf(Path::kSyscall))
    return Path::kSyscall;
  return Path::kInt80;
}

}  // namespace

Reg ArgumentRegister(Path path, int index) {
  // abi: amd64 in rdi rsi rdx r10 r8 r9; 386 in ebx ecx edx esi edi ebp.
  static constexpr Reg kSyscall[] = {Reg::kRdi, Reg::kRsi, Reg::kRdx,
                                     Reg::kR10, Reg::kR8,  Reg::kR9};
  static constexpr Reg kInt80[] = {Reg::kRbx, Reg::kRcx, Reg::kRdx,
                                   Reg::kRsi, Reg::kRdi, Reg::kRbp};
  return path == Path::kSyscall ? kSyscall[index] : kInt80[index];
}

bool IsRestart(int64_t result) {
  return std::any_of(std::begin(abi::linux_common::kRestartCodes),
                     std::end(abi::linux_common::kRestartCodes),
                     [result](RestartCode code) { return result == -static_cast<int64_t>(code); });
}

std::string InterruptedCall::name() const { return CallName(table(), number); }

std::optional<InterruptedCall> FindInterruptedCall(pid_t tid, const Registers& registers) {
  auto number = static_cast<int32_t>(registers.Get(Reg::kOrigRax));
  if (number == -1) return std::nullopt;
  auto code = ParseRestartCode(registers.Get(Reg::kRax), registers.arch());
  if (!code) return std::nullopt;
  return InterruptedCall{.code = *code, .number = number, .path = FindPath(tid, registers)};
}

}  // namespace faultline::kernel
