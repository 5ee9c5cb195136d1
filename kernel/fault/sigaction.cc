#include "kernel/fault/sigaction.h"

#include <cstddef>
#include <set>
#include <utility>

#include "abi/linux/386/structs.h"
#include "abi/linux/amd64/structs.h"
#include "abi/linux/constants.h"
#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

namespace abi = abi::linux_common;
namespace amd64 = faultline::abi::linux_amd64;
namespace i386 = faultline::abi::linux_386;

constexpr std::string_view kSigactions[] = {"rt_sigaction", "sigaction"};

// What sigaction's first call had on 386 (asm/signal.h, struct old_sigaction).
struct OldAction386 {
  uint32_t handler;
  uint32_t mask;
  uint32_t flags;
  uint32_t restorer;
};

// An action in the program's memory: what is of interest in it. All flags are in its lower half.
struct Action {
  uint64_t handler;
  uint32_t flags;
};

uint64_t FlagsAt(const CallStop& stop, uint64_t at) {
  if (stop.name != kSigactions[0]) return at + offsetof(OldAction386, flags);
  return at + (stop.arch == Arch::kAmd64 ? offsetof(amd64::SigAction, flags)
                                         : offsetof(i386::SigAction, flags));
}

std::optional<Action> ReadAction(const CallStop& stop, uint64_t at) {
  Action action = {};
  uint32_t handler = 0;
  // The handler comes first in all of them.
  if (at == 0 || !ReadObject(stop.tid, FlagsAt(stop, at), &action.flags)) return std::nullopt;
  bool read = stop.arch == Arch::kAmd64 ? ReadObject(stop.tid, at, &action.handler)
                                        : ReadObject(stop.tid, at, &handler);
  if (!read) return std::nullopt;
  if (stop.arch != Arch::kAmd64) action.handler = handler;
  return action;
}

bool WriteFlags(const CallStop& stop, uint64_t at, uint32_t flags) {
  return WriteObject(stop.tid, FlagsAt(stop, at), flags);
}

// A flag that is taken and has no effect: who asks hears that it is there.
class DropFlag : public CallFault, public CallWatcher {
 public:
  explicit DropFlag(uint32_t flag) : flag_(flag) {}
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    return {std::begin(kSigactions), std::end(kSigactions)};
  }
  [[nodiscard]] std::vector<std::string_view> watched_calls() const override { return calls(); }

  void OnEntry(const CallStop& stop) override {
    auto action = ReadAction(stop, stop.arguments[1]);
    if (action && (action->flags & flag_) == 0) dropped_.erase(KeyOf(stop, *action));
  }
  std::vector<Change> AtEntry(const CallStop& stop) override {
    auto action = ReadAction(stop, stop.arguments[1]);
    if (!action || (action->flags & flag_) == 0 || action->handler == abi::kSIG_DFL ||
        action->handler == abi::kSIG_IGN ||
        !WriteFlags(stop, stop.arguments[1], action->flags & ~flag_))
      return {};
    dropped_.insert(KeyOf(stop, *action));
    return {{.what = "sa_flags", .before = action->flags, .after = action->flags & ~flag_}};
  }
  // The program's memory is what it was, unless the call has written there.
  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    if (stop.arguments[1] != stop.arguments[2] || stop.result != 0) Restore(stop, 1);
    return {};
  }
  void OnExit(const CallStop& stop) override {
    if (stop.result == 0) Restore(stop, 2);
  }

 private:
  // Of a signal's handler, in whatever process.
  using Key = std::pair<uint64_t, uint64_t>;
  static Key KeyOf(const CallStop& stop, const Action& action) {
    return {stop.arguments[0], action.handler};
  }
  void Restore(const CallStop& stop, size_t argument) {
    auto action = ReadAction(stop, stop.arguments[argument]);
    if (action && dropped_.contains(KeyOf(stop, *action)))
      WriteFlags(stop, stop.arguments[argument], action->flags | flag_);
  }

  uint32_t flag_;
  std::set<Key> dropped_;
};

class DropOnstack : public DropFlag {
 public:
  DropOnstack() : DropFlag(abi::kSA_ONSTACK) {}
};
class DropRestart : public DropFlag {
 public:
  DropRestart() : DropFlag(abi::kSA_RESTART) {}
};

}  // namespace

std::vector<FaultDescription> SigactionFaults() {
  return {
      {.id = "sigaction.drop-onstack",
       .summary = "SA_ONSTACK is taken and has no effect",
       .effect =
           "Handlers run on the stack that was interrupted, whatever alternate stack there is: a "
           "coroutine's few\n"
           "kilobytes, or one that has just overflowed. Who asks for the action hears that the "
           "flag "
           "is there.",
       .parameters = {},
       .origin = "OSv, whose sigaltstack was an empty success too. Handlers of libraries without "
                 "the flag: musl's\nset*id until 2022.",
       .source = "OSv issue 809; musl 2e5fff43; https://golang.org/issue/39857",
       .harsher = "Not harsher; signal numbers can be chosen by arg0=.",
       .make = MakeFault<DropOnstack>},
      {.id = "sigaction.drop-restart",
       .summary = "SA_RESTART is taken and has no effect",
       .effect = "Calls that a handler interrupts fail with EINTR. Who asks for the action hears "
                 "that the flag is\n"
                 "there.",
       .parameters = {},
       .origin = "Shadow before 2022, Nanos before September 2020, Graphene, Kontain and Mystikos "
                 "ignored it.",
       .source =
           "Shadow issue 1974; nanos pull request 1284; graphene issue 1481; Kontain km issue "
           "1169; Mystikos\nissue 540",
       .harsher = "Not harsher; restart.eintr does the same to single restarts.",
       .make = MakeFault<DropRestart>},
  };
}

}  // namespace faultline::kernel
