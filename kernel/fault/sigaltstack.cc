#include "kernel/fault/sigaltstack.h"

#include <array>
#include <unordered_map>
#include <utility>

#include "abi/linux/386/structs.h"
#include "abi/linux/amd64/structs.h"
#include "abi/linux/constants.h"
#include "kernel/tracer/alternate_stack.h"
#include "kernel/tracer/frame.h"
#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

namespace abi = abi::linux_common;

constexpr std::string_view kSigaltstack = "sigaltstack";
constexpr std::string_view kRtSigreturn = "rt_sigreturn";
constexpr uint64_t kSmallest = 2048;  // MINSIGSTKSZ, asm/signal.h

// What sigaltstack's arguments point to.
std::optional<AlternateStack> NewStack(const CallStop& stop) {
  if (stop.arguments[0] == 0) return std::nullopt;
  return ReadAlternateStack(stop.tid, stop.arch, stop.arguments[0]);
}
std::optional<AlternateStack> OldStack(const CallStop& stop) {
  if (stop.arguments[1] == 0 || stop.result != 0) return std::nullopt;
  return ReadAlternateStack(stop.tid, stop.arch, stop.arguments[1]);
}

bool IsAutodisarm(const AlternateStack& stack) {
  return (static_cast<uint32_t>(stack.flags) & abi::kSS_AUTODISARM) != 0;
}

// sigaltstack.shrink: the kernel uses less of the stack than it was given.
class Shrink : public CallFault, public CallWatcher {
 public:
  explicit Shrink(const Spec& spec) {
    const Word* word = spec.Find("size");
    if (word == nullptr) return;
    size_ = ParseCount(*word);
    if (size_ < kSmallest)
      throw SpecError(word->column, "expected a stack's size in bytes, " +
                                        std::to_string(kSmallest) + " and up, found '" +
                                        word->text + "'");
  }
  [[nodiscard]] std::vector<std::string_view> calls() const override { return {kSigaltstack}; }
  [[nodiscard]] std::vector<std::string_view> watched_calls() const override {
    return {kSigaltstack};
  }
  std::vector<Change> AtEntry(const CallStop& stop) override {
    auto given = NewStack(stop);
    if (!given || !given->IsEnabled() || given->size <= size_) return {};
    AlternateStack less = *given;
    less.size = size_;
    if (!WriteAlternateStack(stop.tid, stop.arch, stop.arguments[0], less)) return {};
    given_[given->address] = given->size;
    return {{.what = "ss_size", .before = given->size, .after = size_}};
  }
  // The program's memory is what it was, unless the call has written there.
  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    auto less = NewStack(stop);
    if (stop.arguments[0] != stop.arguments[1] || stop.result != 0) {
      if (less) Restore(stop, stop.arguments[0], *less);
    }
    return {};
  }
  // Who asks hears of the size that was given.
  void OnExit(const CallStop& stop) override {
    if (auto old = OldStack(stop)) Restore(stop, stop.arguments[1], *old);
  }

 private:
  void Restore(const CallStop& stop, uint64_t at, AlternateStack stack) {
    auto found = given_.find(stack.address);
    if (found == given_.end() || stack.size != size_ || !stack.IsEnabled()) return;
    stack.size = found->second;
    WriteAlternateStack(stop.tid, stop.arch, at, stack);
  }

  uint64_t size_ = kSmallest;
  std::unordered_map<uint64_t, uint64_t> given_;  // sizes by the stacks' addresses
};

// sigaltstack.refuse-flag: a flag that is new to the kernel.
class RefuseFlag : public CallFault {
 public:
  [[nodiscard]] std::vector<std::string_view> calls() const override { return {kSigaltstack}; }
  [[nodiscard]] bool AtEntryOnly() const override { return true; }
  std::vector<Change> AtEntry(const CallStop& stop) override {
    auto given = NewStack(stop);
    if (!given || !IsAutodisarm(*given)) return {};
    return RefuseCall(stop, abi::kEINVAL);
  }
};

// Lets a new thread call sigaltstack(&stack, &old); what it had. Nothing if that failed.
std::optional<AlternateStack> SetInNewborn(const BirthStop& stop, const SignalTools& tools,
                                           const AlternateStack& stack) {
  // Room for both, where the thread itself will soon have its own: below the red zone.
  constexpr uint64_t kRedZone = 128;  // System V ABI, AMD64 supplement, 3.2.2
  std::array<uint8_t, 64> before = {};
  static_assert(2 * sizeof(faultline::abi::linux_amd64::StackT) <= sizeof before);
  pid_t tid = stop.birth.tid;
  uint64_t at = (stop.registers.Get(Reg::kRsp) - kRedZone - sizeof before) & ~15ull;
  uint64_t old_at = at + sizeof before / 2;
  if (!ReadObject(tid, at, &before) || !WriteAlternateStack(tid, stop.arch, at, stack))
    return std::nullopt;
  auto result = tools.tracer.CallInNewborn(tid, kSigaltstack, {at, old_at});
  auto old = ReadAlternateStack(tid, stop.arch, old_at);
  WriteObject(tid, at, before);
  return result == 0 ? old : std::nullopt;
}

// sigaltstack.inherited: a new thread has its creator's.
class Inherited : public BirthFault, public CallWatcher {
 public:
  [[nodiscard]] std::vector<std::string_view> watched_calls() const override {
    return {kSigaltstack, kRtSigreturn};
  }
  void OnEntry(const CallStop& stop) override {
    if (stop.name == kRtSigreturn) {
      OnReturn(stop);
      return;
    }
    asked_.erase(stop.tid);
    if (auto given = NewStack(stop)) asked_[stop.tid] = *given;
  }
  void OnExit(const CallStop& stop) override {
    auto found = asked_.find(stop.tid);
    if (found == asked_.end()) return;
    if (stop.result == 0) stacks_[stop.tid] = found->second;
    asked_.erase(found);
  }
  void OnBirth(const Birth& birth) override {
    if (birth.kind != Birth::Kind::kThread) Copy(birth);
  }
  void OnGone(pid_t tid) override {
    asked_.erase(tid);
    stacks_.erase(tid);
  }
  std::vector<Change> Tell(const BirthStop& stop, const SignalTools& tools) override {
    auto creators = stacks_.find(stop.birth.parent);
    if (stop.birth.kind != Birth::Kind::kThread || creators == stacks_.end() ||
        !creators->second.IsEnabled() || !SetInNewborn(stop, tools, creators->second))
      return {};
    Copy(stop.birth);
    return {{.what = "alternate_stack", .before = 0, .after = creators->second.address}};
  }

 private:
  // A handler's return puts back the stack that its frame has, as sigaltstack would, and hides its
  // errors: a stack that is too small, or another one while the thread goes on on the one it has
  // (kernel/signal.c, restore_altstack).
  void OnReturn(const CallStop& stop) {
    auto frame = SignalFrame::AtSigreturn(stop.tid, stop.registers, /*rt=*/true);
    if (!frame) return;
    auto saved = frame->SavedAlternateStack();
    auto sp = frame->Saved(Reg::kRsp);
    if (!saved || !sp) return;
    bool disables = (static_cast<uint32_t>(saved->flags) & abi::kSS_DISABLE) != 0;
    if (!disables && saved->size < kSmallest) return;
    AlternateStack& current = stacks_[stop.tid];
    if (current.IsEnabled() && !IsAutodisarm(current) && current.Holds(*sp)) return;
    current = *saved;
  }

  void Copy(const Birth& birth) {
    auto creators = stacks_.find(birth.parent);
    if (creators == stacks_.end()) return;
    AlternateStack stack = creators->second;
    stacks_[birth.tid] = stack;
  }

  std::unordered_map<pid_t, AlternateStack> asked_;   // by threads that are in the call
  std::unordered_map<pid_t, AlternateStack> stacks_;  // that threads have given themselves, or
                                                      // got back from a signal frame
};

// sigaltstack.not-inherited: a new process has none.
class NotInherited : public BirthFault {
 public:
  std::vector<Change> Tell(const BirthStop& stop, const SignalTools& tools) override {
    if (stop.birth.kind == Birth::Kind::kThread) return {};
    auto old = SetInNewborn(stop, tools, {.flags = abi::kSS_DISABLE});
    if (!old || !old->IsEnabled()) return {};
    return {{.what = "alternate_stack", .before = old->address, .after = 0}};
  }
};

}  // namespace

std::vector<FaultDescription> SigaltstackFaults() {
  return {
      {.id = "sigaltstack.shrink",
       .summary = "the kernel uses less of an alternate signal stack than it was given",
       .effect =
           "sigaltstack succeeds, and whoever asks hears of the size that was given; but the "
           "kernel "
           "takes only\n"
           "the lowest size= bytes for the stack, and begins frames at the top of those. A handler "
           "that needs\n"
           "more runs out of the bottom; where the frame alone does not fit, the kernel kills with "
           "SIGSEGV. A\n"
           "handler's context shows the smaller size.",
       .parameters = {{"size", "2048 and up",
                       "what is left, in bytes (default: 2048, MINSIGSTKSZ)"}},
       .origin =
           "Any kernel on a CPU with AVX-512 or AMX: the frame takes 3 to 11 KB of a stack whose "
           "recommended\n"
           "size of 2 or 8 KB was part of the ABI.",
       .source =
           "cpython pull request 31789 (bpo-46968); oxcaml pull request 3986; rr pull request "
           "1951",
       .harsher = "The stack is as small for all CPUs, and its top is lower, not its frame larger.",
       .make = MakeFault<Shrink>},
      {.id = "sigaltstack.refuse-flag",
       .summary = "an alternate signal stack with SS_AUTODISARM is refused",
       .effect = "sigaltstack with that flag fails with EINVAL; others succeed.",
       .parameters = {},
       .origin = "Linux before 4.7 and kernels that follow it: Mystikos knows SS_DISABLE alone. "
                 "musl refused unknown\nflags itself.",
       .source = "Mystikos pull request 672; musl 4918b7fb; DynamoRIO issue 3117",
       .harsher = "Not harsher.",
       .make = MakeFault<RefuseFlag>},
      {.id = "sigaltstack.inherited",
       .summary = "a new thread begins with its creator's alternate signal stack",
       .effect =
           "Two threads then run handlers on one stack. The thread of a program that gives its "
           "threads stacks of\n"
           "their own is in danger until it does. The creator's stack is the last that it set "
           "itself, or\n"
           "that a handler's return put back from the context.",
       .parameters = {},
       .origin =
           "DragonFly and NetBSD: Go's runtime disables the stack where a thread begins there.",
       .source = "https://golang.org/issue/23061; Go's runtime/os_netbsd.go, netbsdMstart",
       .harsher = "Not harsher.",
       .make = MakeFault<Inherited>},
      {.id = "sigaltstack.not-inherited",
       .summary = "a new process has lost its parent's alternate signal stack",
       .effect =
           "After fork or vfork the child has no alternate stack: a handler with SA_ONSTACK "
           "runs on the\n"
           "stack that was interrupted. In a child whose parent has none it is no opportunity.",
       .parameters = {},
       .origin = "macOS: a child asks, and hears SS_DISABLE; a signal before exec then met Go with "
                 "no signal\nstack. DragonOS before November 2025.",
       .source = "https://golang.org/issue/18600; DragonOS pull request 1363",
       .harsher = "Not harsher.",
       .make = MakeFault<NotInherited>},
  };
}

}  // namespace faultline::kernel
