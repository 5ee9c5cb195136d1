#include "kernel/fault/rule.h"

#include <algorithm>
#include <charconv>

#include "kernel/tracer/calls.h"
#include "kernel/tracer/proc.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): the n-th
// draw can be had without those before it.
uint64_t Draw(uint64_t stream, uint64_t number) {
  uint64_t z = stream + number * 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

constexpr std::string_view kArguments[] = {"arg0", "arg1", "arg2", "arg3", "arg4", "arg5"};

const FaultDescription& Find(const Word& id) {
  if (const FaultDescription* found = FindFault(id.text)) return *found;
  std::vector<std::string_view> names;
  names.reserve(Catalogue().size());
  for (const FaultDescription& description : Catalogue()) names.push_back(description.id);
  throw SpecError(id.column, "there is no fault '" + id.text + "'." + NearHint(id.text, names) +
                                 " 'inject --list' shows all.");
}

void CheckKeys(const Spec& spec, const FaultDescription& description) {
  std::vector<std::string_view> keys;
  keys.reserve(description.parameters.size() + CommonParameters().size());
  for (const Parameter& parameter : description.parameters) keys.push_back(parameter.name);
  for (const Parameter& parameter : CommonParameters())
    if (parameter.name != "arg0 to arg5") keys.push_back(parameter.name);
  keys.insert(keys.end(), std::begin(kArguments), std::end(kArguments));
  for (const Assignment& assignment : spec.assignments)
    if (std::find(keys.begin(), keys.end(), assignment.key.text) == keys.end())
      throw SpecError(assignment.key.column, std::string(description.id) + " has no parameter '" +
                                                 assignment.key.text + "': expected " +
                                                 JoinChoices(keys));
}

// A call that the fault can do nothing about is a mistake.
void CheckCalls(const CallFault& fault, const Spec& spec) {
  std::vector<std::string_view> able = fault.calls();
  const Word* word = spec.Find("call");
  if (able.empty() || word == nullptr) return;
  for (const Word& name : ParseList(*word))
    if (std::find(able.begin(), able.end(), name.text) == able.end())
      throw SpecError(name.column, spec.id.text + " does not act on '" + name.text +
                                       "': expected " + JoinChoices(able));
}

// 12, 0x1f or -1, up to `end`; nothing if that is no number.
std::optional<uint64_t> ParseNumber(std::string_view text) {
  bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return negative ? ~value + 1 : value;
}

}  // namespace

uint64_t Rule::Counter::Next() {
  if (returned.empty()) return ++taken;
  uint64_t number = returned.top();
  returned.pop();
  return number;
}

bool Rule::Range::Holds(uint64_t value) const {
  if (mask != 0) return (value & mask) == mask;
  if (first <= value && value <= last) return true;
  // An int in a register: what lies above its 32 bits means nothing.
  return first == last && static_cast<int64_t>(first) == static_cast<int32_t>(first) &&
         static_cast<uint32_t>(value) == static_cast<uint32_t>(first) &&
         (value >> 32 == 0 || value >> 32 == 0xffffffff);
}

std::vector<Rule::Range> Rule::ParseRanges(const Word& word, bool masks) {
  std::vector<Range> ranges;
  for (const Word& part : ParseList(word)) {
    std::string_view text = part.text;
    Range range;
    std::optional<uint64_t> first, last;
    if (masks && text.starts_with("&")) {
      first = last = ParseNumber(text.substr(1));
      range.mask = first.value_or(0);
    } else if (size_t dots = text.find(".."); dots != std::string_view::npos) {
      first = ParseNumber(text.substr(0, dots));
      last = ParseNumber(text.substr(dots + 2));
    } else {
      first = last = ParseNumber(text);
    }
    if (!first || !last || *first > *last || (text.starts_with("&") && range.mask == 0))
      throw SpecError(
          part.column,
          std::string(
              "expected numbers joined by '+', such as 3, 0x40, -1, a range 0x1000..0x1fff") +
              (masks ? " or bits that are set &0x100" : "") + ", found '" + part.text + "'");
    range.first = *first;
    range.last = *last;
    ranges.push_back(range);
  }
  return ranges;
}

void Rule::ParseThreads(const Word& word) {
  for (const Word& part : ParseList(word)) {
    auto number = ParseNumber(part.text);
    if (part.text == "main") {
      threads_.push_back(1);
    } else if (part.text == "foreign") {
      foreign_ = true;
    } else if (number && *number >= 1 && *number <= INT32_MAX) {
      threads_.push_back(*number);
    } else {
      throw SpecError(
          part.column,
          "expected 'main', 'foreign' or a thread's number within its process (1: main), "
          "joined by '+', found '" +
              part.text + "'");
    }
  }
}

void Rule::ParsePlaces(const Word& word) {
  for (const Word& part : ParseList(word)) {
    if (part.text.find("..") != std::string::npos || ParseNumber(part.text)) {
      for (const Range& range : ParseRanges(part, /*masks=*/false)) places_.push_back(range);
    } else {
      files_.push_back(part.text);
    }
  }
}

Rule::Rule(std::string_view text, uint64_t seed, size_t index)
    : text_(text), stream_(Draw(seed, index + 1)) {
  Spec spec = ParseSpec(text);
  description_ = &Find(spec.id);
  CheckKeys(spec, *description_);
  if (const Word* word = spec.Find("call")) {
    for (const Word& name : ParseList(*word)) {
      if (!IsCallName(name.text))
        throw SpecError(name.column, "there is no system call '" + name.text +
                                         "' on amd64 or 386." + NearHint(name.text, CallNames()));
      calls_.push_back(name.text);
    }
  }
  for (size_t i = 0; i < arguments_.size(); ++i)
    if (const Word* word = spec.Find(kArguments[i]))
      arguments_[i] = ParseRanges(*word, /*masks=*/true);
  names_signals_ = spec.Find("signal") != nullptr;
  signals_ = ParseSignals(spec);
  if (const Word* word = spec.Find("thread")) ParseThreads(*word);
  if (const Word* word = spec.Find("pc")) ParsePlaces(*word);
  if (const Word* word = spec.Find("nth")) nth_ = ParseCount(*word);
  if (const Word* word = spec.Find("every")) every_ = ParseCount(*word);
  if (const Word* word = spec.Find("p")) probability_ = ParseProbability(*word);
  fault_ = description_->make(spec);
  if (const auto* fault = dynamic_cast<const CallFault*>(fault_.get())) CheckCalls(*fault, spec);
}

bool Rule::MatchesCall(const std::string& name) const {
  return calls_.empty() || std::find(calls_.begin(), calls_.end(), name) != calls_.end();
}

bool Rule::MatchesSignal(int signal) const {
  return !names_signals_ || (signal != 0 && (signals_ & SignalBit(signal)) != 0);
}

bool Rule::MatchesThread(const Thread& thread) const {
  if (threads_.empty() && !foreign_) return true;
  return (foreign_ && thread.foreign) ||
         std::find(threads_.begin(), threads_.end(), thread.number) != threads_.end();
}

bool Rule::MatchesPlace(const Thread& thread, uint64_t pc) const {
  if (places_.empty() && files_.empty()) return true;
  if (std::any_of(places_.begin(), places_.end(),
                  [pc](const Range& range) { return range.first <= pc && pc <= range.last; }))
    return true;
  if (files_.empty()) return false;
  std::string file = MappedFile(thread.tid, pc);
  return std::any_of(files_.begin(), files_.end(), [&](const std::string& name) {
    return file == name || file.ends_with("/" + name);
  });
}

bool Rule::Matches(const Opportunity& opportunity) const {
  if (!MatchesCall(opportunity.call) || !MatchesSignal(opportunity.signal)) return false;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i].empty()) continue;
    uint64_t value = opportunity.arguments[i];
    if (opportunity.call.empty() ||
        std::none_of(arguments_[i].begin(), arguments_[i].end(),
                     [value](const Range& range) { return range.Holds(value); }))
      return false;
  }
  return MatchesThread(*opportunity.thread) && MatchesPlace(*opportunity.thread, opportunity.pc);
}

bool Rule::FiresAt(uint64_t number) const {
  if (nth_ != 0 && number != nth_) return false;
  if (number % every_ != 0) return false;
  // 53 bits, so that 1 always fires and 0 never does.
  return static_cast<double>(Draw(stream_, number) >> 11) * 0x1p-53 < probability_;
}

bool Rule::IsSpent() const {
  if (replay_) return replay_->IsOver();
  return nth_ != 0 && all_.taken >= nth_ && all_.returned.empty();
}

std::optional<Ticket> Rule::Take(const Opportunity& opportunity) {
  Ticket ticket = {.n = all_.Next(),
                   .thread = opportunity.thread->path,
                   .kind = KindOf(opportunity.call, opportunity.signal),
                   .k = 0};
  ticket.k = by_thread_[ticket.thread][ticket.kind].Next();
  bool fires =
      replay_
          ? replay_->Take(ticket, opportunity.by_chance,
                          [this](const std::string& thread) { return by_thread_.contains(thread); })
          : FiresAt(ticket.n);
  return fires ? std::optional(std::move(ticket)) : std::nullopt;
}

void Rule::GiveBack(const Ticket& ticket) {
  all_.returned.push(ticket.n);
  by_thread_[ticket.thread][ticket.kind].returned.push(ticket.k);
  if (replay_) replay_->GiveBack(ticket);
}

void Rule::Forget(const Thread& thread) { by_thread_.erase(thread.path); }

void Rule::TellAgain(const std::vector<LoggedLie>& lies) {
  replay_ =
      std::make_unique<Replay>(lies, /*always=*/nth_ == 0 && every_ == 1 && probability_ == 1);
}

}  // namespace faultline::kernel
