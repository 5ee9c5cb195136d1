#include <algorithm>

#include "kernel/fault/fault.h"
#include "kernel/fault/handler.h"
#include "kernel/fault/restart.h"
#include "kernel/fault/signal.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {

const std::vector<FaultDescription>& Catalogue() {
  static const std::vector<FaultDescription> all = [] {
    std::vector<FaultDescription> list;
    for (auto family : {HandlerFaults, RestartFaults, SignalFaults})
      for (FaultDescription& description : family()) list.push_back(std::move(description));
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return list;
  }();
  return all;
}

const FaultDescription* FindFault(std::string_view id) {
  for (const FaultDescription& description : Catalogue())
    if (description.id == id) return &description;
  return nullptr;
}

uint64_t ParseSignals(const Spec& spec) {
  const Word* word = spec.Find("signal");
  if (word == nullptr) return ~0ull;
  uint64_t signals = 0;
  for (const Word& name : ParseList(*word)) {
    auto signal = ParseSignal(name.text);
    if (!signal)
      throw SpecError(
          name.column,
          "expected signals by name or number (1 to 64), joined by '+', found '" + name.text + "'");
    signals |= SignalBit(*signal);
  }
  return signals;
}

const std::vector<Parameter>& CommonParameters() {
  static const std::vector<Parameter> parameters = {
      {"call", "names joined by '+'",
       "only if the thread is in one of these system calls (default: any)"},
      {"nth", "1 and up", "only at the n-th opportunity"},
      {"every", "1 and up", "only at each n-th opportunity (default: 1)"},
      {"p", "0 to 1", "only with this probability, drawn from --seed (default: 1)"},
  };
  return parameters;
}

}  // namespace faultline::kernel
