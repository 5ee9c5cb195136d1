#include <algorithm>

#include "kernel/fault/fault.h"
#include "kernel/fault/restart.h"
#include "kernel/fault/signal.h"

namespace faultline::kernel {

const std::vector<FaultDescription>& Catalogue() {
  static const std::vector<FaultDescription> all = [] {
    std::vector<FaultDescription> list;
    for (auto family : {RestartFaults, SignalFaults})
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
