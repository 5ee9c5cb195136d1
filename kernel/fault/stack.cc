#include "kernel/fault/stack.h"

#include <algorithm>
#include <limits>

#include "abi/linux/386/structs.h"
#include "abi/linux/amd64/structs.h"
#include "abi/linux/constants.h"
#include "kernel/tracer/interrupted_call.h"
#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

namespace abi = abi::linux_common;
namespace amd64 = faultline::abi::linux_amd64;
namespace i386 = faultline::abi::linux_386;

constexpr uint64_t kRlimitStack = 3;  // RLIMIT_STACK, asm-generic/resource.h

// stack.rlimit-lie: how large the stack may become.
class LimitLie : public CallFault {
 public:
  explicit LimitLie(const Spec& spec) {
    const Word* word = spec.Find("size");
    if (word != nullptr && word->text != "infinity") size_ = ParseCount(*word);
  }
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    return {"getrlimit", "ugetrlimit", "prlimit64"};
  }
  [[nodiscard]] bool AtExitOnly() const override { return true; }
  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    bool other = stop.name == "prlimit64";  // (pid, resource, new, old), 64 bits on either arch
    uint64_t resource = stop.arguments[other ? 1 : 0];
    uint64_t at = stop.arguments[other ? 3 : 1];
    if (stop.result != 0 || static_cast<uint32_t>(resource) != kRlimitStack || at == 0) return {};
    if (other || stop.arch == Arch::kAmd64)
      return Say<amd64::Rlimit>(stop, at, amd64::kRlimInfinity);
    // The oldest call says infinity with one bit less (kernel/sys.c, old_getrlimit).
    constexpr uint32_t kOldInfinity = std::numeric_limits<int32_t>::max();
    return Say<i386::Rlimit>(stop, at,
                             stop.name == "getrlimit" ? kOldInfinity : i386::kRlimInfinity);
  }

 private:
  template <typename Limits>
  std::vector<Change> Say(const CallStop& stop, uint64_t at, decltype(Limits::cur) infinity) {
    Limits limits = {};
    if (!ReadObject(stop.tid, at, &limits)) return {};
    auto was = limits.cur;
    limits.cur = static_cast<decltype(was)>(std::min<uint64_t>(size_, infinity));
    limits.max = std::max(limits.cur, limits.max);
    if (limits.cur == was || !WriteObject(stop.tid, at, limits)) return {};
    return {{.what = "rlim_cur", .before = was, .after = limits.cur}};
  }

  uint64_t size_ = amd64::kRlimInfinity;
};

// stack.guard-missing: what should not be accessible is.
class GuardMissing : public CallFault {
 public:
  explicit GuardMissing(const Spec& spec) {
    if (const Word* word = spec.Find("size")) size_ = ParseCount(*word);
  }
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    return {"mmap", "mmap2", "mprotect", "pkey_mprotect", "madvise"};
  }
  std::vector<Change> AtEntry(const CallStop& stop) override {
    uint64_t length = stop.arguments[1], protection = stop.arguments[2];
    if (stop.name == "madvise") {
      // The call is not made, and says that all is well.
      if (protection != kGuardInstall || length > size_) return {};
      stop.registers.SkipCall(0);
      return {{.what = "advice", .before = kGuardInstall, .after = 0}};
    }
    // 386's first mmap has its arguments in memory, and no library uses it.
    bool maps = stop.name == "mmap2" || (stop.name == "mmap" && stop.arch == Arch::kAmd64);
    if (stop.name == "mmap" && !maps) return {};
    if (protection != static_cast<uint64_t>(abi::kPROT_NONE)) return {};
    if (maps) {
      // A library reserves the stack and its guard as one, and then makes the stack accessible.
      auto flags = static_cast<int>(stop.arguments[3]);
      if ((flags & abi::kMAP_ANONYMOUS) == 0) return {};
      if ((flags & abi::kMAP_STACK) == 0 && length > size_) return {};
    } else if (length > size_) {
      return {};
    }
    constexpr auto kOpen = static_cast<uint64_t>(abi::kPROT_READ | abi::kPROT_WRITE);
    stop.registers.Set(ArgumentRegister(stop.path, 2), kOpen);
    return {{.what = "prot", .before = protection, .after = kOpen}};
  }

 private:
  static constexpr uint64_t kGuardInstall = 102;  // MADV_GUARD_INSTALL, asm-generic/mman-common.h
  uint64_t size_ = 64 * 1024;
};

}  // namespace

std::vector<FaultDescription> StackFaults() {
  return {
      {.id = "stack.rlimit-lie",
       .summary = "the limit of the stack is not what the kernel says",
       .effect =
           "getrlimit, ugetrlimit and prlimit64 say size= of RLIMIT_STACK. The stack's true limit "
           "is as before, and\n"
           "so is what /proc shows. A runtime that computes the bounds of the main thread's stack "
           "from it is\n"
           "wrong, and so is a C library that takes it for the size of new threads' stacks.",
       .parameters = {{"size", "1 and up, or infinity",
                       "what is said, in bytes (default: infinity)"}},
       .origin = "Mystikos said 1 MB, whatever the stack was. WSL's first builds had a stack of 1 "
                 "MB, whatever\n"
                 "ulimit said; Gramine lost the limit over fork.",
       .source = "Mystikos pull request 526; microsoft/WSL issue 172; gramine issue 1974",
       .harsher = "Not harsher; there the lie was one fixed size.",
       .make = MakeFault<LimitLie>},
      {.id = "stack.guard-missing",
       .summary = "guard pages do not guard",
       .effect =
           "A region of up to size= bytes that the program makes inaccessible (mprotect, mmap "
           "or madvise with\n"
           "MADV_GUARD_INSTALL) can be read and written, and so can a stack with its guard "
           "(MAP_STACK): a stack\n"
           "that overflows runs into what lies below it. Other small inaccessible regions are "
           "hit as well, such as\n"
           "HotSpot's polling page: use call= and arg0= to spare them.",
       .parameters = {{"size", "1 and up",
                       "the largest region that counts as a guard, in bytes (default: 65536)"}},
       .origin = "prosper (a console's kernel, emulated) made PROT_NONE readable and writable. "
                 "Memory of huge pages\n"
                 "refuses the guard's mprotect, and Chapel's tasks then ran without; Rust's and "
                 "others' alternate\nstacks had none.",
       .source =
           "mattias800/prosper issue 342; chapel pull request 1538; rust-lang/rust issue 69533",
       .harsher = "Not harsher.",
       .make = MakeFault<GuardMissing>},
  };
}

}  // namespace faultline::kernel
