#include "kernel/fault/syscall_exit.h"

#include <algorithm>

#include "kernel/fault/restart.h"

namespace faultline::kernel {
namespace {

// Registers that should have survived the call hold what no pointer can be.
class Clobber : public CallFault {
 public:
  explicit Clobber(std::vector<Reg> registers) : registers_(std::move(registers)) {}
  [[nodiscard]] std::vector<std::string_view> calls() const override { return {}; }
  [[nodiscard]] bool AtExitOnly() const override { return true; }
  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    std::vector<Change> changes;
    for (Reg reg : registers_) {
      if (!HasReg(stop.arch, reg)) continue;
      uint64_t was = stop.registers.Get(reg);
      uint64_t lost = LostValue(reg, stop.arch);
      if (was == lost) continue;
      stop.registers.Set(reg, lost);
      changes.push_back({.what = RegName(reg, stop.arch), .before = was, .after = lost});
    }
    return changes;
  }

 private:
  std::vector<Reg> registers_;
};

class ClobberR8R10 : public Clobber {
 public:
  ClobberR8R10() : Clobber({Reg::kR8, Reg::kR9, Reg::kR10}) {}
};

}  // namespace

std::vector<FaultDescription> SyscallExitFaults() {
  return {
      {.id = "syscall-exit.clobber-r8-r10",
       .summary = "r8, r9 and r10 do not survive a system call",
       .effect =
           "At the end of each system call of 64-bit code r8, r9 and r10 hold values that no\n"
           "pointer can be (r10: 0xfa17fa17fa17000a). A new thread starts with its creator's\n"
           "registers; 386 code has no such registers and is left alone.",
       .parameters = {},
       .origin = "FreeBSD/amd64: its fast return leaves kernel leftovers in them, or zeroes.",
       .source = "freebsd-src sys/amd64/amd64/exception.S, fast_syscall_common (releases 9 to 10)",
       .harsher = "There calls that had slept kept r8 and r9.",
       .make = MakeFault<ClobberR8R10>},
  };
}

}  // namespace faultline::kernel
