#include "kernel/fault/syscall_exit.h"

#include <algorithm>

#include "abi/linux/constants.h"
#include "kernel/fault/restart.h"

namespace faultline::kernel {
namespace {

using abi::linux_common::kMaxErrno;

// The error that the call ends with, positive; 0: it does not.
int64_t ErrorOf(const CallStop& stop) {
  int64_t result = stop.result.value_or(0);
  return result < 0 && result >= -kMaxErrno ? -result : 0;
}

// Whether the registers at the end of the call are those of an interrupted program or of a new
// one, and not what this call left.
bool BringsOtherRegisters(const CallStop& stop) {
  return stop.name == "rt_sigreturn" || stop.name == "sigreturn" ||
         ((stop.name == "execve" || stop.name == "execveat") && stop.result == 0);
}

// A call by INT 0x80 from 64-bit code.
bool IsInt80Of64(const CallStop& stop) {
  return stop.path == Path::kInt80 && stop.registers.arch() == Arch::kAmd64;
}

// What all of these have in common.
class ExitFault : public CallFault {
 public:
  [[nodiscard]] std::vector<std::string_view> calls() const override { return {}; }
  [[nodiscard]] bool AtExitOnly() const override { return true; }
  [[nodiscard]] bool Concerns(const CallStop& stop) override { return !BringsOtherRegisters(stop); }
  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    std::vector<Change> changes;
    Tell(stop, &changes);
    return changes;
  }

 protected:
  virtual void Tell(const CallStop& stop, std::vector<Change>* changes) = 0;
  // Sets what is not so already.
  static void Set(const CallStop& stop, Reg reg, uint64_t value, std::vector<Change>* changes) {
    uint64_t was = stop.registers.Get(reg);
    if (was == value) return;
    stop.registers.Set(reg, value);
    changes->push_back(
        {.what = RegName(reg, stop.registers.arch()), .before = was, .after = value});
  }
  static void SetResult(const CallStop& stop, int64_t value, std::vector<Change>* changes) {
    Set(stop, Reg::kRax, static_cast<uint64_t>(value), changes);
  }
};

// Registers that should have survived the call hold what no pointer can be.
class Clobber : public ExitFault {
 public:
  explicit Clobber(std::vector<Reg> registers) : registers_(std::move(registers)) {}

 protected:
  void Tell(const CallStop& stop, std::vector<Change>* changes) override {
    for (Reg reg : registers_)
      if (HasReg(stop.arch, reg)) Set(stop, reg, LostValue(reg, stop.registers.arch()), changes);
  }

 private:
  std::vector<Reg> registers_;
};

class ClobberR8R10 : public Clobber {
 public:
  ClobberR8R10() : Clobber({Reg::kR8, Reg::kR9, Reg::kR10}) {}
};

class ClobberRdx : public Clobber {
 public:
  ClobberRdx() : Clobber({Reg::kRdx}) {}
};

// syscall-exit.int80-r8-r11: what 386 code cannot see does not survive a 386 call.
class Int80 : public ExitFault {
 public:
  [[nodiscard]] bool Concerns(const CallStop& stop) override {
    return ExitFault::Concerns(stop) && IsInt80Of64(stop);
  }

 protected:
  void Tell(const CallStop& stop, std::vector<Change>* changes) override {
    for (Reg reg : {Reg::kR8, Reg::kR9, Reg::kR10, Reg::kR11}) Set(stop, reg, 0, changes);
  }
};

// syscall-exit.carry: errors as the BSDs return them.
class Carry : public ExitFault {
 protected:
  void Tell(const CallStop& stop, std::vector<Change>* changes) override {
    constexpr uint64_t kCarry = 1;
    uint64_t flags = stop.registers.Get(Reg::kFlags);
    if (int64_t error = ErrorOf(stop)) {
      SetResult(stop, error, changes);
      Set(stop, Reg::kFlags, flags | kCarry, changes);
    } else {
      Set(stop, Reg::kFlags, flags & ~kCarry, changes);
    }
  }
};

// syscall-exit.errno-range: errors that do not look like the kernel's, or like another one.
class ErrnoRange : public ExitFault {
 public:
  [[nodiscard]] bool Concerns(const CallStop& stop) override {
    return ExitFault::Concerns(stop) && ErrorOf(stop) != 0;
  }
  explicit ErrnoRange(const Spec& spec) {
    if (const Word* word = spec.Find("as"))
      as_ = static_cast<As>(ParseChoice(*word, {"positive", "minus-one", "beyond"}));
  }

 protected:
  void Tell(const CallStop& stop, std::vector<Change>* changes) override {
    int64_t error = ErrorOf(stop);
    switch (as_) {
      case As::kPositive:
        return SetResult(stop, error, changes);
      case As::kMinusOne:
        return SetResult(stop, -1, changes);
      case As::kBeyond:
        return SetResult(stop, -(kMaxErrno + 1), changes);
    }
  }

 private:
  enum class As : uint8_t { kPositive, kMinusOne, kBeyond };
  As as_ = As::kPositive;
};

// syscall-exit.high-halves: 64-bit registers keep 32 bits.
class HighHalves : public ExitFault {
 public:
  explicit HighHalves(const Spec& spec) {
    if (const Word* word = spec.Find("of"))
      result_ = ParseChoice(*word, {"arguments", "result"}) == 1;
  }
  [[nodiscard]] bool Concerns(const CallStop& stop) override {
    return ExitFault::Concerns(stop) && (result_ || IsInt80Of64(stop));
  }

 protected:
  void Tell(const CallStop& stop, std::vector<Change>* changes) override {
    if (result_) {
      if (stop.registers.arch() == Arch::kAmd64) Cut(stop, Reg::kRax, changes);
    } else {
      for (int i = 0; i < 6; ++i) Cut(stop, ArgumentRegister(stop.path, i), changes);
    }
  }

 private:
  static void Cut(const CallStop& stop, Reg reg, std::vector<Change>* changes) {
    Set(stop, reg, static_cast<uint32_t>(stop.registers.Get(reg)), changes);
  }

  bool result_ = false;
};

// syscall-exit.wrong-pc: the program goes on behind, or before, where it should.
class WrongPc : public ExitFault {
 public:
  explicit WrongPc(const Spec& spec) {
    if (const Word* word = spec.Find("offset")) offset_ = ParseOffset(*word);
  }

 protected:
  void Tell(const CallStop& stop, std::vector<Change>* changes) override {
    Set(stop, Reg::kRip, stop.registers.Get(Reg::kRip) + static_cast<uint64_t>(offset_), changes);
  }

 private:
  int64_t offset_ = 2;
};

}  // namespace

std::vector<FaultDescription> SyscallExitFaults() {
  return {
      {.id = "syscall-exit.carry",
       .summary = "an error is a positive number and the carry flag",
       .effect =
           "A call that fails returns its error as a positive number, with the carry flag set; one "
           "that\n"
           "succeeds clears it. To code that looks for negative numbers every call succeeds.",
       .parameters = {},
       .origin = "It is how the BSDs and macOS return errors, on both arches; a layer that runs "
                 "Linux programs\n"
                 "there has to translate. NetBSD's rump kernel did not, for its Linux calls.",
       .source = "freebsd-src sys/amd64/amd64/vm_machdep.c, cpu_set_syscall_retval; buildrump.sh "
                 "issue 55",
       .harsher = "Each error of each call, where a layer forgets one call.",
       .make = MakeFault<Carry>},
      {.id = "syscall-exit.clobber-r8-r10",
       .summary = "r8, r9 and r10 do not survive a system call",
       .effect =
           "At the end of each system call of 64-bit code r8, r9 and r10 hold values that no\n"
           "pointer can be (r10: 0xfa17fa17fa17000a). A new thread or process starts with its "
           "creator's\n"
           "registers as they were at the call: the stub that starts it has its arguments, the "
           "creator has\n"
           "lost them. Calls by INT 0x80, signal returns and new programs keep theirs; 386 code "
           "has "
           "no such\n"
           "registers and is left alone.",
       .parameters = {},
       .origin = "FreeBSD/amd64: its fast return leaves kernel leftovers in them, or zeroes.",
       .source = "freebsd-src sys/amd64/amd64/exception.S, fast_syscall_common (releases 9 to 10)",
       .harsher = "There calls that had slept kept r8 and r9.",
       .make = MakeFault<ClobberR8R10>},
      {.id = "syscall-exit.clobber-rdx",
       .summary = "rdx does not survive a system call",
       .effect = "At the end of each system call rdx (386: edx) holds a value that no pointer can "
                 "be\n"
                 "(0xfa17fa17fa170002; 386: 0xfffffa12). A new thread or process starts with its "
                 "creator's, as it\n"
                 "was at the call; signal returns and new programs keep theirs.",
       .parameters = {},
       .origin =
           "The BSDs and macOS return a second result in it, mostly 0. Kontain and Enarx, which "
           "emulate\n"
           "Linux's calls, lost it: pthread_sigmask crashed.",
       .source = "kontainapp/km pull request 605; enarx-keepldr issue 115",
       .harsher = "There it was 0 or a leftover; here it is no pointer.",
       .make = MakeFault<ClobberRdx>},
      {.id = "syscall-exit.errno-range",
       .summary = "an error is not between -1 and -4095, or always -1",
       .effect =
           "A call that fails returns: as=positive, its error as a positive number, which looks "
           "like "
           "a result;\n"
           "as=minus-one, -1 whatever the error was, which is EPERM; as=beyond, -4096, which is no "
           "error.",
       .parameters = {{"as", "positive, minus-one or beyond",
                       "what stands for an error (default: positive)"}},
       .origin =
           "Manticore's lseek and read returned positive errors. Mystikos's mmap returned -1. "
           "Beyond: none\n"
           "known; cctools counts -4096 among the errors.",
       .source = "manticore issue 291; mystikos issue 643; cctools pull request 696",
       .harsher = "There it was these calls: call=lseek+read, call=mmap.",
       .make = MakeFault<ErrnoRange>},
      {.id = "syscall-exit.high-halves",
       .summary = "64-bit registers keep 32 bits over a system call",
       .effect =
           "of=arguments: a call that 64-bit code makes by INT 0x80 leaves the lower halves of its "
           "argument\n"
           "registers (rbx, rcx, rdx, rsi, rdi, rbp), the upper ones are 0. of=result: the upper "
           "half of rax\n"
           "is 0 at the end of each call of 64-bit code, by SYSCALL too: no error is negative, and "
           "addresses\n"
           "of mmap are lost. 386 code has no upper halves.",
       .parameters = {{"of", "arguments or result", "which registers (default: arguments)"}},
       .origin =
           "None known; an emulator that keeps a 386 call's registers, or a result, in 32 bits "
           "does this.",
       .source = "Linux keeps them: tools/testing/selftests/x86/test_syscall_vdso.c",
       .harsher = "Each call.",
       .make = MakeFault<HighHalves>},
      {.id = "syscall-exit.int80-r8-r11",
       .summary = "r8 to r11 are 0 after an INT 0x80 of 64-bit code",
       .effect = "A call that 64-bit code makes by INT 0x80 leaves 0 in r8, r9, r10 and r11. "
                 "Nothing else changes.",
       .parameters = {},
       .origin = "Linux from 2.6.4 until 2018, on purpose.",
       .source = "Linux commit \"x86/entry/64/compat: Preserve r8-r11 in int $0x80\", April 2018",
       .harsher = "Not harsher.",
       .make = MakeFault<Int80>},
      {.id = "syscall-exit.wrong-pc",
       .summary = "a system call returns beside where it should",
       .effect = "At the end of a call the program goes on `offset` bytes behind (or, if negative, "
                 "before) the\n"
                 "instruction that follows it. -2 makes the call again, with its result for a "
                 "number.",
       .parameters = {{"offset", "1 to 64 or -1 to -64", "bytes (default: 2)"}},
       .origin = "OpenBSD/arm from 6.7 returns two instructions behind the call: programs have to "
                 "have two there\n"
                 "that do nothing.",
       .source = "go src/runtime/sys_openbsd_arm.s",
       .harsher = "There programs were built for it.",
       .make = MakeFault<WrongPc>},
  };
}

}  // namespace faultline::kernel
