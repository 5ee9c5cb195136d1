#include "kernel/fault/restart.h"

#include <algorithm>
#include <cerrno>

#include "abi/linux/amd64/structs.h"
#include "kernel/tracer/calls.h"

namespace faultline::kernel {
namespace {

namespace amd64 = abi::linux_amd64;

// The parameter spare=; what is asked for by call= is not spared.
std::vector<std::string> ParseSpared(const Spec& spec, const std::vector<std::string>& otherwise) {
  const Word* word = spec.Find("spare");
  if (word == nullptr) return spec.Find("call") ? std::vector<std::string>() : otherwise;
  std::vector<std::string> spared;
  if (word->text == "none") return spared;
  for (const Word& name : ParseList(*word)) {
    if (!IsCallName(name.text))
      throw SpecError(name.column, "expected 'none' or system calls, found '" + name.text + "'." +
                                       NearHint(name.text, CallNames()));
    spared.push_back(name.text);
  }
  return spared;
}

bool Holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

uint64_t CodeAsResult(RestartCode code) {
  return static_cast<uint64_t>(-static_cast<int64_t>(code));
}

// Where the number of the call lies that will be made.
void SetNumber(const Restart& restart, RestartRegisters& registers, uint64_t number) {
  registers.Set(restart.handler_ran ? Reg::kRax : Reg::kOrigRax, number);
}

// The call is not made again: it has this result. With orig_rax at -1 the kernel lets rax pass,
// whatever it holds (arch/x86/kernel/signal.c, arch_do_signal_or_restart).
void EndCall(const Restart& restart, RestartRegisters& registers, uint64_t result) {
  if (restart.handler_ran) {
    if (auto pc = registers.Get(Reg::kRip))
      registers.Set(Reg::kRip, *pc + amd64::kSyscallInsnBytes);
  } else {
    registers.Set(Reg::kOrigRax, ~0ull);
  }
  registers.Set(Reg::kRax, result);
}

// What most of these have in common: mode= and spare=.
class ChosenRestarts : public RestartFault {
 public:
  ChosenRestarts(const Spec& spec, const std::vector<std::string>& spared)
      : spared_(ParseSpared(spec, spared)) {
    if (const Word* word = spec.Find("mode"))
      mode_ = static_cast<Mode>(ParseChoice(*word, {"any", "handler", "handlerless"}));
  }

  [[nodiscard]] bool Concerns(const Restart& restart) const override {
    if (mode_ == Mode::kHandler && !restart.handler_ran) return false;
    if (mode_ == Mode::kHandlerless && restart.handler_ran) return false;
    return !Holds(spared_, restart.call.name());
  }

 private:
  enum class Mode : uint8_t { kAny, kHandler, kHandlerless };
  Mode mode_ = Mode::kAny;
  std::vector<std::string> spared_;
};

// Calls that a C library makes for itself, and that never fail in a way that it is ready for.
const std::vector<std::string> kMakesThreads = {"clone", "clone3", "fork", "vfork"};
const std::vector<std::string> kForTheLibrary = {"futex", "clone", "clone3", "fork", "vfork"};

// restart.eintr: the call fails instead.
class Eintr : public ChosenRestarts {
 public:
  explicit Eintr(const Spec& spec) : ChosenRestarts(spec, kMakesThreads) {}
  [[nodiscard]] bool EndsCall() const override { return true; }
  void Tell(const Restart& restart, RestartRegisters& registers) override {
    EndCall(restart, registers, static_cast<uint64_t>(-static_cast<int64_t>(EINTR)));
  }
};

// restart.leak-errno: the kernel's own code becomes the result.
class LeakErrno : public ChosenRestarts {
 public:
  explicit LeakErrno(const Spec& spec) : ChosenRestarts(spec, kForTheLibrary) {}
  [[nodiscard]] bool EndsCall() const override { return true; }
  void Tell(const Restart& restart, RestartRegisters& registers) override {
    EndCall(restart, registers, CodeAsResult(restart.call.code));
  }
};

// restart.full-timeout: what should go on with the time that is left begins anew.
class FullTimeout : public RestartFault {
 public:
  [[nodiscard]] bool Concerns(const Restart& restart) const override {
    // A wait that went on before shows the number of restart_syscall: what it was is not to be had.
    return restart.call.code == RestartCode::kERESTART_RESTARTBLOCK && !restart.handler_ran &&
           restart.call.name() != "restart_syscall";
  }
  void Tell(const Restart&, RestartRegisters& registers) override {
    // Not ERESTARTSYS: over a handler that comes in the last moment, this one means EINTR too.
    registers.Set(Reg::kRax, CodeAsResult(RestartCode::kERESTARTNOHAND));
  }
};

// restart.arg0: the register of the first argument holds the result, as on machines where the two
// are one.
class Arg0 : public ChosenRestarts {
 public:
  explicit Arg0(const Spec& spec) : ChosenRestarts(spec, kForTheLibrary) {}
  [[nodiscard]] bool Concerns(const Restart& restart) const override {
    // A restart block has kept the arguments.
    return restart.call.code != RestartCode::kERESTART_RESTARTBLOCK &&
           ChosenRestarts::Concerns(restart);
  }
  void Tell(const Restart& restart, RestartRegisters& registers) override {
    uint64_t value = CodeAsResult(restart.call.code);
    if (restart.arch == Arch::k386) value = static_cast<uint32_t>(value);
    registers.Set(restart.call.path == Path::kSyscall ? Reg::kRdi : Reg::kRbx, value);
  }
};

// restart.wrong-number: another call is made instead.
class WrongNumber : public ChosenRestarts {
 public:
  explicit WrongNumber(const Spec& spec) : ChosenRestarts(spec, kForTheLibrary) {
    if (const Word* word = spec.Find("number")) {
      number_ = ParseCount(*word);
      if (*number_ > kLargestNumber)
        throw SpecError(word->column, "expected a system call's number, 1 to " +
                                          std::to_string(kLargestNumber) + ", found '" +
                                          word->text + "'");
    }
  }
  void Tell(const Restart& restart, RestartRegisters& registers) override {
    SetNumber(restart, registers, number_.value_or(static_cast<uint64_t>(restart.call.code)));
    // A restart block does not ask for the number.
    if (restart.call.code == RestartCode::kERESTART_RESTARTBLOCK)
      registers.Set(Reg::kRax, CodeAsResult(RestartCode::kERESTARTNOHAND));
  }

 private:
  static constexpr uint64_t kLargestNumber = 4095;
  std::optional<uint64_t> number_;
};

// restart.wrong-pc: the program goes on at a place that is not the call's instruction.
class WrongPc : public ChosenRestarts {
 public:
  explicit WrongPc(const Spec& spec) : ChosenRestarts(spec, kForTheLibrary) {
    if (const Word* word = spec.Find("offset")) offset_ = ParseOffset(*word);
  }
  void Tell(const Restart&, RestartRegisters& registers) override {
    if (auto pc = registers.Get(Reg::kRip))
      registers.Set(Reg::kRip, *pc + static_cast<uint64_t>(offset_));
  }

 private:
  int64_t offset_ = 1;
};

constexpr Parameter kMode = {
    "mode", "any, handler or handlerless",
    "any: at each restart. handler: only if a handler ran on that thread in between. handlerless:\n"
    "only if none did (default: any)"};
constexpr Parameter kSpareLibrary = {"spare", "none, or calls joined by '+'",
                                     "calls that are restarted as they should be (default: "
                                     "futex+clone+clone3+fork+vfork, the calls\n"
                                     "that a C library makes for itself. With call=, none)"};

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
    spared_ = ParseSpared(spec, kForTheLibrary);
  }

  [[nodiscard]] bool Concerns(const Restart& restart) const override {
    if (handlerless_only_ && restart.handler_ran) return false;
    if (std::none_of(registers_.begin(), registers_.end(),
                     [&](Reg reg) { return IsLost(reg, restart); }))
      return false;
    return !Holds(spared_, restart.call.name());
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
  std::vector<std::string> spared_;
};

}  // namespace

uint64_t LostValue(Reg reg, Arch arch) {
  auto encoding = static_cast<uint64_t>(reg);
  return arch == Arch::kAmd64 ? 0xfa17fa17fa170000 | encoding : 0xfffffa10 | encoding;
}

std::vector<FaultDescription> RestartFaults() {
  return {
      {
          .id = "restart.fast-return",
          .summary = "r8, r9 and r10 lose their values when an interrupted call is restarted",
          .effect =
              "Where the kernel is about to restart a call that a signal interrupted, the named "
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
                "any: at each restart. handlerless: only if no handler ran on that thread in "
                "between, "
                "as\n"
                "on the real kernel: another thread took the signal, it is ignored, or the thread "
                "was\n"
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
                "sibling for mode=any; none for mode=handlerless, where signal.sibling does the "
                "same)"},
               {"spare", "none, or calls joined by '+'",
                "calls that keep their registers (default: futex+clone+clone3+fork+vfork, the "
                "calls "
                "that\n"
                "a C library makes for itself: it aborts or starts threads wrongly without them, "
                "and "
                "FreeBSD\n"
                "did not restart their counterparts this way. With call=, none)"}},
          .origin = "FreeBSD/amd64 before 9.3: the fast system call path saved r10 as rcx and "
                    "returned, on a\n"
                    "restart too, without loading r8, r9 and r10.",
          .source = "FreeBSD PR amd64/182161; https://golang.org/issue/6372; golang CL 13582047",
          .harsher =
              "Both modes are harsher than that kernel. It spared calls that had slept (the switch "
              "of\n"
              "threads made them return by a full frame); this fault hits calls that had slept as "
              "well.\n"
              "It spared calls restarted after a handler (sigreturn loads a full frame); mode=any "
              "hits "
              "them.",
          .make = MakeFault<FastReturn>,
      },
      {
          .id = "restart.eintr",
          .summary = "an interrupted call fails with EINTR where it should be restarted",
          .effect = "Where the kernel is about to restart a call, over a handler with SA_RESTART "
                    "or with no\n"
                    "handler at all, the call ends with EINTR instead and is not made again. "
                    "Nothing else\n"
                    "changes. Calls that end with EINTR anyway are no opportunity.",
          .parameters = {kMode,
                         {"spare", "none, or calls joined by '+'",
                          "calls that are restarted as they should be (default: "
                          "clone+clone3+fork+vfork, which no\n"
                          "kernel lets fail so. With call=, none)"}},
          .origin =
              "gVisor's recvfrom; DynamoRIO, whose own handlers lacked SA_RESTART; musl's set*id "
              "broadcast,\n"
              "likewise; many young kernels.",
          .source = "gVisor issue 13179; DynamoRIO issue 1145; musl 6894f847; Mystikos issue 540; "
                    "Graphene\n"
                    "issue 1481; https://golang.org/issue/38033, 40846",
          .harsher =
              "Those spared some calls and threads. This one hits every restart that the rule "
              "selects.",
          .make = MakeFault<Eintr>,
      },
      {
          .id = "restart.leak-errno",
          .summary = "the kernel's own restart code, -512 to -516, becomes a call's result",
          .effect =
              "Where the kernel is about to restart a call, the call is not made again, and the "
              "code "
              "that was\n"
              "meant for the kernel alone is its result: -512 (ERESTARTSYS), -513 "
              "(ERESTARTNOINTR), "
              "-514\n"
              "(ERESTARTNOHAND) or -516 (ERESTART_RESTARTBLOCK). A C library shows \"Unknown error "
              "512\".",
          .parameters = {kMode, kSpareLibrary},
          .origin =
              "Linux under a tracer that runs something else in a thread whose signal another "
              "thread took:\n"
              "the fix-up that turns the code into a restart is skipped.",
          .source =
              "rr issue 3141, commits 8721ae8d and 42728bec; the comment at futexsleep in Go's\n"
              "runtime/os_linux.go",
          .harsher =
              "The real one needs a race and has no handler running. mode=handlerless keeps to "
              "the latter.",
          .make = MakeFault<LeakErrno>,
      },
      {
          .id = "restart.full-timeout",
          .summary = "an interrupted sleep begins anew instead of sleeping what is left",
          .effect = "A relative sleep or wait (nanosleep, poll, a futex with a timeout) that was "
                    "interrupted "
                    "with no\n"
                    "handler run (a stop and continue, an ignored signal) is made again with its "
                    "original "
                    "time.\n"
                    "Signals that come faster than that make it endless. The result is right, only "
                    "late. A wait that has gone on\n"
                    "with the time left before, with no lie told, is no opportunity any more.",
          .parameters = {},
          .origin =
              "gVisor's nanosleep kept no absolute end in its restart block; sandboxes that turn a "
              "restart\n"
              "block into a plain restart.",
          .source = "gVisor commit 17df2df75",
          .harsher = "Not harsher.",
          .make = MakeFault<FullTimeout>,
      },
      {
          .id = "restart.arg0",
          .summary = "a restarted call finds the restart code where its first argument was",
          .effect =
              "Where the kernel is about to restart a call, the register of the first argument "
              "(rdi; "
              "ebx for 386\n"
              "calls) gets the code that the interrupted call left as its result, such as -512. A "
              "file "
              "descriptor\n"
              "of -512 gives EBADF, a pointer EFAULT. If a handler runs first, its signal frame is "
              "edited.\n"
              "Calls restarted by a restart block (nanosleep) do not use their arguments and are "
              "no "
              "opportunity.",
          .parameters = {kMode, kSpareLibrary},
          .origin =
              "Kernels for machines where the first argument and the result share a register: "
              "gVisor on arm64\n"
              "(2020), Asterinas on riscv64 (2025).",
          .source = "gVisor pull request 2061 (commit 7df936f35); Asterinas issue 2461",
          .harsher =
              "On x86 the two registers differ, so the real fault cannot happen there; its effect "
              "can.",
          .make = MakeFault<Arg0>,
      },
      {
          .id = "restart.wrong-number",
          .summary = "a restarted call has another call's number",
          .effect =
              "Where the kernel is about to restart a call, another call is made, with the same "
              "arguments. By\n"
              "default its number is the restart code (512), which no call has: ENOSYS.",
          .parameters =
              {{"number", "1 to 4095",
                "the number of the call that is made, in the table of the interrupted one "
                "(default: the\n"
                "restart code, 512 to 516)"},
               kMode,
               kSpareLibrary},
          .origin =
              "Linux on MIPS before 2.6.36 did not keep the number in v0 over a restart. Linux's "
              "x32 put back\n"
              "another table's number for restart_syscall.",
          .source = "musl 972b5fde, 5053fd26 and b94067ee; strace 542185521 "
                    "(lkml 2015/11/30/790)",
          .harsher =
              "MIPS programs that reload v0 just before the instruction were safe; none is here.",
          .make = MakeFault<WrongNumber>,
      },
      {
          .id = "restart.wrong-pc",
          .summary = "an interrupted call resumes beside its instruction",
          .effect =
              "Where the kernel is about to restart a call, the program goes on `offset` bytes "
              "behind (or, if\n"
              "negative, before) the call's instruction, with rax holding the call's number. An "
              "offset of 2\n"
              "skips the call, whose result is then its own number; 1 lands in its second byte.",
          .parameters = {{"offset", "1 to 64 or -1 to -64", "bytes (default: 1)"},
                         kMode,
                         kSpareLibrary},
          .origin =
              "gVisor's systrap and rr replace call instructions by jumps: a PC wound back by two "
              "bytes then\n"
              "lands in the middle of what stands there now. Linux on MIPS before 2.6.36 resumed "
              "one\n"
              "instruction early on purpose.",
          .source =
              "gVisor commit 38f63e832; rr commit 2eae0be9, its test patch_syscall_restart; musl "
              "972b5fde",
          .harsher =
              "There another thread has to patch the code in between; here each restart is hit.",
          .make = MakeFault<WrongPc>,
      }};
}

}  // namespace faultline::kernel
