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

// Lets each rule that is for the opportunity tell its lie: `tell` returns what it changed, nothing
// if it was no opportunity after all. Lies are logged. Returns whether any was told.
template <typename F, typename Tell>
bool TellAll(const std::vector<RuleFor<F>>& rules, const Opportunity& opportunity, Log* log,
             const Tell& tell) {
  bool told = false;
  for (const RuleFor<F>& rule : rules) {
    if (!rule.rule->Matches(opportunity)) continue;
    auto ticket = rule.rule->Take(opportunity);
    if (!ticket) continue;
    std::vector<Change> changes = tell(rule);
    if (changes.empty()) {
      rule.rule->GiveBack(*ticket);
      continue;
    }
    log->Write(LieOf(rule, *ticket, opportunity, std::move(changes), *log));
    told = true;
  }
  return told;
}

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_TELLER_H_
