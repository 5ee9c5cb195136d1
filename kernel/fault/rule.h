// A rule: a fault, and when it fires.
#ifndef FAULTLINE_KERNEL_FAULT_RULE_H_
#define FAULTLINE_KERNEL_FAULT_RULE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/fault/fault.h"
#include "kernel/fault/replay.h"
#include "kernel/fault/threads.h"
#include "kernel/record/log_reader.h"

namespace faultline::kernel {

// Something that a rule may be for: what happens, where.
struct Opportunity {
  const Thread* thread;
  std::string call;                        // the call that the thread is in; empty: none
  std::array<uint64_t, 6> arguments = {};  // of the call, as the program gave them
  int signal = 0;                          // the one that the thread takes; 0: none
  uint64_t pc = 0;  // of the program: where it was interrupted, or behind the call's instruction
  // It is there because of when a signal came, not because of what the thread did.
  bool by_chance = false;
};

// Opportunities are numbered from 1 for each rule, over all threads and processes. With the same
// seed the same opportunities fire, whatever happened at the others.
class Rule {
 public:
  // `text` as in grammar.h. `index`: the rule's place among all, part of what its draws depend on.
  // Throws SpecError.
  Rule(std::string_view text, uint64_t seed, size_t index);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const FaultDescription& description() const { return *description_; }
  [[nodiscard]] Fault& fault() const { return *fault_; }

  [[nodiscard]] bool Matches(const Opportunity& opportunity) const;
  // A part of that: a rule that names no call is for all, and for no call at all; one that names no
  // signal likewise.
  [[nodiscard]] bool MatchesCall(const std::string& name) const;
  [[nodiscard]] bool MatchesSignal(int signal) const;
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }
  // Whether it has to be known which threads are foreign (Thread::foreign).
  [[nodiscard]] bool AsksForForeign() const { return foreign_; }

  // Whether no opportunity to come will make it fire.
  [[nodiscard]] bool IsSpent() const;

  // One opportunity: its numbers if the rule fires at it.
  std::optional<Ticket> Take(const Opportunity& opportunity);
  // The opportunity with these numbers turned out not to be one; the next (of that thread, that
  // looks alike) will have them.
  void GiveBack(const Ticket& ticket);
  // A thread is gone, its numbers are not needed any more.
  void Forget(const Thread& thread);

  // Makes the rule tell these lies (replay.h), instead of firing as its text has it.
  void TellAgain(const std::vector<LoggedLie>& lies);
  // nullptr unless it does.
  [[nodiscard]] const Replay* replay() const { return replay_.get(); }

 private:
  // Numbers, those that came back first.
  struct Counter {
    uint64_t Next();
    uint64_t taken = 0;
    std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> returned;
  };
  // What an argument may be: first to last, both included; or with all bits of a mask.
  struct Range {
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t mask = 0;
    [[nodiscard]] bool Holds(uint64_t value) const;
  };
  static std::vector<Range> ParseRanges(const Word& word, bool masks);
  void ParseThreads(const Word& word);
  void ParsePlaces(const Word& word);

  [[nodiscard]] bool FiresAt(uint64_t number) const;
  [[nodiscard]] bool MatchesThread(const Thread& thread) const;
  [[nodiscard]] bool MatchesPlace(const Thread& thread, uint64_t pc) const;

  std::string text_;
  const FaultDescription* description_;
  std::unique_ptr<Fault> fault_;
  std::vector<std::string> calls_;
  std::array<std::vector<Range>, 6> arguments_;
  uint64_t signals_ = ~0ull;
  bool names_signals_ = false;
  std::vector<uint64_t> threads_;  // numbers within their process
  bool foreign_ = false;
  std::vector<Range> places_;
  std::vector<std::string> files_;  // that the PC lies in

  uint64_t nth_ = 0;  // 0: any
  uint64_t every_ = 1;
  double probability_ = 1;
  uint64_t stream_;                 // what the draws depend on
  std::unique_ptr<Replay> replay_;  // instead of these three

  Counter all_;
  std::unordered_map<std::string, std::map<Kind, Counter>> by_thread_;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_RULE_H_
