#include "kernel/fault/tls.h"

#include <asm/ldt.h>
#include <sys/ptrace.h>

#include <unordered_map>

#include "kernel/tracer/proc.h"

namespace faultline::kernel {
namespace {

// What the register is called in the log.
Change ChangeOf(Reg reg, Arch arch, uint64_t before, uint64_t after) {
  return {.what = RegName(reg, arch), .before = before, .after = after};
}

// The base is 0, or 386's selector: none.
std::vector<Change> Lose(Reg reg, Arch arch, Registers& registers) {
  uint64_t was = registers.Get(reg);
  if (!HasReg(arch, reg) || was == 0) return {};
  registers.Set(reg, 0);
  return {ChangeOf(reg, arch, was, 0)};
}

// What local storage hangs on: of 386 code on a selector, whose descriptor each thread has for
// itself.
Reg TlsRegister(Arch arch) { return arch == Arch::kAmd64 ? Reg::kFsBase : Reg::kGs; }

class FsAtSignal : public HandlerFault {
 public:
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    return Lose(TlsRegister(entry.arch), entry.arch, entry.registers);
  }
};

class GsAtSignal : public HandlerFault {
 public:
  std::vector<Change> Tell(const HandlerEntry& entry) override {
    return entry.arch == Arch::kAmd64 ? Lose(Reg::kGsBase, entry.arch, entry.registers)
                                      : std::vector<Change>();
  }
};

// The new thread goes on with its creator's.
class FsAtClone : public BirthFault {
 public:
  std::vector<Change> Tell(const BirthStop& stop, const SignalTools&) override {
    Registers creators;
    if (stop.birth.parent == 0 || !creators.Fetch(stop.birth.parent)) return {};
    if (stop.arch == Arch::k386) return CopyDescriptor(stop, creators);
    uint64_t was = stop.registers.Get(Reg::kFsBase);
    uint64_t told = creators.Get(Reg::kFsBase);
    if (was == told) return {};
    stop.registers.Set(Reg::kFsBase, told);
    return {ChangeOf(Reg::kFsBase, stop.arch, was, told)};
  }

 private:
  static std::vector<Change> CopyDescriptor(const BirthStop& stop, const Registers& creators) {
    // A selector is an index, and three bits that say in which table and for whom.
    uint64_t entry = creators.Get(Reg::kGs) >> 3;
    user_desc own = {}, told = {};
    if (ptrace(PTRACE_GET_THREAD_AREA, stop.birth.tid, entry, &own) != 0 ||
        ptrace(PTRACE_GET_THREAD_AREA, stop.birth.parent, entry, &told) != 0 ||
        own.base_addr == told.base_addr ||
        ptrace(PTRACE_SET_THREAD_AREA, stop.birth.tid, entry, &told) != 0)
      return {};
    return {{.what = "gs_base", .before = own.base_addr, .after = told.base_addr}};
  }
};

class GsAtClone : public BirthFault {
 public:
  std::vector<Change> Tell(const BirthStop& stop, const SignalTools&) override {
    return stop.arch == Arch::kAmd64 ? Lose(Reg::kGsBase, stop.arch, stop.registers)
                                     : std::vector<Change>();
  }
};

// The new program starts with the old one's base.
class AtExec : public CallFault, public ExecFault {
 public:
  explicit AtExec(Reg reg) : reg_(reg) {}
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    return {"execve", "execveat"};
  }
  // Looks at what the old program has; the lie is told when it is gone.
  [[nodiscard]] bool Concerns(const CallStop& stop) override {
    auto status = ReadStatus(stop.tid);
    if (status && stop.registers.arch() == Arch::kAmd64)
      old_[status->tgid] = stop.registers.Get(reg_);
    return false;
  }
  std::vector<Change> Tell(const ExecStop& stop) override {
    auto old = old_.extract(stop.tid);
    if (!old || stop.arch != Arch::kAmd64 || stop.registers.Get(reg_) == old.mapped()) return {};
    uint64_t was = stop.registers.Get(reg_);
    stop.registers.Set(reg_, old.mapped());
    return {ChangeOf(reg_, stop.arch, was, old.mapped())};
  }

 private:
  Reg reg_;
  std::unordered_map<pid_t, uint64_t> old_;  // by process
};

template <typename AtSignal, typename AtClone, Reg kBase>
std::unique_ptr<Fault> Make(const Spec& spec) {
  const Word* word = spec.Find("at");
  switch (word ? ParseChoice(*word, {"signal", "clone", "exec"}) : 0) {
    case 1:
      return std::make_unique<AtClone>();
    case 2:
      return std::make_unique<AtExec>(kBase);
    default:
      return std::make_unique<AtSignal>();
  }
}

constexpr Parameter kAt = {"at", "signal, clone or exec", "where it is lost (default: signal)"};

}  // namespace

std::vector<FaultDescription> TlsFaults() {
  return {
      {.id = "tls.fs-lost",
       .summary = "a thread's local storage is lost",
       .effect =
           "at=signal: a handler starts with an fs base of 0; nothing brings it back, signal "
           "returns "
           "do not\n"
           "load it. 386: with no selector in gs, which the signal return loads again. at=clone: a "
           "new thread\n"
           "or process starts with its creator's base (386: descriptor) in place of its own. "
           "at=exec: a new\n"
           "64-bit program, the first one too, starts with the base that the old one had, not 0.",
       .parameters = {kAt},
       .origin = "DragonFly/386 had a wrong gs in SIGBUS handlers (at=signal,signal=BUS). Enarx "
                 "forgot what arch_prctl\n"
                 "had set when the processor left the enclave. box64 did not fully support "
                 "CLONE_SETTLS until 2026\n"
                 "(at=clone). at=exec: none known.",
       .source = "golang.org/issue/7421; enarx issue 1558; ptitSeb/box64 pull request 4209",
       .harsher = "at=signal: each handler, and for good in 64-bit code.",
       .make = Make<FsAtSignal, FsAtClone, Reg::kFsBase>},
      {.id = "tls.gs-lost",
       .summary = "the gs base of 64-bit code is lost",
       .effect =
           "As tls.fs-lost, but the gs base, which Wine and other programs keep their own "
           "storage at: 0 in\n"
           "handlers and for good (at=signal), 0 in new threads and processes (at=clone), the "
           "old one's in a\n"
           "new program (at=exec). A base that is 0 is no opportunity, nor is 386 code.",
       .parameters = {kAt},
       .origin = "Enarx, as for fs. Of gVisor it was reported, under Wine, that setting the base "
                 "succeeds and\n"
                 "has no effect; not confirmed there.",
       .source = "enarx issue 1558; wine-mirror/wine pull request 63",
       .harsher = "Each handler.",
       .make = Make<GsAtSignal, GsAtClone, Reg::kGsBase>},
  };
}

}  // namespace faultline::kernel
