#include "kernel/fault/rule.h"

#include <algorithm>

#include "kernel/tracer/calls.h"

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
  for (const Parameter& parameter : CommonParameters()) keys.push_back(parameter.name);
  for (const Assignment& assignment : spec.assignments)
    if (std::find(keys.begin(), keys.end(), assignment.key.text) == keys.end())
      throw SpecError(assignment.key.column, std::string(description.id) + " has no parameter '" +
                                                 assignment.key.text + "': expected " +
                                                 JoinChoices(keys));
}

}  // namespace

Rule::Rule(std::string_view text, uint64_t seed, size_t index) : stream_(Draw(seed, index + 1)) {
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
  if (const Word* word = spec.Find("nth")) nth_ = ParseCount(*word);
  if (const Word* word = spec.Find("every")) every_ = ParseCount(*word);
  if (const Word* word = spec.Find("p")) probability_ = ParseProbability(*word);
  fault_ = description_->make(spec);
}

bool Rule::MatchesCall(const std::string& name) const {
  return calls_.empty() || std::find(calls_.begin(), calls_.end(), name) != calls_.end();
}

bool Rule::FiresAt(uint64_t number) const {
  if (nth_ != 0 && number != nth_) return false;
  if (number % every_ != 0) return false;
  // 53 bits, so that 1 always fires and 0 never does.
  return static_cast<double>(Draw(stream_, number) >> 11) * 0x1p-53 < probability_;
}

std::optional<uint64_t> Rule::Take() {
  uint64_t number;
  if (returned_.empty()) {
    number = ++taken_;
  } else {
    number = returned_.top();
    returned_.pop();
  }
  return FiresAt(number) ? std::optional(number) : std::nullopt;
}

}  // namespace faultline::kernel
