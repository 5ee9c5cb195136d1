#include "kernel/fault/handler.h"

#include <sys/ptrace.h>
#include <sys/user.h>

#include <array>
#include <cstddef>

#include "abi/linux/386/structs.h"
#include "abi/linux/amd64/structs.h"
#include "kernel/tracer/frame.h"
#include "kernel/tracer/memory.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

// handler.direction-flag: string instructions run backwards.
class DirectionFlag : public HandlerFault {
 public:
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    constexpr uint64_t kDirection = 1 << 10;
    uint64_t flags = entry.registers.Get(Reg::kFlags);
    entry.registers.Set(Reg::kFlags, flags | kDirection);
    return {{.what = "flags", .before = flags, .after = flags | kDirection}};
  }
};

// handler.misalign: the frame lies where no call would have put the stack.
class Misalign : public HandlerFault {
 public:
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    uint64_t sp = entry.registers.Get(Reg::kRsp);
    unsigned bytes = entry.arch == Arch::kAmd64 ? 8 : 4;
    if (!entry.frame.MoveDown(bytes, entry.registers)) return {};
    return {{.what = RegName(Reg::kRsp, entry.arch), .before = sp, .after = sp - bytes}};
  }
};

// handler.red-zone: what leaf functions keep below their stack pointer is overwritten.
class RedZone : public HandlerFault {
 public:
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    if (entry.arch != Arch::kAmd64) return {};  // 386 has none
    auto sp = entry.frame.Saved(Reg::kRsp);
    std::array<uint64_t, 16> zone;  // 128 bytes: System V ABI, AMD64 supplement, 3.2.2
    if (!sp || !ReadObject(entry.tid, *sp - sizeof zone, &zone)) return {};
    uint64_t top = zone.back();
    zone.fill(kJunk);
    if (!WriteObject(entry.tid, *sp - sizeof zone, zone)) return {};
    // The word just below the stack pointer stands for all.
    return {{.what = "below_rsp", .before = top, .after = kJunk}};
  }

 private:
  static constexpr uint64_t kJunk = 0xa5a5a5a5a5a5a5a5;
};

// handler.mxcsr: the handler computes with the interrupted code's floating point control words.
class Mxcsr : public HandlerFault {
 public:
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    auto saved = entry.frame.SavedFpControl();
    user_fpregs_struct live;
    if (!saved || ptrace(PTRACE_GETFPREGS, entry.tid, nullptr, &live) != 0) return {};
    std::vector<Change> changes;
    if (live.mxcsr != saved->mxcsr)
      changes.push_back({.what = "mxcsr", .before = live.mxcsr, .after = saved->mxcsr});
    if (live.cwd != saved->x87)
      changes.push_back({.what = "x87_control", .before = live.cwd, .after = saved->x87});
    live.mxcsr = saved->mxcsr;
    live.cwd = saved->x87;
    if (changes.empty() || ptrace(PTRACE_SETFPREGS, entry.tid, nullptr, &live) != 0) return {};
    return changes;
  }
};

// handler.registers: the handler's arguments are what the interrupted code had there.
class WrongRegisters : public HandlerFault {
 public:
  explicit WrongRegisters(const Spec& spec) {
    const Word* word = spec.Find("registers");
    if (word == nullptr) return;
    registers_.clear();
    for (const Word& name : ParseList(*word)) {
      auto reg = ParseReg(name.text);
      if (!reg || *reg == Reg::kRsp)
        throw SpecError(name.column,
                        "expected general registers joined by '+', such as rdi+rsi, but not rsp, "
                        "found '" +
                            name.text + "'");
      registers_.push_back(*reg);
    }
  }
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    std::vector<Change> changes;
    for (Reg reg : registers_) {
      auto saved = entry.frame.Saved(reg);
      uint64_t live = entry.registers.Get(reg);
      if (!HasReg(entry.arch, reg) || !saved || *saved == live) continue;
      entry.registers.Set(reg, *saved);
      changes.push_back({.what = RegName(reg, entry.arch), .before = live, .after = *saved});
    }
    return changes;
  }

 private:
  // amd64: signal, siginfo, context. A 386 handler that takes its arguments from registers finds
  // them in eax, edx and ecx.
  std::vector<Reg> registers_ = {Reg::kRdi, Reg::kRsi, Reg::kRdx};
};

// handler.trapno: the context does not say which fault it was.
class TrapNumber : public HandlerFault {
 public:
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    using Trap = SignalFrame::Trap;
    std::vector<Change> changes;
    constexpr std::pair<Trap, std::string_view> kFields[] = {
        {Trap::kNumber, "trapno"}, {Trap::kError, "err"}, {Trap::kAddress, "cr2"}};
    for (auto [field, name] : kFields) {
      auto was = entry.frame.Saved(field);
      if (was && *was != 0 && entry.frame.SetSaved(field, 0))
        changes.push_back({.what = name, .before = *was, .after = 0});
    }
    return changes;
  }
};

// handler.siginfo: where the signal comes from, and what it is about, is not told.
class WrongInfo : public HandlerFault {
 public:
  explicit WrongInfo(const Spec& spec) {
    if (const Word* word = spec.Find("code"))
      code_ = ParseChoice(*word, {"user", "kernel"}) == 0 ? SI_USER : SI_KERNEL;
  }
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    namespace amd64 = abi::linux_amd64;
    namespace i386 = abi::linux_386;
    auto info = entry.frame.InfoAddress(entry.signal);
    if (!info) return {};
    bool wide = entry.arch == Arch::kAmd64;
    uint64_t code_at =
        *info + (wide ? offsetof(amd64::SigInfo, code) : offsetof(i386::SigInfo, code));
    // Sender and value, or the address: whatever the code speaks of.
    uint64_t rest_at =
        *info + (wide ? offsetof(amd64::SigInfo, addr) : offsetof(i386::SigInfo, addr));
    int32_t code = 0;
    uint64_t first = 0;
    std::array<char, 16> rest = {};
    if (!ReadObject(entry.tid, code_at, &code) || !ReadObject(entry.tid, rest_at, &first))
      return {};
    if (!WriteObject(entry.tid, code_at, code_) || !WriteObject(entry.tid, rest_at, rest))
      return {};
    return {{.what = "si_code",
             .before = static_cast<uint32_t>(code),
             .after = static_cast<uint32_t>(code_)},
            {.what = "si_fields", .before = first, .after = 0}};
  }

 private:
  int32_t code_ = SI_USER;
};

// handler.mask: other signals are blocked while the handler runs than should be.
class WrongMask : public HandlerFault {
 public:
  explicit WrongMask(const Spec& spec) {
    if (const Word* word = spec.Find("mask"))
      mask_ = static_cast<Mask>(ParseChoice(*word, {"interrupted", "empty", "full"}));
  }
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    uint64_t live = 0;
    auto saved = entry.frame.SavedMask();
    if (!saved || ptrace(static_cast<__ptrace_request>(PTRACE_GETSIGMASK), entry.tid, sizeof live,
                         &live) != 0)
      return {};
    // SIGKILL and SIGSTOP cannot be blocked.
    uint64_t wanted = mask_ == Mask::kInterrupted ? *saved
                      : mask_ == Mask::kEmpty     ? 0
                                                  : ~(SignalBit(SIGKILL) | SignalBit(SIGSTOP));
    if (wanted == live || ptrace(static_cast<__ptrace_request>(PTRACE_SETSIGMASK), entry.tid,
                                 sizeof wanted, &wanted) != 0)
      return {};
    return {{.what = "mask", .before = live, .after = wanted}};
  }

 private:
  enum class Mask : uint8_t { kInterrupted, kEmpty, kFull };
  Mask mask_ = Mask::kInterrupted;
};

}  // namespace

std::vector<FaultDescription> HandlerFaults() {
  return {
      {.id = "handler.direction-flag",
       .summary = "a signal handler begins with the direction flag set",
       .effect =
           "On the first instruction of each signal handler the direction flag is set: string\n"
           "instructions (memcpy, memset) run backwards until something clears it. The\n"
           "interrupted code gets its own flags back.",
       .parameters = {},
       .origin = "OSv; FEX before 2025; Asterinas.",
       .source = "OSv issue 154; FEX pull request 4389 (44492b482); Asterinas issues 1606 and 1637",
       .harsher = "There the flag was what the interrupted code had; here it is always set.",
       .make = MakeFault<DirectionFlag>},
      {.id = "handler.misalign",
       .summary = "a signal handler begins with a misaligned stack",
       .effect =
           "The signal frame lies 8 bytes lower (4 in 386 code) than the ABI asks for, and the\n"
           "handler's arguments point into it there. Aligned vector stores to the stack "
           "(movaps) fault,\n"
           "somewhere in printf or memcpy. The return from the handler works.",
       .parameters = {},
       .origin =
           "Lind, which forgot the 8 bytes of the return address; NuttX; musl's asynchronous\n"
           "cancellation, which calls C on the interrupted stack pointer.",
       .source = "Lind_project issue 296; NuttX issue 19791; musl ad5dcd39",
       .harsher = "Not harsher, but for needing 8 more bytes of stack.",
       .make = MakeFault<Misalign>},
      {.id = "handler.red-zone",
       .summary = "a signal overwrites the 128 bytes below the interrupted stack pointer",
       .effect = "Before the handler runs, the red zone of the interrupted code, in which 64-bit "
                 "leaf functions\n"
                 "keep variables, is filled with 0xa5. 386 code has no red zone and is left alone; "
                 "so is code\n"
                 "whose stack pointer points nowhere.",
       .parameters = {},
       .origin = "SerenityOS, NuttX, FEX and rr built frames in it.",
       .source =
           "SerenityOS issue 8355; NuttX issue 19791; FEX 84f42f615; rr 8fe95847 and 73ca1478",
       .harsher = "It happens on an alternate stack, too, where a frame would not lie in the red "
                  "zone.",
       .make = MakeFault<RedZone>},
      {.id = "handler.mxcsr",
       .summary = "a signal handler inherits the interrupted code's floating point control words",
       .effect =
           "MXCSR and the x87 control word are, in the handler, those of the interrupted code, "
           "where\n"
           "Linux gives it fresh ones (0x1f80 and 0x37f): rounding, flush to zero and unmasked\n"
           "exceptions reach into the handler. Code with the default words is no opportunity.",
       .parameters = {},
       .origin =
           "Emulators and kernels that do not start handlers with a clean floating point state; "
           "FEX did\n"
           "not save MXCSR at all.",
       .source = "FEX pull request 5401",
       .harsher = "Not harsher.",
       .make = MakeFault<Mxcsr>},
      {.id = "handler.registers",
       .summary = "a signal handler finds the interrupted code's registers where its arguments "
                  "should be",
       .effect =
           "The named registers hold, in the handler, what they held in the interrupted code. "
           "By default\n"
           "those are the arguments: signal number, siginfo and context. Registers that are\n"
           "the same in both are left; if all are, it is no opportunity.",
       .parameters = {{"registers", "general registers joined by '+', not rsp",
                       "rsi and esi are the same (default: rdi+rsi+rdx). Handlers in 386 code have "
                       "their arguments\n"
                       "on the stack, or in eax+edx+ecx"}},
       .origin =
           "elfuse (arm64 Linux on macOS) restored old registers over the signal number and the "
           "pointers;\n"
           "Rosetta then stopped with \"signal numbers differ\".",
       .source = "elfuse issue 164",
       .harsher = "There only handlers of faults were hit: signal=SEGV+BUS+ILL+FPE.",
       .make = MakeFault<WrongRegisters>},
      {.id = "handler.trapno",
       .summary = "a signal handler's context does not say which fault it was",
       .effect =
           "trapno, err and cr2 are 0 in the context that the handler gets. A handler that "
           "tells reads from\n"
           "writes, or a page fault from another one, cannot. Contexts where all are 0 anyway "
           "are no\n"
           "opportunity.",
       .parameters = {},
       .origin = "gVisor leaves them unset; Wine loops on it (\"Got unexpected trap 0\").",
       .source = "gVisor issue 159, pkg/sentry/arch/signal_amd64.go; wine-mirror issues 62 and 63",
       .harsher = "Not harsher.",
       .make = MakeFault<TrapNumber>},
      {.id = "handler.siginfo",
       .summary = "a signal handler's siginfo says nothing about the signal's origin",
       .effect =
           "si_code is SI_USER (or SI_KERNEL), and the sender, the value and the fault's address "
           "are 0. A\n"
           "real fault looks as if somebody had sent the signal. Handlers without SA_SIGINFO "
           "get none\n"
           "and are no opportunity.",
       .parameters = {{"code", "user or kernel", "which si_code (default: user)"}},
       .origin = "OS X shows a general protection fault as SI_USER, which Go has to correct. On "
                 "x86 Linux\n"
                 "itself says SI_KERNEL and address 0 of such a fault, which HotSpot took for a "
                 "null check.",
       .source = "Go's runtime/signal_darwin_amd64.go; JDK-8294003",
       .harsher = "There certain faults were hit: signal=SEGV.",
       .make = MakeFault<WrongInfo>},
      {.id = "handler.mask",
       .summary = "a signal handler runs with the wrong signals blocked",
       .effect =
           "interrupted: the mask of the interrupted code stays: neither sa_mask nor the signal "
           "itself is\n"
           "blocked, so that handlers nest. empty: nothing is blocked. full: everything is. The "
           "return\n"
           "from the handler puts back the right mask. Where the mask is what it should be, it "
           "is no\n"
           "opportunity.",
       .parameters = {{"mask", "interrupted, empty or full",
                       "what is blocked (default: interrupted)"}},
       .origin =
           "musl on MIPS, OpenRISC, MicroBlaze and riscv64 until 1.2.4: a shifted field made the "
           "kernel read\n"
           "an address as sa_mask.",
       .source = "musl 269d1938; FEX db3439b61",
       .harsher = "There some bits were wrong; here it is all of them.",
       .make = MakeFault<WrongMask>},
  };
}

}  // namespace faultline::kernel
