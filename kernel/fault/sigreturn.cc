#include "kernel/fault/sigreturn.h"

#include <sys/ptrace.h>
#include <sys/user.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <unordered_map>

#include "abi/linux/constants.h"
#include "kernel/tracer/frame.h"
#include "kernel/tracer/memory.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

using Bytes = VectorState::Bytes;

// What vector registers hold that come back as junk: no pointer, and a number in every lane.
constexpr uint8_t kJunk[] = {0xfa, 0x17};

bool IsZero(const Bytes& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

Bytes Junk(size_t size) {
  Bytes junk(size);
  for (size_t i = 0; i < size; ++i) junk[i] = kJunk[i % sizeof kJunk];
  return junk;
}

// Sets a component to `after`; adds what the log says of it, the first eight bytes that differ, if
// any do.
void Replace(VectorState& state, Component component, const Bytes& after,
             std::vector<Change>* changes) {
  Bytes before = state.Get(component);
  if (before.size() != after.size() || before == after) return;
  state.Set(component, after);
  auto differ = std::mismatch(before.begin(), before.end(), after.begin());
  size_t at =
      static_cast<size_t>(differ.first - before.begin()) / sizeof(uint64_t) * sizeof(uint64_t);
  Change change = {.what = ComponentName(component), .before = 0, .after = 0};
  memcpy(&change.before, before.data() + at, sizeof change.before);
  memcpy(&change.after, after.data() + at, sizeof change.after);
  changes->push_back(change);
}

// Vector registers that come back as they should not.
class VectorFault : public SigreturnFault {
 public:
  std::vector<Change> Tell(const SigreturnStop& stop) override {
    auto state = stop.frame.SavedVectorState();
    std::vector<Change> changes;
    if (!state) return {};
    Damage(stop, *state, &changes);
    if (changes.empty() || !state->Store()) return {};
    return changes;
  }

 private:
  virtual void Damage(const SigreturnStop& stop, VectorState& state,
                      std::vector<Change>* changes) = 0;
};

constexpr Parameter kLeft = {"left", "zero or handler",
                             "what the registers hold instead: zero, or what the handler left in\n"
                             "them (default: zero)"};

// The registers of some components are not loaded from the frame.
class LostComponents : public VectorFault {
 public:
  LostComponents(const Spec& spec, std::vector<Component> components)
      : components_(std::move(components)) {
    if (const Word* word = spec.Find("left")) handler_ = ParseChoice(*word, {"zero", "handler"});
  }

 private:
  void Damage(const SigreturnStop& stop, VectorState& state,
              std::vector<Change>* changes) override {
    std::optional<VectorState> live;
    if (handler_ && !(live = VectorState::Live(stop.tid))) return;
    for (Component component : components_)
      Replace(state, component, live ? live->Get(component) : Bytes(state.Get(component).size(), 0),
              changes);
  }

  std::vector<Component> components_;
  bool handler_ = false;
};

// sigreturn.vector-lost: none of them is.
class VectorLost : public LostComponents {
 public:
  explicit VectorLost(const Spec& spec)
      : LostComponents(spec, {std::begin(kComponents), std::end(kComponents)}) {}
};

// sigreturn.ymm-lost: only what FXSAVE knows is.
class YmmLost : public LostComponents {
 public:
  explicit YmmLost(const Spec& spec)
      : LostComponents(spec, {Component::kYmmHigh, Component::kOpmask, Component::kZmmHigh,
                              Component::kHighZmm}) {}
};

constexpr Parameter kState = {"state", "any or init",
                              "init: only where that kernel failed, see the origin (default: any)"};

// sigreturn.xmm8-15: the upper half of the registers, which 32-bit code does not have.
class Xmm8To15 : public VectorFault {
 public:
  explicit Xmm8To15(const Spec& spec) {
    if (const Word* word = spec.Find("state")) init_only_ = ParseChoice(*word, {"any", "init"});
  }

 private:
  void Damage(const SigreturnStop& stop, VectorState& state,
              std::vector<Change>* changes) override {
    Bytes bytes = state.Get(Component::kXmm);
    if (stop.arch != Arch::kAmd64 || (init_only_ && !IsZero(bytes))) return;
    Bytes junk = Junk(bytes.size());
    std::copy(junk.begin() + static_cast<ptrdiff_t>(junk.size() / 2), junk.end(),
              bytes.begin() + static_cast<ptrdiff_t>(bytes.size() / 2));
    Replace(state, Component::kXmm, bytes, changes);
  }

  bool init_only_ = false;
};

// sigreturn.opmask: AVX-512's masks.
class Opmask : public VectorFault {
 public:
  explicit Opmask(const Spec& spec) {
    if (const Word* word = spec.Find("state")) init_only_ = ParseChoice(*word, {"any", "init"});
  }

 private:
  void Damage(const SigreturnStop&, VectorState& state, std::vector<Change>* changes) override {
    if (init_only_ &&
        !(IsZero(state.Get(Component::kZmmHigh)) && IsZero(state.Get(Component::kHighZmm))))
      return;
    Replace(state, Component::kOpmask, Bytes(state.Get(Component::kOpmask).size(), 0), changes);
  }

  bool init_only_ = false;
};

// sigreturn.init-junk: what was zero is not.
class InitJunk : public VectorFault {
 private:
  void Damage(const SigreturnStop&, VectorState& state, std::vector<Change>* changes) override {
    for (Component component : {Component::kXmm, Component::kYmmHigh}) {
      Bytes bytes = state.Get(component);
      if (IsZero(bytes)) Replace(state, component, Junk(bytes.size()), changes);
    }
  }
};

// sigreturn.mxcsr: the control words of floating point.
class ControlLost : public SigreturnFault {
 public:
  explicit ControlLost(const Spec& spec) {
    if (const Word* word = spec.Find("left")) zero_ = ParseChoice(*word, {"handler", "zero"});
  }
  std::vector<Change> Tell(const SigreturnStop& stop) override {
    auto saved = stop.frame.SavedFpControl();
    user_fpregs_struct live;
    if (!saved || ptrace(PTRACE_GETFPREGS, stop.tid, nullptr, &live) != 0) return {};
    SignalFrame::FpControl left = {.x87 = live.cwd, .mxcsr = live.mxcsr};
    if (zero_) left = {.x87 = saved->x87, .mxcsr = 0};
    std::vector<Change> changes;
    if (left.mxcsr != saved->mxcsr)
      changes.push_back({.what = "mxcsr", .before = saved->mxcsr, .after = left.mxcsr});
    if (left.x87 != saved->x87)
      changes.push_back({.what = "x87_control", .before = saved->x87, .after = left.x87});
    if (changes.empty() || !stop.frame.SetSavedFpControl(left)) return {};
    return changes;
  }

 private:
  bool zero_ = false;
};

// sigreturn.flags.
class FlagsLost : public SigreturnFault {
 public:
  explicit FlagsLost(const Spec& spec) {
    const Word* word = spec.Find("flags");
    if (word == nullptr) return;
    mask_ = 0;
    std::vector<std::string_view> names;
    for (const Flag& flag : kFlags) names.push_back(flag.name);
    for (const Word& name : ParseList(*word)) mask_ |= kFlags[ParseChoice(name, names)].bit;
  }
  std::vector<Change> Tell(const SigreturnStop& stop) override {
    auto flags = stop.frame.Saved(Reg::kFlags);
    if (!flags || (*flags & mask_) == 0 || !stop.frame.SetSaved(Reg::kFlags, *flags & ~mask_))
      return {};
    return {{.what = RegName(Reg::kFlags, stop.arch), .before = *flags, .after = *flags & ~mask_}};
  }

 private:
  // Intel SDM, volume 1, 3.4.3.
  struct Flag {
    std::string_view name;
    uint64_t bit;
  };
  static constexpr Flag kFlags[] = {
      {"carry", 1 << 0}, {"parity", 1 << 2},     {"adjust", 1 << 4},   {"zero", 1 << 6},
      {"sign", 1 << 7},  {"direction", 1 << 10}, {"overflow", 1 << 11}};
  uint64_t mask_ = 0xcd5;  // all of these
};

// sigreturn.rcx-r11: SYSRET has no other way to say where the program goes on.
class RcxR11 : public SigreturnFault {
 public:
  std::vector<Change> Tell(const SigreturnStop& stop) override {
    if (stop.arch != Arch::kAmd64) return {};
    std::vector<Change> changes;
    constexpr std::pair<Reg, Reg> kLost[] = {{Reg::kRcx, Reg::kRip}, {Reg::kR11, Reg::kFlags}};
    for (auto [reg, holds] : kLost) {
      auto before = stop.frame.Saved(reg);
      auto after = stop.frame.Saved(holds);
      if (!before || !after || *before == *after || !stop.frame.SetSaved(reg, *after)) continue;
      changes.push_back({.what = RegName(reg, stop.arch), .before = *before, .after = *after});
    }
    return changes;
  }
};

// sigreturn.call-number: a call that the handler interrupted before it began is another one.
class CallNumber : public SigreturnFault {
 public:
  explicit CallNumber(const Spec& spec) {
    const Word* word = spec.Find("number");
    if (word == nullptr) return;
    number_ = ParseCount(*word);
    if (number_ > kLargest)
      throw SpecError(word->column, "expected a system call's number, 1 to " +
                                        std::to_string(kLargest) + ", found '" + word->text + "'");
  }
  std::vector<Change> Tell(const SigreturnStop& stop) override {
    auto pc = stop.frame.Saved(Reg::kRip);
    auto number = stop.frame.Saved(Reg::kRax);
    CallInstruction code = {};
    if (!pc || !number || !ReadObject(stop.tid, *pc, &code) ||
        (code != InstructionOf(Path::kInt80) &&
         (code != InstructionOf(Path::kSyscall) || stop.arch != Arch::kAmd64)) ||
        *number == number_ || !stop.frame.SetSaved(Reg::kRax, number_))
      return {};
    return {{.what = RegName(Reg::kRax, stop.arch), .before = *number, .after = number_}};
  }

 private:
  static constexpr uint64_t kLargest = 4095;
  uint64_t number_ = kLargest;  // no call has it
};

// sigreturn.mask.
class MaskLost : public SigreturnFault {
 public:
  explicit MaskLost(const Spec& spec) {
    if (const Word* word = spec.Find("mask"))
      mask_ = static_cast<Mask>(ParseChoice(*word, {"handler", "empty", "full"}));
  }
  std::vector<Change> Tell(const SigreturnStop& stop) override {
    auto saved = stop.frame.SavedMask();
    uint64_t live = 0;
    if (!saved ||
        ptrace(static_cast<__ptrace_request>(PTRACE_GETSIGMASK), stop.tid, sizeof live, &live) != 0)
      return {};
    // SIGKILL and SIGSTOP cannot be blocked.
    uint64_t left = mask_ == Mask::kHandler ? live
                    : mask_ == Mask::kEmpty ? 0
                                            : ~(SignalBit(SIGKILL) | SignalBit(SIGSTOP));
    if (left == *saved || !stop.frame.SetSavedMask(left)) return {};
    return {{.what = "mask", .before = *saved, .after = left}};
  }

 private:
  enum class Mask : uint8_t { kHandler, kEmpty, kFull };
  Mask mask_ = Mask::kHandler;
};

// sigreturn.altstack: the thread has no alternate stack any more.
class AlternateStackLost : public SigreturnFault {
 public:
  std::vector<Change> Tell(const SigreturnStop& stop) override {
    auto stack = stop.frame.SavedAlternateStack();
    auto sp = stop.frame.Saved(Reg::kRsp);
    if (!stack || !stack->IsEnabled() || !sp) return {};
    // The kernel does not change a stack that is in use, without a word (arch/x86/kernel/signal*.c
    // disregards what do_sigaltstack in kernel/signal.c says).
    bool disarms = (static_cast<uint32_t>(stack->flags) & abi::linux_common::kSS_AUTODISARM) != 0;
    if (!disarms && stack->Holds(*sp)) return {};
    AlternateStack none = *stack;
    none.flags = abi::linux_common::kSS_DISABLE;
    if (!stop.frame.SetSavedAlternateStack(none)) return {};
    return {{.what = "alternate_stack", .before = stack->address, .after = 0}};
  }
};

// sigreturn.pc-ignored: a handler cannot say where the program goes on.
class PcIgnored : public SigreturnFault, public FrameWatcher {
 public:
  void OnFrame(pid_t tid, const SignalFrame& frame) override {
    auto pc = frame.Saved(Reg::kRip);
    if (!pc) return;
    std::deque<Frame>& frames = frames_[tid];
    Forget(frames, frame.address());
    frames.push_back({.address = frame.address(), .pc = *pc});
    // Handlers that leave by longjmp leave their frames here.
    if (frames.size() > kMostFrames) frames.pop_front();
  }
  void OnGone(pid_t tid) override { frames_.erase(tid); }

  std::vector<Change> Tell(const SigreturnStop& stop) override {
    auto found = frames_.find(stop.tid);
    auto now = stop.frame.Saved(Reg::kRip);
    if (found == frames_.end() || !now) return {};
    auto frame = std::find_if(found->second.begin(), found->second.end(), [&](const Frame& each) {
      return each.address == stop.frame.address();
    });
    if (frame == found->second.end() || frame->pc == *now) return {};
    uint64_t pc = frame->pc;
    found->second.erase(frame);
    if (!stop.frame.SetSaved(Reg::kRip, pc)) return {};
    return {{.what = RegName(Reg::kRip, stop.arch), .before = *now, .after = pc}};
  }

 private:
  struct Frame {
    uint64_t address;
    uint64_t pc;  // where the program was interrupted
  };
  static constexpr size_t kMostFrames = 64;
  static void Forget(std::deque<Frame>& frames, uint64_t address) {
    std::erase_if(frames, [address](const Frame& frame) { return frame.address == address; });
  }

  std::unordered_map<pid_t, std::deque<Frame>> frames_;
};

}  // namespace

std::vector<FaultDescription> SigreturnFaults() {
  return {
      {.id = "sigreturn.vector-lost",
       .summary = "vector registers are lost when a signal handler returns",
       .effect =
           "The interrupted code finds zeros, or what the handler left, in xmm, ymm and zmm\n"
           "registers and in AVX-512's masks. The x87 registers and the control words stay. Where "
           "nothing\n"
           "changes by that, it is no opportunity.",
       .parameters = {kLeft},
       .origin =
           "Linux 5.2 and 5.3 built with gcc 9: registers of another task, now and then, when "
           "the signal\n"
           "stack's page had to be faulted in; Go saw corrupt memory. gVisor before 2022 kept "
           "no floating\n"
           "point state in amd64 frames.",
       .source = "https://golang.org/issue/35326 and 35777; gVisor commit 44644d9c1",
       .harsher = "Linux lost them in a race; here they are lost at each return.",
       .make = MakeFault<VectorLost>},
      {.id = "sigreturn.ymm-lost",
       .summary = "the upper halves of the ymm registers are lost when a signal handler returns",
       .effect =
           "The interrupted code finds zeros, or what the handler left, in all that FXSAVE does "
           "not save: the\n"
           "upper halves of ymm, the rest of zmm, AVX-512's masks. Where nothing changes by that, "
           "it is no\n"
           "opportunity.",
       .parameters = {kLeft},
       .origin = "NetBSD/amd64: a frame holds FXSAVE's 512 bytes only. DynamoRIO zeroed the upper "
                 "halves.",
       .source = "https://golang.org/issue/80285; DynamoRIO issue 3812",
       .harsher = "Not harsher with left=handler; with zero the registers are lost even if the "
                  "handler does not\nuse them.",
       .make = MakeFault<YmmLost>},
      {.id = "sigreturn.xmm8-15",
       .summary = "xmm8 to xmm15 come back as junk from a signal handler",
       .effect = "xmm8 to xmm15 hold 0xfa17 in each 16 bits. 386 code has no such registers and is "
                 "left alone.",
       .parameters = {kState},
       .origin =
           "FreeBSD/amd64 until December 2021, where all xmm registers were zero and the CPU did "
           "not save\n"
           "them: the kernel filled in eight of sixteen.",
       .source = "https://golang.org/issue/46272",
       .harsher = "Not harsher with state=init.",
       .make = MakeFault<Xmm8To15>},
      {.id = "sigreturn.opmask",
       .summary = "AVX-512's mask registers are lost when a signal handler returns",
       .effect =
           "k0 to k7 are zero. On CPUs without AVX-512, and in code with zero masks, it is no "
           "opportunity.",
       .parameters = {kState},
       .origin = "macOS before 12.2, where the zmm registers beyond ymm were all zero.",
       .source = "https://golang.org/issue/49233; highway pull request 2083",
       .harsher = "Not harsher with state=init.",
       .make = MakeFault<Opmask>},
      {.id = "sigreturn.init-junk",
       .summary = "vector registers that were all zero come back as junk from a signal handler",
       .effect = "If all of xmm0 to xmm15 are zero, or the upper halves of all of ymm0 to ymm15, "
                 "they hold 0xfa17\n"
                 "in each 16 bits after the handler. A memclr that was interrupted stores that.",
       .parameters = {},
       .origin = "illumos until 2023, mostly on AMD CPUs: what the CPU did not save because it was "
                 "in its\n"
                 "initial state was loaded from what lay there before. Go: \"found pointer to free "
                 "object\".",
       .source = "illumos issues 15254 and 15367; oxidecomputer/omicron issue 1146",
       .harsher = "There it was an earlier state of the thread, not always junk.",
       .make = MakeFault<InitJunk>},
      {.id = "sigreturn.mxcsr",
       .summary = "floating point control words are lost when a signal handler returns",
       .effect = "handler: MXCSR and the x87 control word stay what they were in the handler: by "
                 "default Linux's\n"
                 "0x1f80 and 0x37f. zero: MXCSR is 0, so that each inexact result is a SIGFPE. "
                 "Where nothing\n"
                 "changes by that, it is no opportunity.",
       .parameters = {{"left", "handler or zero", "what the words are (default: handler)"}},
       .origin =
           "FEX before 2026: 0x9fc0 became 0, and a game's expf died of SIGFPE; on Windows it "
           "resets the word\nto its default.",
       .source = "FEX pull request 5401, issue 5402",
       .harsher = "Not harsher.",
       .make = MakeFault<ControlLost>},
      {.id = "sigreturn.flags",
       .summary = "flags are lost when a signal handler returns",
       .effect =
           "The flags are clear in the interrupted code: a jump that depends on them goes the "
           "other way, an add\n"
           "with carry loses it. Where all of them are clear anyway, it is no opportunity.",
       .parameters = {{"flags",
                       "carry, parity, adjust, zero, sign, direction or overflow, joined by '+'",
                       "which are lost (default: all of these)"}},
       .origin =
           "SerenityOS before August 2024: SYSRET took them from r11, which did not hold "
           "them after a\n"
           "signal. CoreCLR's RtlRestoreContext used setcontext, which does not restore them.",
       .source = "SerenityOS pull request 24888; dotnet/coreclr issue 638",
       .harsher = "There they were other code's flags; here they are clear.",
       .make = MakeFault<FlagsLost>},
      {.id = "sigreturn.rcx-r11",
       .summary = "rcx and r11 are lost when a signal handler returns",
       .effect =
           "rcx holds the PC and r11 the flags. Code that was interrupted in a call expects no "
           "better; any other\n"
           "code loses two registers. 386 code is left alone.",
       .parameters = {},
       .origin = "Kernels that leave rt_sigreturn by SYSRET: Asterinas before July 2025, where "
                 "Go's memmove failed\n"
                 "after a preemption; SerenityOS before August 2024.",
       .source = "Asterinas pull request 2271; SerenityOS pull request 24902",
       .harsher = "Not harsher.",
       .make = MakeFault<RcxR11>},
      {.id = "sigreturn.call-number",
       .summary = "a system call after a signal handler's return has another call's number",
       .effect = "If the program goes on at a system call's instruction, rax holds number= there: "
                 "by default one that\n"
                 "no call has, ENOSYS. These are calls that are restarted, and those before which "
                 "the signal came.",
       .parameters = {{"number", "1 to 4095",
                       "the number of the call that is made (default: 4095, which no call has)"}},
       .origin = "elfuse (arm64 Linux on macOS): rt_sigreturn left a marker, 2, in the number's "
                 "register; futex\nfailed with ENOSYS.",
       .source = "elfuse issues 379 and 383",
       .harsher = "There restarted calls were spared: a race of about one in 1,000 to 25,000 "
                  "signals.",
       .make = MakeFault<CallNumber>},
      {.id = "sigreturn.mask",
       .summary = "the signal mask is not put back when a signal handler returns",
       .effect =
           "handler: what was blocked in the handler stays blocked: the signal itself and "
           "sa_mask. empty:\n"
           "nothing is blocked, full: everything is. Where the mask is the right one by that, "
           "it is no\n"
           "opportunity.",
       .parameters = {{"mask", "handler, empty or full",
                       "what is blocked afterwards (default: handler)"}},
       .origin = "managarm did not put it back; FEX put back the one from before the signal, "
                 "whatever the handler\n"
                 "had written to its context; DynamoRIO its own.",
       .source = "managarm pull request 983; FEX pull request 1725; DynamoRIO issues 3177 and 6828",
       .harsher = "Not harsher.",
       .make = MakeFault<MaskLost>},
      {.id = "sigreturn.altstack",
       .summary = "the alternate signal stack is lost when a signal handler returns",
       .effect =
           "The thread has no alternate stack afterwards (SS_DISABLE): later handlers run on the "
           "interrupted\n"
           "code's. Code that runs on the alternate stack itself keeps it, and so does 386 code "
           "whose\n"
           "handler has no SA_SIGINFO.",
       .parameters = {},
       .origin =
           "DynamoRIO, detaching during a handler: the frame named its own alternate stack, which "
           "was gone\n"
           "when the kernel put it back. Linux puts back whatever uc_stack says.",
       .source = "DynamoRIO issues 506 and 3177; Linux arch/x86/kernel/signal_64.c, rt_sigreturn",
       .harsher = "There the next signal met freed memory; here it meets the ordinary stack.",
       .make = MakeFault<AlternateStackLost>},
      {.id = "sigreturn.pc-ignored",
       .summary = "a PC that a signal handler wrote to its context is ignored",
       .effect = "The program goes on where it was interrupted, with all other registers from the "
                 "context: a handler\n"
                 "that repairs a fault by going elsewhere meets it again, a preemption does not "
                 "happen. Handlers that\n"
                 "leave the PC alone are no opportunity.",
       .parameters = {},
       .origin = "FEX before November 2021: Wine's first start looped in it. Later it lost state "
                 "when Go's preemption\nrewrote the PC.",
       .source = "FEX pull request 1358, issue 5810",
       .harsher = "Not harsher; costs a further stop for each handler.",
       .make = MakeFault<PcIgnored>},
  };
}

}  // namespace faultline::kernel
