// Rules at work: what all points have in common.
#ifndef FAULTLINE_KERNEL_FAULT_TELLER_H_
#define FAULTLINE_KERNEL_FAULT_TELLER_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/fault/fault.h"
#include "kernel/fault/rule.h"
#include "kernel/record/log.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {

// A rule whose fault acts at a certain point.
template <typename F>
struct RuleFor {
  size_t place;  // among all rules, from 1: what the log calls it by
  Rule* rule;
  F* fault;
};

template <typename F>
std::vector<RuleFor<F>> RulesFor(std::vector<Rule>& rules) {
  std::vector<RuleFor<F>> found;
  for (size_t i = 0; i < rules.size(); ++i)
    if (auto* fault = dynamic_cast<F*>(&rules[i].fault()))
      found.push_back({.place = i + 1, .rule = &rules[i], .fault = fault});
  return found;
}

// What the log says of a lie.
template <typename F>
Lie LieOf(const RuleFor<F>& rule, const Ticket& ticket, const Opportunity& opportunity,
          std::vector<Change> changes, const Log& log) {
  return {.tid = opportunity.thread->tid,
          .fault = rule.rule->description().id,
          .rule = rule.place,
          .n = ticket.n,
          .thread = ticket.thread,
          .k = ticket.k,
          .t = log.Now(),
          .call = opportunity.call,
          .signal = opportunity.signal != 0 ? SignalName(opportunity.signal) : "",
          .changes = std::move(changes)};
}

// Lets a rule that matches the opportunity tell its lie: `tell` returns what it changed, nothing if
// it was no opportunity after all. The lie is logged. Returns whether it was told.
template <typename F, typename Act>
bool Tell(const RuleFor<F>& rule, const Opportunity& opportunity, Log* log, const Act& tell) {
  auto ticket = rule.rule->Take(opportunity);
  if (!ticket) return false;
  std::vector<Change> changes = tell();
  if (changes.empty()) {
    rule.rule->GiveBack(*ticket);
    return false;
  }
  log->Write(LieOf(rule, *ticket, opportunity, std::move(changes), *log));
  return true;
}

// The same of all the rules. Returns whether any lie was told.
template <typename F, typename Act>
bool TellAll(const std::vector<RuleFor<F>>& rules, const Opportunity& opportunity, Log* log,
             const Act& tell) {
  bool told = false;
  for (const RuleFor<F>& rule : rules)
    if (rule.rule->Matches(opportunity))
      told = Tell(rule, opportunity, log, [&] { return tell(rule); }) || told;
  return told;
}

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_TELLER_H_
