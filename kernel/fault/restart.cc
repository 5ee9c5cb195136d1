#include "kernel/fault/restart.h"

#include <algorithm>

#include "kernel/tracer/calls.h"

namespace faultline::kernel {
namespace {

// restart.fast-return: registers lose their values when a call is restarted.
class FastReturn : public RestartFault {
 public:
  explicit FastReturn(const Spec& spec) {
    if (const Word* word = spec.Find("mode"))
      handlerless_only_ = ParseChoice(*word, {"any", "handlerless"}) == 1;
    wake_ = !handlerless_only_;
    if (const Word* word = spec.Find("wake")) wake_ = ParseChoice(*word, {"sibling", "none"}) == 0;
    if (const Word* word = spec.Find("registers")) {
      registers_.clear();
      for (const Word& name : ParseList(*word)) registers_.push_back(ParseLostRegister(name));
    }
    if (const Word* word = spec.Find("spare")) {
      spared_.clear();
      if (word->text != "none") {
        for (const Word& name : ParseList(*word)) {
          if (!IsCallName(name.text))
            throw SpecError(name.column, "expected 'none' or system calls, found '" + name.text +
                                             "'." + NearHint(name.text, CallNames()));
          spared_.push_back(name.text);
        }
      }
    } else if (spec.Find("call")) {
      spared_.clear();  // what is asked for by name is not spared
    }
  }

  [[nodiscard]] bool Concerns(const Restart& restart) const override {
    if (handlerless_only_ && restart.handler_ran) return false;
    if (std::none_of(registers_.begin(), registers_.end(),
                     [&](Reg reg) { return IsLost(reg, restart); }))
      return false;
    return spared_.empty() ||
           std::find(spared_.begin(), spared_.end(), restart.call.name()) == spared_.end();
  }

  [[nodiscard]] bool WantsMoreRestarts() const override { return wake_; }

  void Tell(const Restart& restart, RestartRegisters& registers) override {
    for (Reg reg : registers_)
      if (IsLost(reg, restart)) registers.Set(reg, LostValue(reg, restart.arch));
  }

 private:
  static Reg ParseLostRegister(const Word& name) {
    auto reg = ParseReg(name.text);
    if (!reg)
      throw SpecError(
          name.column,
          "expected general registers joined by '+', such as r8+r9+r10 or rsi, found '" +
              name.text + "'");
    if (*reg == Reg::kRax || *reg == Reg::kRsp)
      throw SpecError(name.column,
                      name.text +
                          (*reg == Reg::kRax ? " holds the call's number" : " is the stack") +
                          ": it cannot be lost; expected other general registers");
    return *reg;
  }

  // INT 0x80 returns by a full register frame, in FreeBSD as here: what is not one of its arguments
  // survives it. (386 code has no r8 to lose.)
  static bool IsLost(Reg reg, const Restart& restart) {
    return restart.call.path == Path::kSyscall || HasReg(Arch::k386, reg);
  }

  bool handlerless_only_ = false;
  bool wake_ = true;
  std::vector<Reg> registers_ = {Reg::kR8, Reg::kR9, Reg::kR10};
  std::vector<std::string> spared_ = {"futex", "clone", "clone3", "fork", "vfork"};
};

}  // namespace

uint64_t LostValue(Reg reg, Arch arch) {
  auto encoding = static_cast<uint64_t>(reg);
  return arch == Arch::kAmd64 ? 0xfa17fa17fa170000 | encoding : 0xfffffa10 | encoding;
}

std::vector<FaultDescription> RestartFaults() {
  return {{
      .id = "restart.fast-return",
      .summary = "r8, r9 and r10 lose their values when an interrupted call is restarted",
      .effect = "Where the kernel is about to restart a call that a signal interrupted, the named "
                "registers\n"
                "get values that no pointer can be (r10: 0xfa17fa17fa17000a). The restarted call "
                "starts with\n"
                "them: wait4 stores the status, reaps the child and fails with EFAULT. If a "
                "handler runs\n"
                "first, its signal frame is edited, so that it can see what the call will get. A "
                "call that\n"
                "ends with EINTR keeps its registers, and so does a call that is not interrupted.\n"
                "INT 0x80 returns by a full register frame and keeps r8 to r15, as it did on "
                "FreeBSD; other\n"
                "registers named are lost on this path too.",
      .parameters =
          {{"mode", "any or handlerless",
            "any: at each restart. handlerless: only if no handler ran on that thread in between, "
            "as\n"
            "on the real kernel: another thread took the signal, it is ignored, or the thread was\n"
            "stopped and continued (default: any)"},
           {"registers", "general registers joined by '+', not rax and rsp",
            "which lose their values; rsi and esi are the same (default: r8+r9+r10)"},
           {"wake", "sibling or none",
            "sibling: when a signal for the process is taken by a thread in no call, another "
            "thread that\n"
            "sleeps in a call is woken, as if the signal had been on its way to that one; it "
            "restarts with\n"
            "no handler run. Without it the restarts of many programs are too rare to meet "
            "(default:\n"
            "sibling for mode=any; none for mode=handlerless, where signal.sibling does the same)"},
           {"spare", "none, or calls joined by '+'",
            "calls that keep their registers (default: futex+clone+clone3+fork+vfork, the calls "
            "that\n"
            "a C library makes for itself: it aborts or starts threads wrongly without them, and "
            "FreeBSD\n"
            "did not restart their counterparts this way. With call=, none)"}},
      .origin = "FreeBSD/amd64 before 9.3: the fast system call path saved r10 as rcx and "
                "returned, on a\n"
                "restart too, without loading r8, r9 and r10.",
      .source = "FreeBSD PR amd64/182161; https://golang.org/issue/6372; golang CL 13582047",
      .harsher =
          "Both modes are harsher than that kernel. It spared calls that had slept (the switch of\n"
          "threads made them return by a full frame); this fault hits calls that had slept as "
          "well.\n"
          "It spared calls restarted after a handler (sigreturn loads a full frame); mode=any hits "
          "them.",
      .make = [](const Spec& spec) -> std::unique_ptr<Fault> {
        return std::make_unique<FastReturn>(spec);
      },
  }};
}

}  // namespace faultline::kernel
