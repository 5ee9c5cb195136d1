// A signal frame: just built, seen from the handler's first instruction, or about to be loaded
// again.
#ifndef FAULTLINE_KERNEL_TRACER_FRAME_H_
#define FAULTLINE_KERNEL_TRACER_FRAME_H_

#include <optional>

#include "kernel/tracer/alternate_stack.h"
#include "kernel/tracer/registers.h"
#include "kernel/tracer/vector_state.h"

namespace faultline::kernel {

class SignalFrame {
 public:
  // For a thread stopped on the first instruction of a handler, `registers` being those of that
  // moment. Nothing when the stack does not hold such a frame.
  static std::optional<SignalFrame> AtHandlerEntry(pid_t tid, const Registers& registers);

  // For a thread that is about to enter rt_sigreturn, or 386's sigreturn: the frame that the kernel
  // is going to load. (That it is one is the program's word: it can return by frames of its own.)
  static std::optional<SignalFrame> AtSigreturn(pid_t tid, const Registers& registers, bool rt);

  // The signal that it is for; 0: the frame does not say. 64-bit code's has it only in siginfo: a
  // handler without SA_SIGINFO may show what an earlier frame left there.
  [[nodiscard]] int Signal() const;

  // The interrupted code's register as saved, to be loaded again by sigreturn. General registers,
  // kRip and kFlags.
  [[nodiscard]] std::optional<uint64_t> Saved(Reg reg) const;
  bool SetSaved(Reg reg, uint64_t value);

  // What the last fault of the thread left, as saved.
  enum class Trap : uint8_t { kNumber, kError, kAddress };
  [[nodiscard]] std::optional<uint64_t> Saved(Trap field) const;
  bool SetSaved(Trap field, uint64_t value);

  // The signal mask that sigreturn will put back.
  [[nodiscard]] std::optional<uint64_t> SavedMask() const;
  bool SetSavedMask(uint64_t mask);

  // The interrupted code's floating point control words.
  struct FpControl {
    uint16_t x87;
    uint32_t mxcsr;
  };
  [[nodiscard]] std::optional<FpControl> SavedFpControl() const;
  bool SetSavedFpControl(const FpControl& control);

  // The interrupted code's vector registers; nothing when the frame has none.
  [[nodiscard]] std::optional<VectorState> SavedVectorState() const;

  // The alternate signal stack that sigreturn will put back; 386's old frame has none.
  [[nodiscard]] std::optional<AlternateStack> SavedAlternateStack() const;
  bool SetSavedAlternateStack(const AlternateStack& stack);

  // Where it lies.
  [[nodiscard]] uint64_t address() const { return address_; }

  // The address of the handler's siginfo. Nothing if the handler does not get one (no SA_SIGINFO),
  // which 64-bit code's frame shows only by holding no such thing for `signal`.
  [[nodiscard]] std::optional<uint64_t> InfoAddress(int signal) const;

  // Puts the whole frame `bytes` lower, with whatever points into it; `registers` follow. The
  // vector state, which is apart from the frame, stays. False when the memory is not there.
  bool MoveDown(unsigned bytes, Registers& registers);

 private:
  enum class Kind : uint8_t { kAmd64, kRt386, kOld386 };
  SignalFrame(pid_t tid, Kind kind, uint64_t address) : tid_(tid), kind_(kind), address_(address) {}
  [[nodiscard]] Arch arch() const { return kind_ == Kind::kAmd64 ? Arch::kAmd64 : Arch::k386; }
  [[nodiscard]] uint64_t Context() const;  // address of the mcontext
  // Address of the floating point state, and of FXSAVE's image in it; 0: there is none.
  [[nodiscard]] uint64_t FpState() const;
  [[nodiscard]] uint64_t Fxsave() const;
  [[nodiscard]] uint64_t StackAt() const;  // address of uc_stack; 0: there is none
  [[nodiscard]] std::optional<uint64_t> Word(uint64_t address) const;
  bool SetWord(uint64_t address, uint64_t value);

  pid_t tid_;
  Kind kind_;
  uint64_t address_;  // where the handler's return address lies
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_FRAME_H_
