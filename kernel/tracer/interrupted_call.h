// A system call that a signal interrupted, as a tracer sees it before the kernel has decided
// whether to restart it.
#ifndef FAULTLINE_KERNEL_TRACER_INTERRUPTED_CALL_H_
#define FAULTLINE_KERNEL_TRACER_INTERRUPTED_CALL_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "abi/linux/constants.h"
#include "kernel/tracer/registers.h"

namespace faultline::kernel {

using abi::linux_common::RestartCode;

// How a call entered the kernel, and so what it returns by.
enum class Path : uint8_t {
  kSyscall,  // SYSCALL of 64-bit code: the fast path
  kInt80,    // INT 0x80, from 386 or 64-bit code, and 386's other instructions: 386 calls
};

// The code that makes it: SYSCALL or INT 0x80 (Intel SDM, volume 2).
using CallInstruction = std::array<uint8_t, 2>;
constexpr CallInstruction InstructionOf(Path path) {
  return path == Path::kSyscall ? CallInstruction{0x0f, 0x05} : CallInstruction{0xcd, 0x80};
}

// Where a call that enters by `path` has its argument `index`, from 0 to 5 (syscall(2)).
Reg ArgumentRegister(Path path, int index);

struct InterruptedCall {
  RestartCode code;
  int number;
  Path path;

  // Whose table `number` is in.
  [[nodiscard]] Arch table() const { return path == Path::kSyscall ? Arch::kAmd64 : Arch::k386; }
  [[nodiscard]] std::string name() const;
};

// Whether a call that ends with this result was interrupted: what becomes of it is yet to be
// decided.
bool IsRestart(int64_t result);

// At a signal-delivery stop or PTRACE_EVENT_STOP of `tid`: the call that the kernel may now
// restart. Source: arch/x86/kernel/signal.c, arch_do_signal_or_restart: rax still holds the restart
// code, the PC is still behind the two bytes of the instruction, and orig_rax is not -1.
std::optional<InterruptedCall> FindInterruptedCall(pid_t tid, const Registers& registers);

// Whether the kernel can restart a call with this code over a handler; the others always become
// EINTR (handle_signal in the same file). ERESTARTSYS does so only under SA_RESTART.
constexpr bool MayRestartOverHandler(RestartCode code) {
  return code == RestartCode::kERESTARTSYS || code == RestartCode::kERESTARTNOINTR;
}

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_INTERRUPTED_CALL_H_
