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
};
struct Old386Frame {  // for one without
  uint32_t pretcode;
  int32_t signal;
  i386::MContext context;
};
struct Amd64Frame {
  uint64_t pretcode;
  amd64::UContext context;
};

}  // namespace

std::optional<SignalFrame> SignalFrame::AtHandlerEntry(pid_t tid, const Registers& registers) {
  uint64_t sp = registers.Get(Reg::kRsp);
  if (registers.arch() == Arch::kAmd64) {
    // The kernel passes the context's address in rdx whatever the handler's type.
    uint64_t context = sp + offsetof(Amd64Frame, context);
    if (registers.Get(Reg::kRdx) != context) return std::nullopt;
    return SignalFrame(tid, Arch::kAmd64, context + offsetof(amd64::UContext, mcontext));
  }
  // ecx is the context's address, or 0 for the old frame.
  uint64_t context = sp + offsetof(Rt386Frame, context);
  if (registers.Get(Reg::kRcx) == context)
    return SignalFrame(tid, Arch::k386, context + offsetof(i386::UContext, mcontext));
  int32_t signal = 0;
  if (registers.Get(Reg::kRcx) == 0 && registers.Get(Reg::kRdx) == 0 &&
      ReadObject(tid, sp + offsetof(Old386Frame, signal), &signal) &&
      signal == static_cast<int32_t>(registers.Get(Reg::kRax)))
    return SignalFrame(tid, Arch::k386, sp + offsetof(Old386Frame, context));
  return std::nullopt;
}

std::optional<uint64_t> SignalFrame::Saved(Reg reg) const {
  if (arch_ == Arch::kAmd64) {
    uint64_t value = 0;
    int offset = Amd64Offset(reg);
    if (offset < 0 || !ReadObject(tid_, context_ + offset, &value)) return std::nullopt;
    return value;
  }
  uint32_t value = 0;
  int offset = I386Offset(reg);
  if (offset < 0 || !ReadObject(tid_, context_ + offset, &value)) return std::nullopt;
  return value;
}

bool SignalFrame::SetSaved(Reg reg, uint64_t value) {
  if (arch_ == Arch::kAmd64) {
    int offset = Amd64Offset(reg);
    return offset >= 0 && WriteObject(tid_, context_ + offset, value);
  }
  int offset = I386Offset(reg);
  return offset >= 0 && WriteObject(tid_, context_ + offset, static_cast<uint32_t>(value));
}

}  // namespace faultline::kernel
