#include "kernel/fault/engine.h"

#include <signal.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <cstdlib>

#include "abi/linux/amd64/structs.h"
#include "kernel/fault/signal.h"
#include "kernel/tracer/calls.h"
#include "kernel/tracer/frame.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

// The registers of a thread that restarts its call directly.
class LiveRegisters : public RestartRegisters {
 public:
  explicit LiveRegisters(Registers* registers) : registers_(registers) {}
  [[nodiscard]] std::optional<uint64_t> Get(Reg reg) const override { return registers_->Get(reg); }
  void Set(Reg reg, uint64_t value) override { registers_->Set(reg, value); }

 private:
  Registers* registers_;
};

// Those that a handler's sigreturn will load.
class FrameRegisters : public RestartRegisters {
 public:
  explicit FrameRegisters(SignalFrame* frame) : frame_(frame) {}
  [[nodiscard]] std::optional<uint64_t> Get(Reg reg) const override { return frame_->Saved(reg); }
  void Set(Reg reg, uint64_t value) override { frame_->SetSaved(reg, value); }

 private:
  SignalFrame* frame_;
};

// Keeps account of what a fault sets.
class Recorded : public RestartRegisters {
 public:
  Recorded(RestartRegisters* registers, Arch arch, Lie* lie,
           std::vector<std::pair<Reg, uint64_t>>* before)
      : registers_(registers), arch_(arch), lie_(lie), before_(before) {}
  [[nodiscard]] std::optional<uint64_t> Get(Reg reg) const override { return registers_->Get(reg); }
  void Set(Reg reg, uint64_t value) override {
    auto was = registers_->Get(reg);
    if (!was) return;
    registers_->Set(reg, value);
    lie_->changes.push_back({.what = RegName(reg, arch_), .before = *was, .after = value});
    if (before_) before_->emplace_back(reg, *was);
  }

 private:
  RestartRegisters* registers_;
  Arch arch_;
  Lie* lie_;
  std::vector<std::pair<Reg, uint64_t>>* before_;
};

// What becomes of a thread that takes a signal.
enum class Outcome : uint8_t { kNoHandler, kHandler, kStop, kDeath };

Outcome OutcomeOf(int signal, const ThreadStatus& status) {
  if (signal == 0) return Outcome::kNoHandler;
  if (status.caught & SignalBit(signal)) return Outcome::kHandler;
  if (status.ignored & SignalBit(signal)) return Outcome::kNoHandler;
  switch (DefaultActionOf(signal)) {
    case DefaultAction::kIgnore:
      return Outcome::kNoHandler;
    case DefaultAction::kStop:
      return Outcome::kStop;
    default:
      return Outcome::kDeath;
  }
}

// Another restart code with the same meaning while no handler runs (arch_do_signal_or_restart
// treats them alike), that the same call would not leave of itself. It marks a thread that has not
// run since: once the call is made again, the kernel writes rax anew. 0: there is none, a restart
// block's code is the only one of its kind.
uint64_t MarkFor(RestartCode code) {
  switch (code) {
    case RestartCode::kERESTARTSYS:
    case RestartCode::kERESTARTNOINTR:
      return static_cast<uint64_t>(-static_cast<int64_t>(RestartCode::kERESTARTNOHAND));
    case RestartCode::kERESTARTNOHAND:
      return static_cast<uint64_t>(-static_cast<int64_t>(RestartCode::kERESTARTNOINTR));
    default:
      return 0;
  }
}

// The mark of a call that restarts by its restart block: such a restart does not use the number, so
// it can carry a bit that no number has. (Bit 30 is x32's.)
constexpr uint64_t kNumberMark = 1 << 20;

// How many threads are looked at for one that sleeps: what a signal costs must not grow with them.
constexpr size_t kMostSleepersAsked = 16;

// How often a replay looks for a thread whose restart is late, in nanoseconds.
constexpr int64_t kLateRestartsEvery = 2'000'000;

// Whether a thread takes a signal because of what it just did: a fault, or a call that sent it.
bool IsOwnDoing(int signal, const Registers& registers) {
  constexpr int kFaults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
  if (std::find(std::begin(kFaults), std::end(kFaults), signal) != std::end(kFaults)) return true;
  auto number = static_cast<int32_t>(registers.Get(Reg::kOrigRax));
  return number >= 0 && SendsSignals(CallName(registers.arch(), number));
}

// The number of the call that a thread sleeps in.
std::optional<int> SleepsIn(pid_t tid) {
  // "NUMBER …" of a thread that sleeps in a call, "running" of one that runs, "-1 …" elsewhere.
  std::string text = ReadProcFile(tid, "syscall");
  char* end = nullptr;
  long number = strtol(text.c_str(), &end, 10);
  if (end == text.c_str() || number < 0) return std::nullopt;
  return static_cast<int>(number);
}

}  // namespace

Engine::Engine(std::vector<Rule> rules, Log* log)
    : rules_(std::move(rules)),
      restart_rules_(RulesFor<RestartFault>(rules_)),
      signal_rules_(RulesFor<SignalFault>(rules_)),
      handler_rules_(RulesFor<HandlerFault>(rules_)),
      frame_watchers_(RulesFor<FrameWatcher>(rules_)),
      birth_rules_(RulesFor<BirthFault>(rules_)),
      exec_rules_(RulesFor<ExecFault>(rules_)),
      log_(log),
      call_lies_(rules_, log, &threads_) {}

Opportunity Engine::At(pid_t tid, int signal, const Registers& registers,
                       const std::optional<InterruptedCall>& call) {
  Opportunity opportunity = {.thread = &threads_.Of(tid),
                             .call = {},
                             .signal = signal,
                             .pc = registers.Get(Reg::kRip),
                             .by_chance = signal != 0 && !IsOwnDoing(signal, registers)};
  if (!call) return opportunity;
  opportunity.call = call->name();
  for (int i = 0; i < 6; ++i)
    opportunity.arguments[i] = registers.Get(ArgumentRegister(call->path, i));
  return opportunity;
}

SignalTools Engine::Tools() {
  return {.redirector = redirector_,
          .tracer = *tracer_,
          .find_sleeper = [this](const SignalStop& at) { return FindSleeper(at); }};
}

Resume Engine::OnSignal(pid_t tid, int signal) {
  std::optional<ThreadStatus> status;  // costs a read of /proc: only when it matters
  int taken = signal;
  // A signal on its way to this thread is lied about once.
  bool arrived = redirector_.Arrived(tid, signal);
  redirector_.OnSignal(tid);
  if (!arrived && (!signal_rules_.empty() || WantsMoreRestarts()))
    taken = ApplySignalRules(tid, signal, status);
  to_handler_.erase(tid);
  bool to_handler = !restart_rules_.empty() && ApplyRestartRules(tid, taken, status);
  bool wanted = !handler_rules_.empty() || !frame_watchers_.empty();
  if (wanted && taken != 0 && WantHandler(tid, taken, status)) to_handler = true;
  return {.signal = taken, .stop_at_handler = to_handler};
}

void Engine::OnWake(pid_t tid) {
  std::optional<ThreadStatus> status;
  if (!restart_rules_.empty()) ApplyRestartRules(tid, 0, status);
}

void Engine::OnBirth(const Birth& birth) {
  threads_.OnBirth(birth);
  call_lies_.OnBirth(birth);
  Registers registers;
  if (birth_rules_.empty() || !registers.Fetch(birth.tid)) return;
  BirthStop stop = {.birth = birth, .arch = registers.arch(), .registers = registers};
  SignalTools tools = Tools();
  bool told = TellAll(birth_rules_, At(birth.tid, 0, registers, {}), log_,
                      [&](const auto& rule) { return rule.fault->Tell(stop, tools); });
  if (told) registers.Store(birth.tid);
}

void Engine::OnExec(pid_t tid, pid_t former) {
  threads_.OnExec(tid, former);
  call_lies_.OnExec(tid, former);
  if (former != tid) redirector_.OnRenamed(former, tid);
  for (const auto& watcher : frame_watchers_) watcher.fault->OnGone(tid);
  Settle(tid);
  to_handler_.erase(tid);
  Registers registers;
  if (rules_.empty() || !registers.Fetch(tid)) return;
  ExecStop stop = {.tid = tid, .arch = registers.arch(), .registers = registers};
  for (Rule& rule : rules_) rule.fault().Prepare(stop);
  bool told = TellAll(exec_rules_, At(tid, 0, registers, {}), log_,
                      [&](const auto& rule) { return rule.fault->Tell(stop); });
  if (told) registers.Store(tid);
}

void Engine::OnGone(pid_t tid) {
  redirector_.OnGone(tid);
  for (const auto& watcher : frame_watchers_) watcher.fault->OnGone(tid);
  Settle(tid);
  to_handler_.erase(tid);
  call_lies_.OnGone(tid);
  if (const Thread* thread = threads_.Find(tid))
    for (Rule& rule : rules_) rule.Forget(*thread);
  threads_.OnGone(tid);
}

void Engine::set_tracer(Tracer* tracer) {
  tracer_ = tracer;
  if (std::any_of(restart_rules_.begin(), restart_rules_.end(),
                  [](const auto& rule) { return rule.rule->replay() != nullptr; }))
    MakeLateRestarts();
}

size_t Engine::Outstanding() const {
  size_t count = 0;
  for (const Rule& rule : rules_)
    if (rule.replay() != nullptr) count += rule.replay()->Outstanding();
  return count;
}

bool Engine::WantsMoreRestarts() const {
  return std::any_of(restart_rules_.begin(), restart_rules_.end(), [](const auto& rule) {
    return rule.fault->WantsMoreRestarts() && !rule.rule->IsSpent();
  });
}

bool Engine::MayRestart(const Thread& thread, std::string_view name, const RestartFault& fault) {
  auto number = SleepsIn(thread.tid);
  if (!number || !RestartsUnnoticed(name)) return false;
  for (Arch arch : {Arch::kAmd64, Arch::k386}) {
    if (CallName(arch, *number) != name) continue;
    Restart restart = {.tid = thread.tid,
                       .arch = arch,
                       .call = {.code = RestartCode::kERESTARTSYS,
                                .number = *number,
                                .path = arch == Arch::kAmd64 ? Path::kSyscall : Path::kInt80},
                       .handler_ran = false};
    if (fault.Concerns(restart)) return true;
  }
  return false;
}

void Engine::MakeLateRestarts() {
  bool more = false;
  for (const auto& rule : restart_rules_) {
    more = more || rule.rule->replay()->IsWaiting();
    const LoggedLie* late = rule.rule->replay()->FirstToMake();
    if (late == nullptr) continue;
    // Its own thread, or else any.
    pid_t sleeper = 0;
    size_t asked = 0;
    for (const auto& [tid, thread] : threads_.all()) {
      bool own = thread.path == late->thread;
      if ((!own && (sleeper != 0 || ++asked > kMostSleepersAsked)) || !tracer_->Follows(tid) ||
          !MayRestart(thread, late->call, *rule.fault))
        continue;
      sleeper = tid;
      if (own) break;
    }
    if (sleeper != 0) tracer_->Wake(sleeper);
  }
  if (more) tracer_->After(kLateRestartsEvery, [this] { MakeLateRestarts(); });
}

pid_t Engine::FindSleeper(const SignalStop& stop) const {
  std::vector<pid_t> threads = ThreadsOf(stop.status.tgid);
  // Beginning behind the thread itself, so that each one has its turn.
  auto next = std::upper_bound(threads.begin(), threads.end(), stop.tid);
  std::rotate(threads.begin(), next, threads.end());
  if (threads.size() > kMostSleepersAsked) threads.resize(kMostSleepersAsked);
  for (pid_t tid : threads) {
    if (tid == stop.tid || !tracer_->Follows(tid)) continue;
    auto number = SleepsIn(tid);
    if (!number) continue;
    Restart restart = {.tid = tid,
                       .arch = stop.arch,
                       .call = {.code = RestartCode::kERESTARTSYS,
                                .number = *number,
                                .path = stop.arch == Arch::kAmd64 ? Path::kSyscall : Path::kInt80},
                       .handler_ran = false};
    if (!RestartsUnnoticed(restart.call.name())) continue;
    // A thread that blocks the signal is not woken by it (kernel/signal.c, wants_signal).
    auto status = ReadStatus(tid);
    if (!status || (status->blocked & SignalBit(stop.signal)) != 0) continue;
    bool wanted = std::any_of(restart_rules_.begin(), restart_rules_.end(), [&](const auto& rule) {
      return rule.rule->MatchesCall(restart.call.name()) && rule.fault->Concerns(restart);
    });
    if (restart_rules_.empty() || wanted) return tid;
  }
  return 0;
}

int Engine::ApplySignalRules(pid_t tid, int signal, std::optional<ThreadStatus>& status) {
  SignalStop stop = {
      .tid = tid, .signal = signal, .info = {}, .status = {}, .arch = Arch::kAmd64, .call = {}};
  Registers registers;
  if (ptrace(PTRACE_GETSIGINFO, tid, nullptr, &stop.info) != 0 || !registers.Fetch(tid))
    return signal;
  status = ReadStatus(tid);
  if (!status) return signal;
  stop.status = *status;
  stop.arch = registers.arch();
  stop.call = FindInterruptedCall(tid, registers);
  SignalTools tools = Tools();
  Opportunity opportunity = At(tid, signal, registers, stop.call);
  for (const auto& rule : signal_rules_) {
    if (!rule.rule->Matches(opportunity) || !rule.fault->Concerns(stop, tools)) continue;
    auto ticket = rule.rule->Take(opportunity);
    if (!ticket) continue;
    auto told = rule.fault->Tell(stop, tools);
    if (!told) {
      rule.rule->GiveBack(*ticket);
      continue;
    }
    Lie lie = LieOf(rule, *ticket, opportunity, {told->change}, *log_);
    lie.registers = false;
    log_->Write(lie);
    return told->taken;
  }
  if (!stop.call && WantsMoreRestarts() && (status->caught & SignalBit(signal)) &&
      IsProcessDirected(stop)) {
    if (pid_t sleeper = FindSleeper(stop)) tracer_->Wake(sleeper);
  }
  return signal;
}

bool Engine::AnyConcerns(const Restart& restart, const Opportunity& opportunity) const {
  return std::any_of(restart_rules_.begin(), restart_rules_.end(), [&](const auto& rule) {
    return rule.rule->Matches(opportunity) && rule.fault->Concerns(restart);
  });
}

std::vector<Engine::Told> Engine::TellRestart(const Restart& restart,
                                              const Opportunity& opportunity,
                                              RestartRegisters& registers, bool held) {
  std::vector<Told> told;
  Opportunity any_signal = opportunity;
  any_signal.signal = 0;  // whatever interrupted the call, the restart is the same
  any_signal.by_chance = true;
  for (const auto& rule : restart_rules_) {
    if (!rule.rule->Matches(opportunity) || !rule.fault->Concerns(restart)) continue;
    auto ticket = rule.rule->Take(any_signal);
    if (!ticket) continue;
    Lie lie = LieOf(rule, *ticket, any_signal, {}, *log_);
    Recorded recorded(&registers, restart.arch, &lie, nullptr);
    rule.fault->Tell(restart, recorded);
    // A call that is restarted a second time may have lost everything already.
    if (std::all_of(lie.changes.begin(), lie.changes.end(),
                    [](const Lie::Change& change) { return change.before == change.after; })) {
      rule.rule->GiveBack(*ticket);
      continue;
    }
    if (!held) log_->Write(lie);
    told.push_back({.rule = rule.rule, .ticket = *ticket, .lie = std::move(lie)});
    if (rule.fault->EndsCall()) break;
  }
  return told;
}

Engine::Tentative::Place Engine::Tentative::PlaceOf(const Registers& registers) {
  return {.rax = registers.Get(Reg::kRax),
          .rip = registers.Get(Reg::kRip),
          .orig_rax = registers.Get(Reg::kOrigRax)};
}

void Engine::Mark(const InterruptedCall& call, const Tentative::Place& kernel,
                  Registers& registers) {
  // A lie that changed rax or took the number away is its own mark: the call would not leave such a
  // code of itself, and a thread that stands behind a call that is over has lost nothing.
  if (registers.Get(Reg::kRax) != kernel.rax ||
      static_cast<int32_t>(registers.Get(Reg::kOrigRax)) == -1)
    return;
  if (uint64_t mark = MarkFor(call.code)) {
    registers.Set(Reg::kRax, mark);
  } else {
    registers.Set(Reg::kOrigRax, registers.Get(Reg::kOrigRax) | kNumberMark);
  }
}

bool Engine::TakeBack(pid_t tid, Registers& registers) {
  auto found = tentative_.find(tid);
  if (found == tentative_.end()) return false;
  const Tentative& lie = found->second;
  if (Tentative::PlaceOf(registers) != lie.ours) {
    Settle(tid);
    return false;
  }
  registers.Set(Reg::kRax, lie.kernel.rax);
  registers.Set(Reg::kOrigRax, lie.kernel.orig_rax);
  for (auto entry = lie.before.rbegin(); entry != lie.before.rend(); ++entry)
    registers.Set(entry->first, entry->second);
  for (const Told& told : lie.lies) {
    told.rule->GiveBack(told.ticket);
    if (!lie.held) log_->Withdraw(told.lie);
  }
  tentative_.erase(found);
  return true;
}

void Engine::Settle(pid_t tid) {
  auto found = tentative_.find(tid);
  if (found == tentative_.end()) return;
  if (found->second.held)
    for (const Told& told : found->second.lies) log_->Write(told.lie);
  tentative_.erase(found);
}

bool Engine::ApplyRestartRules(pid_t tid, int signal, std::optional<ThreadStatus>& status) {
  to_handler_.erase(tid);
  Registers registers;
  if (!registers.Fetch(tid)) return false;
  bool taken_back = TakeBack(tid, registers);
  // Whatever is decided below, the thread must not run with what was taken back.
  auto finish = [&](bool stop_at_handler) {
    if (taken_back) registers.Store(tid);
    return stop_at_handler;
  };
  auto call = FindInterruptedCall(tid, registers);
  if (!call) return finish(false);
  if (!status) status = ReadStatus(tid);
  if (!status) return finish(false);
  Restart restart = {.tid = tid, .arch = registers.arch(), .call = *call, .handler_ran = false};
  Opportunity opportunity = At(tid, signal, registers, call);

  // With more signals to take, or to be stopped by, the thread stops again before it restarts
  // anything; unless another thread takes them, or the stop comes to nothing.
  bool held = status->Deliverable() != 0;
  switch (OutcomeOf(signal, *status)) {
    case Outcome::kHandler:
      restart.handler_ran = true;
      if (!MayRestartOverHandler(call->code) || !AnyConcerns(restart, opportunity))
        return finish(false);
      // SA_RESTART decides, and only the frame will tell.
      to_handler_[tid] = {
          .opportunity = opportunity, .call = call, .restart = true, .handler = false};
      return finish(true);
    case Outcome::kDeath:
      return finish(false);
    case Outcome::kStop:
      held = true;
      break;
    case Outcome::kNoHandler:
      break;
  }
  Tentative tentative = {
      .kernel = Tentative::PlaceOf(registers), .ours = {}, .before = {}, .lies = {}, .held = held};
  LiveRegisters live(&registers);
  Lie unused;
  Recorded recorded(&live, restart.arch, &unused, &tentative.before);
  tentative.lies = TellRestart(restart, opportunity, recorded, held);
  if (tentative.lies.empty()) return finish(false);
  Mark(*call, tentative.kernel, registers);
  tentative.ours = Tentative::PlaceOf(registers);
  registers.Store(tid);
  tentative_[tid] = std::move(tentative);
  return false;
}

bool Engine::WatchesFrames() const {
  return std::any_of(frame_watchers_.begin(), frame_watchers_.end(),
                     [](const auto& watcher) { return !watcher.rule->IsSpent(); });
}

bool Engine::WantHandler(pid_t tid, int signal, std::optional<ThreadStatus>& status) {
  bool any = WatchesFrames() ||
             std::any_of(handler_rules_.begin(), handler_rules_.end(), [&](const auto& rule) {
               return rule.rule->MatchesSignal(signal) && !rule.rule->IsSpent();
             });
  if (!any) return false;
  if (!status) status = ReadStatus(tid);
  Registers registers;
  if (!status || OutcomeOf(signal, *status) != Outcome::kHandler || !registers.Fetch(tid))
    return false;
  auto call = FindInterruptedCall(tid, registers);
  Opportunity opportunity = At(tid, signal, registers, call);
  any = WatchesFrames() ||
        std::any_of(handler_rules_.begin(), handler_rules_.end(),
                    [&](const auto& rule) { return rule.rule->Matches(opportunity); });
  if (!any) return false;
  ToHandler& expected = to_handler_[tid];
  expected.opportunity = opportunity;
  expected.call = call;
  expected.handler = true;
  return true;
}

void Engine::OnHandlerEntry(pid_t tid) {
  auto found = to_handler_.find(tid);
  if (found == to_handler_.end()) return;
  ToHandler expected = found->second;
  to_handler_.erase(found);
  Registers registers;
  if (!registers.Fetch(tid)) return;
  auto frame = SignalFrame::AtHandlerEntry(tid, registers);
  if (!frame) return;
  if (expected.restart) TellRestartOverHandler(tid, expected, registers, *frame);
  if (!expected.handler) return;
  TellHandler(tid, expected, registers, *frame);
  registers.Store(tid);
  for (const auto& watcher : frame_watchers_) watcher.fault->OnFrame(tid, *frame);
}

void Engine::TellRestartOverHandler(pid_t tid, const ToHandler& expected,
                                    const Registers& registers, SignalFrame& frame) {
  // The kernel's decision: the saved PC is back on the instruction and the number back in rax, or
  // rax holds -EINTR.
  auto pc = frame.Saved(Reg::kRip);
  auto number = frame.Saved(Reg::kRax);
  if (!expected.call || !pc ||
      *pc != expected.opportunity.pc - abi::linux_amd64::kSyscallInsnBytes || !number ||
      static_cast<int32_t>(*number) != expected.call->number)
    return;
  Restart restart = {
      .tid = tid, .arch = registers.arch(), .call = *expected.call, .handler_ran = true};
  FrameRegisters in_frame(&frame);
  TellRestart(restart, expected.opportunity, in_frame, /*held=*/false);
}

void Engine::TellHandler(pid_t tid, const ToHandler& expected, Registers& registers,
                         SignalFrame& frame) {
  HandlerEntry entry = {.tid = tid,
                        .signal = expected.opportunity.signal,
                        .arch = registers.arch(),
                        .registers = registers,
                        .frame = frame};
  TellAll(handler_rules_, expected.opportunity, log_,
          [&](const auto& rule) { return rule.fault->Tell(entry); });
}

}  // namespace faultline::kernel
