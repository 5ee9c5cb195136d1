// A rule: a fault, and when it fires.
#ifndef FAULTLINE_KERNEL_FAULT_RULE_H_
#define FAULTLINE_KERNEL_FAULT_RULE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fault/fault.h"

namespace faultline::kernel {

// Opportunities are numbered from 1 for each rule, over all threads and processes. With the same
// seed the same opportunities fire, whatever happened at the others.
class Rule {
 public:
  // `text` as in grammar.h. `index`: the rule's place among all, part of what its draws depend on.
  // Throws SpecError.
  Rule(std::string_view text, uint64_t seed, size_t index);

  [[nodiscard]] const FaultDescription& description() const { return *description_; }
  [[nodiscard]] Fault& fault() const { return *fault_; }

  // Whether the rule is for this call. A rule that names no call is for all, and for no call at
  // all.
  [[nodiscard]] bool MatchesCall(const std::string& name) const;
  [[nodiscard]] bool NamesCalls() const { return !calls_.empty(); }

  // Whether no opportunity to come will make it fire.
  [[nodiscard]] bool IsSpent() const { return nth_ != 0 && taken_ >= nth_ && returned_.empty(); }

  // One opportunity: its number if the rule fires at it.
  std::optional<uint64_t> Take();
  // The opportunity with this number turned out not to be one; the next will have its number.
  void GiveBack(uint64_t number) { returned_.push(number); }

 private:
  [[nodiscard]] bool FiresAt(uint64_t number) const;

  const FaultDescription* description_;
  std::unique_ptr<Fault> fault_;
  std::vector<std::string> calls_;
  uint64_t nth_ = 0;  // 0: any
  uint64_t every_ = 1;
  double probability_ = 1;
  uint64_t stream_;  // what the draws depend on

  uint64_t taken_ = 0;
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> returned_;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_RULE_H_
