#include "kernel/fault/call_lies.h"

#include <algorithm>

#include "kernel/tracer/calls.h"
#include "kernel/tracer/frame.h"
#include "kernel/tracer/memory.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

constexpr std::string_view kSigaltstack = "sigaltstack";

// A thread that gives itself an alternate signal stack knows what signals are.
void NoteAlternateStack(pid_t tid, Thread& thread, const Opportunity& call, Arch arch) {
  constexpr int32_t kDisable = 2;  // SS_DISABLE, uapi/linux/signal.h
  int32_t flags = 0;
  uint64_t pointer_size = arch == Arch::kAmd64 ? 8 : 4;  // stack_t begins with the address
  if (call.arguments[0] != 0 && ReadObject(tid, call.arguments[0] + pointer_size, &flags) &&
      flags != kDisable)
    thread.foreign = false;
}

}  // namespace

CallLies::CallLies(std::vector<Rule>& rules, Log* log, Threads* threads)
    : sigreturn_rules_(RulesFor<SigreturnFault>(rules)),
      foreign_(std::any_of(rules.begin(), rules.end(),
                           [](const Rule& rule) { return rule.AsksForForeign(); })),
      log_(log),
      threads_(threads) {
  for (const RuleFor<CallFault>& rule : RulesFor<CallFault>(rules))
    call_rules_.push_back({rule, rule.fault->calls()});
  for (const RuleFor<CallWatcher>& rule : RulesFor<CallWatcher>(rules))
    watchers_.push_back({.fault = rule.fault, .calls = rule.fault->watched_calls()});
}

std::vector<std::string_view> CallLies::CallRule::Calls() const {
  const std::vector<std::string>& named = rule->calls();
  if (named.empty()) return able;
  std::vector<std::string_view> both;
  for (std::string_view name : named)
    if (able.empty() || std::find(able.begin(), able.end(), name) != able.end())
      both.push_back(name);
  return both;
}

bool CallLies::CallRule::IsFor(const Opportunity& call) const {
  return (able.empty() || std::find(able.begin(), able.end(), call.call) != able.end()) &&
         rule->Matches(call);
}

bool CallLies::Watches(const Watcher& watcher, std::string_view call) {
  return std::find(watcher.calls.begin(), watcher.calls.end(), call) != watcher.calls.end();
}

CallFilter CallLies::Filter() const {
  CallFilter filter;
  for (const CallRule& rule : call_rules_) {
    if (rule.rule->calls().empty() && rule.able.empty()) filter.AddAll();
    for (std::string_view name : rule.Calls()) filter.Add(name);
  }
  if (!sigreturn_rules_.empty())
    for (std::string_view name : kSigreturns) filter.Add(name);
  for (const Watcher& watcher : watchers_)
    for (std::string_view name : watcher.calls) filter.Add(name);
  if (foreign_) filter.Add(kSigaltstack);
  return filter;
}

bool CallLies::OnEntry(pid_t tid, const EnteredCall& entered) {
  Thread& thread = threads_->Of(tid);
  Opportunity call = {.thread = &thread,
                      .call = CallName(entered.arch, entered.number),
                      .arguments = entered.arguments,
                      .pc = entered.pc};
  if (foreign_ && call.call == kSigaltstack) NoteAlternateStack(tid, thread, call, entered.arch);
  if (!sigreturn_rules_.empty() && IsSigreturn(call.call)) OnSigreturn(tid, thread, call);

  InCall in_call = {.name = call.call,
                    .arch = entered.arch,
                    .path = entered.arch == Arch::kAmd64 ? Path::kSyscall : Path::kInt80,
                    .arguments = call.arguments,
                    .pc = call.pc,
                    .begun = {},
                    .before = {}};
  bool to_end = false;
  Registers registers;
  registers.FetchWhenAsked(tid);
  CallStop stop = {.tid = tid,
                   .arch = in_call.arch,
                   .path = in_call.path,
                   .name = in_call.name,
                   .arguments = in_call.arguments,
                   .result = {},
                   .registers = registers};
  for (const Watcher& watcher : watchers_) {
    if (!Watches(watcher, call.call)) continue;
    watcher.fault->OnEntry(stop);
    to_end = true;
  }
  for (const CallRule& rule : call_rules_) {
    if (!rule.IsFor(call)) continue;
    if (rule.fault->AtExitOnly()) {
      to_end = to_end || !rule.rule->IsSpent();
      continue;
    }
    if (!rule.fault->Concerns(stop)) continue;
    auto ticket = rule.rule->Take(call);
    if (!ticket) continue;
    std::vector<Change> changes = rule.fault->AtEntry(stop);
    if (changes.empty()) {
      rule.rule->GiveBack(*ticket);
      continue;
    }
    Lie lie = LieOf(rule, *ticket, call, std::move(changes), *log_);
    log_->Write(lie);
    if (!rule.fault->AtEntryOnly()) {
      in_call.begun.emplace_back(rule.fault, std::move(lie));
      to_end = true;
    }
  }
  if (to_end) {
    for (auto [reg, value] : registers.Replaced())
      if (reg != Reg::kRax) in_call.before.emplace_back(reg, value);
    in_call_[tid] = std::move(in_call);
  }
  registers.Store(tid);
  return to_end;
}

void CallLies::OnExit(pid_t tid) {
  auto found = in_call_.find(tid);
  if (found == in_call_.end()) return;
  InCall in_call = std::move(found->second);
  in_call_.erase(found);
  Registers registers;
  if (!registers.Fetch(tid)) return;
  for (auto [reg, value] : in_call.before) registers.Set(reg, value);

  int64_t result = registers.Result();
  CallStop stop = {.tid = tid,
                   .arch = in_call.arch,
                   .path = in_call.path,
                   .name = in_call.name,
                   .arguments = in_call.arguments,
                   .result = result,
                   .registers = registers};
  for (auto& [fault, lie] : in_call.begun) {
    lie.changes = fault->AtExit(stop, /*began=*/true);
    if (!lie.changes.empty()) log_->Write(lie);
  }
  if (!IsRestart(result)) {
    Opportunity call = {.thread = &threads_->Of(tid),
                        .call = in_call.name,
                        .arguments = in_call.arguments,
                        .pc = in_call.pc};
    for (const CallRule& rule : call_rules_)
      if (rule.fault->AtExitOnly() && rule.IsFor(call) && rule.fault->Concerns(stop))
        Tell(rule, call, log_, [&] { return rule.fault->AtExit(stop, /*began=*/false); });
  }
  for (const Watcher& watcher : watchers_)
    if (Watches(watcher, in_call.name)) watcher.fault->OnExit(stop);
  registers.Store(tid);
}

void CallLies::OnSigreturn(pid_t tid, Thread& thread, const Opportunity& call) {
  Registers registers;
  if (!registers.Fetch(tid)) return;
  auto frame = SignalFrame::AtSigreturn(tid, registers, call.call == kSigreturns[0]);
  if (!frame) return;
  int signal = frame->Signal();
  Opportunity opportunity = {.thread = &thread,
                             .call = call.call,
                             .signal = signal,
                             .pc = frame->Saved(Reg::kRip).value_or(0)};
  SigreturnStop stop = {.tid = tid, .signal = signal, .arch = registers.arch(), .frame = *frame};
  TellAll(sigreturn_rules_, opportunity, log_,
          [&](const RuleFor<SigreturnFault>& rule) { return rule.fault->Tell(stop); });
}

void CallLies::OnGone(pid_t tid) {
  in_call_.erase(tid);
  for (const Watcher& watcher : watchers_) watcher.fault->OnGone(tid);
}

void CallLies::OnBirth(const Birth& birth) {
  for (const Watcher& watcher : watchers_) watcher.fault->OnBirth(birth);
  auto found = in_call_.find(birth.parent);
  if (found == in_call_.end()) return;
  for (auto& [fault, lie] : found->second.begun) fault->InChild(birth.parent, birth.tid);
  Registers registers;
  if (found->second.before.empty() || !registers.Fetch(birth.tid)) return;
  for (auto [reg, value] : found->second.before)
    if (reg != Reg::kOrigRax) registers.Set(reg, value);
  registers.Store(birth.tid);
}

void CallLies::OnExec(pid_t tid, pid_t former) {
  for (const Watcher& watcher : watchers_) watcher.fault->OnGone(tid);
  auto found = in_call_.find(former);
  if (found == in_call_.end()) {
    in_call_.erase(tid);
    return;
  }
  // The new program's registers are not the old one's.
  InCall in_call = std::move(found->second);
  in_call_.erase(found);
  in_call.before.clear();
  in_call_[tid] = std::move(in_call);
}

}  // namespace faultline::kernel
