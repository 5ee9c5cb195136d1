#include "kernel/tracer/frame.h"

#include <cstddef>

#include "abi/linux/386/structs.h"
#include "abi/linux/amd64/structs.h"
#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

namespace amd64 = abi::linux_amd64;
namespace i386 = abi::linux_386;

// Where `reg` lies in an amd64 mcontext; -1 if it does not.
constexpr int Amd64Offset(Reg reg) {
  switch (reg) {
    case Reg::kRax:
      return offsetof(amd64::MContext, rax);
    case Reg::kRcx:
      return offsetof(amd64::MContext, rcx);
    case Reg::kRdx:
      return offsetof(amd64::MContext, rdx);
    case Reg::kRbx:
      return offsetof(amd64::MContext, rbx);
    case Reg::kRsp:
      return offsetof(amd64::MContext, rsp);
    case Reg::kRbp:
      return offsetof(amd64::MContext, rbp);
    case Reg::kRsi:
      return offsetof(amd64::MContext, rsi);
    case Reg::kRdi:
      return offsetof(amd64::MContext, rdi);
    case Reg::kR8:
      return offsetof(amd64::MContext, r8);
    case Reg::kR9:
      return offsetof(amd64::MContext, r9);
    case Reg::kR10:
      return offsetof(amd64::MContext, r10);
    case Reg::kR11:
      return offsetof(amd64::MContext, r11);
    case Reg::kR12:
      return offsetof(amd64::MContext, r12);
    case Reg::kR13:
      return offsetof(amd64::MContext, r13);
    case Reg::kR14:
      return offsetof(amd64::MContext, r14);
    case Reg::kR15:
      return offsetof(amd64::MContext, r15);
    case Reg::kRip:
      return offsetof(amd64::MContext, rip);
    case Reg::kFlags:
      return offsetof(amd64::MContext, eflags);
    default:
      return -1;
  }
}

constexpr int I386Offset(Reg reg) {
  switch (reg) {
    case Reg::kRax:
      return offsetof(i386::MContext, eax);
    case Reg::kRcx:
      return offsetof(i386::MContext, ecx);
    case Reg::kRdx:
      return offsetof(i386::MContext, edx);
    case Reg::kRbx:
      return offsetof(i386::MContext, ebx);
    case Reg::kRsp:
      return offsetof(i386::MContext, esp);
    case Reg::kRbp:
      return offsetof(i386::MContext, ebp);
    case Reg::kRsi:
      return offsetof(i386::MContext, esi);
    case Reg::kRdi:
      return offsetof(i386::MContext, edi);
    case Reg::kRip:
      return offsetof(i386::MContext, eip);
    case Reg::kFlags:
      return offsetof(i386::MContext, eflags);
    default:
      return -1;
  }
}

// What lies at the handler's stack pointer (arch/x86/kernel/signal_64.c, signal_32.c; struct
// layouts in arch/x86/include/asm/sigframe.h).
struct Rt386Frame {  // for a handler with SA_SIGINFO
  uint32_t pretcode;
  int32_t signal;
  uint32_t info_pointer;
  uint32_t context_pointer;
  i386::SigInfo info;
  i386::UContext context;
  char retcode[8];
};
struct Old386Frame {  // for one without
  uint32_t pretcode;
  int32_t signal;
  i386::MContext context;
  char unused[624];  // struct _fpstate_32
  uint32_t extramask;
  char retcode[8];
};
struct Amd64Frame {
  uint64_t pretcode;
  amd64::UContext context;
  amd64::SigInfo info;
};
static_assert(sizeof(Amd64Frame) == 440 && sizeof(Rt386Frame) == 268 && sizeof(Old386Frame) == 732);

// The vector state: FXSAVE's image, which 386's lies behind an old one of 112 bytes
// (uapi/asm/sigcontext.h, struct _fpstate_32 and _fpstate_64).
constexpr uint64_t kFxsaveIn386State = 112;
constexpr uint64_t kFxsaveMxcsr = 24;

constexpr int TrapOffset386(SignalFrame::Trap field) {
  switch (field) {
    case SignalFrame::Trap::kNumber:
      return offsetof(i386::MContext, trapno);
    case SignalFrame::Trap::kError:
      return offsetof(i386::MContext, err);
    default:
      return offsetof(i386::MContext, cr2);
  }
}

constexpr int TrapOffset64(SignalFrame::Trap field) {
  switch (field) {
    case SignalFrame::Trap::kNumber:
      return offsetof(amd64::MContext, trapno);
    case SignalFrame::Trap::kError:
      return offsetof(amd64::MContext, err);
    default:
      return offsetof(amd64::MContext, cr2);
  }
}

}  // namespace

std::optional<SignalFrame> SignalFrame::AtHandlerEntry(pid_t tid, const Registers& registers) {
  uint64_t sp = registers.Get(Reg::kRsp);
  if (registers.arch() == Arch::kAmd64) {
    // The kernel passes the context's address in rdx whatever the handler's type.
    if (registers.Get(Reg::kRdx) != sp + offsetof(Amd64Frame, context)) return std::nullopt;
    return SignalFrame(tid, Kind::kAmd64, sp);
  }
  // ecx is the context's address, or 0 for the old frame.
  if (registers.Get(Reg::kRcx) == sp + offsetof(Rt386Frame, context))
    return SignalFrame(tid, Kind::kRt386, sp);
  int32_t signal = 0;
  if (registers.Get(Reg::kRcx) == 0 && registers.Get(Reg::kRdx) == 0 &&
      ReadObject(tid, sp + offsetof(Old386Frame, signal), &signal) &&
      signal == static_cast<int32_t>(registers.Get(Reg::kRax)))
    return SignalFrame(tid, Kind::kOld386, sp);
  return std::nullopt;
}

std::optional<SignalFrame> SignalFrame::AtSigreturn(pid_t tid, const Registers& registers,
                                                    bool rt) {
  uint64_t sp = registers.Get(Reg::kRsp);
  // The handler's return took the return address off; 386's trampoline for the old frame takes the
  // signal number off as well (arch/x86/kernel/signal_64.c and signal_32.c, sys_*sigreturn).
  if (registers.arch() == Arch::kAmd64)
    return SignalFrame(tid, Kind::kAmd64, sp - sizeof(uint64_t));
  if (rt) return SignalFrame(tid, Kind::kRt386, sp - sizeof(uint32_t));
  return SignalFrame(tid, Kind::kOld386, sp - 2 * sizeof(uint32_t));
}

int SignalFrame::Signal() const {
  uint64_t at = kind_ == Kind::kAmd64   ? address_ + offsetof(Amd64Frame, info)
                : kind_ == Kind::kRt386 ? address_ + offsetof(Rt386Frame, signal)
                                        : address_ + offsetof(Old386Frame, signal);
  int32_t signal = 0;
  if (!ReadObject(tid_, at, &signal) || signal < 1 || signal > 64) return 0;
  return signal;
}

uint64_t SignalFrame::Context() const {
  switch (kind_) {
    case Kind::kAmd64:
      return address_ + offsetof(Amd64Frame, context) + offsetof(amd64::UContext, mcontext);
    case Kind::kRt386:
      return address_ + offsetof(Rt386Frame, context) + offsetof(i386::UContext, mcontext);
    default:
      return address_ + offsetof(Old386Frame, context);
  }
}

std::optional<uint64_t> SignalFrame::Word(uint64_t address) const {
  uint64_t wide = 0;
  uint32_t narrow = 0;
  if (kind_ == Kind::kAmd64) {
    if (!ReadObject(tid_, address, &wide)) return std::nullopt;
    return wide;
  }
  if (!ReadObject(tid_, address, &narrow)) return std::nullopt;
  return narrow;
}

bool SignalFrame::SetWord(uint64_t address, uint64_t value) {
  if (kind_ == Kind::kAmd64) return WriteObject(tid_, address, value);
  return WriteObject(tid_, address, static_cast<uint32_t>(value));
}

std::optional<uint64_t> SignalFrame::Saved(Reg reg) const {
  int offset = kind_ == Kind::kAmd64 ? Amd64Offset(reg) : I386Offset(reg);
  if (offset < 0) return std::nullopt;
  return Word(Context() + static_cast<uint64_t>(offset));
}

bool SignalFrame::SetSaved(Reg reg, uint64_t value) {
  int offset = kind_ == Kind::kAmd64 ? Amd64Offset(reg) : I386Offset(reg);
  return offset >= 0 && SetWord(Context() + static_cast<uint64_t>(offset), value);
}

std::optional<uint64_t> SignalFrame::Saved(Trap field) const {
  int offset = kind_ == Kind::kAmd64 ? TrapOffset64(field) : TrapOffset386(field);
  return Word(Context() + static_cast<uint64_t>(offset));
}

bool SignalFrame::SetSaved(Trap field, uint64_t value) {
  int offset = kind_ == Kind::kAmd64 ? TrapOffset64(field) : TrapOffset386(field);
  return SetWord(Context() + static_cast<uint64_t>(offset), value);
}

std::optional<uint64_t> SignalFrame::SavedMask() const {
  uint64_t mask = 0;
  if (kind_ != Kind::kOld386) {
    uint64_t at = kind_ == Kind::kAmd64 ? offsetof(Amd64Frame, context.sigmask)
                                        : offsetof(Rt386Frame, context.sigmask);
    if (!ReadObject(tid_, address_ + at, &mask)) return std::nullopt;
    return mask;
  }
  auto low = Word(address_ + offsetof(Old386Frame, context.oldmask));
  auto high = Word(address_ + offsetof(Old386Frame, extramask));
  if (!low || !high) return std::nullopt;
  return *high << 32 | *low;
}

bool SignalFrame::SetSavedMask(uint64_t mask) {
  if (kind_ != Kind::kOld386) {
    uint64_t at = kind_ == Kind::kAmd64 ? offsetof(Amd64Frame, context.sigmask)
                                        : offsetof(Rt386Frame, context.sigmask);
    return WriteObject(tid_, address_ + at, mask);
  }
  return SetWord(address_ + offsetof(Old386Frame, context.oldmask), mask) &&
         SetWord(address_ + offsetof(Old386Frame, extramask), mask >> 32);
}

uint64_t SignalFrame::FpState() const {
  return Word(Context() + (kind_ == Kind::kAmd64 ? offsetof(amd64::MContext, fpstate)
                                                 : offsetof(i386::MContext, fpstate)))
      .value_or(0);
}

uint64_t SignalFrame::Fxsave() const {
  uint64_t state = FpState();
  return state == 0 || kind_ == Kind::kAmd64 ? state : state + kFxsaveIn386State;
}

std::optional<SignalFrame::FpControl> SignalFrame::SavedFpControl() const {
  FpControl control = {};
  // Both images begin with the x87 control word; in 386's the second is not sure to hold it.
  if (FpState() == 0 || !ReadObject(tid_, FpState(), &control.x87) ||
      !ReadObject(tid_, Fxsave() + kFxsaveMxcsr, &control.mxcsr))
    return std::nullopt;
  return control;
}

bool SignalFrame::SetSavedFpControl(const FpControl& control) {
  return FpState() != 0 && WriteObject(tid_, FpState(), control.x87) &&
         WriteObject(tid_, Fxsave() + kFxsaveMxcsr, control.mxcsr);
}

std::optional<VectorState> SignalFrame::SavedVectorState() const {
  if (FpState() == 0) return std::nullopt;
  return VectorState::InFrame(tid_, Fxsave());
}

uint64_t SignalFrame::StackAt() const {
  switch (kind_) {
    case Kind::kAmd64:
      return address_ + offsetof(Amd64Frame, context.stack);
    case Kind::kRt386:
      return address_ + offsetof(Rt386Frame, context.stack);
    default:
      return 0;
  }
}

std::optional<AlternateStack> SignalFrame::SavedAlternateStack() const {
  if (StackAt() == 0) return std::nullopt;
  return ReadAlternateStack(tid_, arch(), StackAt());
}

bool SignalFrame::SetSavedAlternateStack(const AlternateStack& stack) {
  return StackAt() != 0 && WriteAlternateStack(tid_, arch(), StackAt(), stack);
}

std::optional<uint64_t> SignalFrame::InfoAddress(int signal) const {
  if (kind_ == Kind::kOld386) return std::nullopt;
  uint64_t at =
      address_ + (kind_ == Kind::kAmd64 ? offsetof(Amd64Frame, info) : offsetof(Rt386Frame, info));
  int32_t held = 0;
  if (!ReadObject(tid_, at, &held) || held != signal) return std::nullopt;
  return at;
}

bool SignalFrame::MoveDown(unsigned bytes, Registers& registers) {
  char frame[sizeof(Old386Frame)];
  size_t size = kind_ == Kind::kAmd64   ? sizeof(Amd64Frame)
                : kind_ == Kind::kRt386 ? sizeof(Rt386Frame)
                                        : sizeof(Old386Frame);
  if (ReadMemory(tid_, address_, frame, size) != size ||
      !WriteMemory(tid_, address_ - bytes, frame, size))
    return false;
  uint64_t old = address_;
  address_ -= bytes;
  registers.Set(Reg::kRsp, address_);
  auto follow = [&](uint64_t pointer) {
    return pointer >= old && pointer < old + size ? pointer - bytes : pointer;
  };
  // The handler's arguments: in registers, for 386 code on the stack as well.
  for (Reg reg : {Reg::kRsi, Reg::kRdx, Reg::kRcx}) {
    bool argument = kind_ == Kind::kAmd64 ? reg != Reg::kRcx : reg != Reg::kRsi;
    if (argument && follow(registers.Get(reg)) != registers.Get(reg))
      registers.Set(reg, follow(registers.Get(reg)));
  }
  if (kind_ == Kind::kRt386) {
    for (uint64_t at : {offsetof(Rt386Frame, info_pointer), offsetof(Rt386Frame, context_pointer)})
      if (auto pointer = Word(address_ + at)) SetWord(address_ + at, follow(*pointer));
  }
  return true;
}

}  // namespace faultline::kernel
