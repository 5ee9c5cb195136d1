// The general registers of a stopped tracee, by name, whatever its bitness.
#ifndef FAULTLINE_KERNEL_TRACER_REGISTERS_H_
#define FAULTLINE_KERNEL_TRACER_REGISTERS_H_

#include <sys/types.h>
#include <sys/user.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace faultline::kernel {

// What code a thread is running. A process may hold both: 64-bit code can jump to a 32-bit segment.
enum class Arch : uint8_t { kAmd64, k386 };

// The first sixteen in the order of their hardware encoding.
enum class Reg : uint8_t {
  kRax,
  kRcx,
  kRdx,
  kRbx,
  kRsp,
  kRbp,
  kRsi,
  kRdi,
  kR8,
  kR9,
  kR10,
  kR11,
  kR12,
  kR13,
  kR14,
  kR15,
  kRip,
  kFlags,
  kOrigRax,  // the number of the system call that the kernel is in, or -1
  kFsBase,   // of 64-bit code
  kGsBase,   // the same
  kGs,       // the selector, of 386 code
};
inline constexpr int kGeneralRegs = 16;
inline constexpr int kRegs = 22;

// "r10", "rsi"; for 386 code "esi". Registers that 386 code lacks keep their 64-bit name.
std::string_view RegName(Reg reg, Arch arch);

// The general register called `name` in either arch ("rsi" and "esi" are the same one).
std::optional<Reg> ParseReg(std::string_view name);

// Whether code of `arch` can see `reg` at all.
constexpr bool HasReg(Arch arch, Reg reg) {
  if (arch == Arch::kAmd64) return reg != Reg::kGs;
  return (reg < Reg::kR8 || reg > Reg::kR15) && reg != Reg::kFsBase && reg != Reg::kGsBase;
}

// A copy of a stopped thread's registers; changes are written back by Store.
class Registers {
 public:
  // Fails when the thread is not stopped or was killed meanwhile; errno tells.
  [[nodiscard]] bool Fetch(pid_t tid);

  // The same, but only if and when a register is asked for. If it cannot be done then, all are 0.
  void FetchWhenAsked(pid_t tid);

  // Writes what was Set since Fetch, and of 386 code nothing else: writing all would reload segment
  // bases, which kernels before 4.20 got wrong for it (arch/x86/kernel/ptrace.c, putreg).
  bool Store(pid_t tid);

  [[nodiscard]] uint64_t Get(Reg reg) const;
  void Set(Reg reg, uint64_t value);
  // At the entry of a system call: the kernel does not make it, and it returns `result`.
  void SkipCall(int64_t result);
  // What a system call returned, at its end: rax, of 386 code its lower half, signed.
  [[nodiscard]] int64_t Result() const;
  // What was Set since Fetch, with the values before; asks for them.
  [[nodiscard]] std::vector<std::pair<Reg, uint64_t>> Replaced() const;

  // By the code segment: 0x33 is the 64-bit one (arch/x86/include/asm/segment.h, __USER_CS).
  [[nodiscard]] Arch arch() const;

 private:
  void FetchNow() const;

  // As fetched, and with what was Set.
  mutable user_regs_struct fetched_ = {};
  mutable user_regs_struct regs_ = {};
  mutable pid_t to_fetch_ = 0;  // the thread, when it has not been asked yet
  uint32_t changed_ = 0;        // bit = register
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_REGISTERS_H_
