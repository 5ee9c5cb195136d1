// The releases of Darwin as systems.
#include <fmt/format.h>

#include "kernel/model/darwin/darwin.h"
#include "kernel/model/darwin/release.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model::darwin {
namespace {

std::vector<SystemName> Systems() {
  std::vector<SystemName> all;
  for (const Release& release : Releases())
    all.push_back(
        {.name = fmt::format("darwin-{}", release.name),
         .summary = fmt::format("OS X, macOS {}, {}: {}", release.name,
                                release.runs_386 ? "amd64 and 386" : "amd64", release.note)});
  return all;
}

std::unique_ptr<System> MakeSystem(std::string_view name) {
  for (const Release& release : Releases())
    if (fmt::format("darwin-{}", release.name) == name) return std::make_unique<Darwin>(release);
  return nullptr;
}

const Family kFamily(Systems, MakeSystem);

}  // namespace
}  // namespace faultline::kernel::model::darwin
