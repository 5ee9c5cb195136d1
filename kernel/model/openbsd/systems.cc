// The releases of OpenBSD as systems.
#include <fmt/format.h>

#include "kernel/model/openbsd/openbsd.h"
#include "kernel/model/openbsd/release.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model::openbsd {
namespace {

std::vector<SystemName> Systems() {
  std::vector<SystemName> all;
  for (const Release& release : Releases())
    all.push_back(
        {.name = fmt::format("openbsd-{}", release.name),
         .summary = fmt::format("OpenBSD {}, amd64 and 386: {}", release.name, release.note)});
  return all;
}

std::unique_ptr<System> MakeSystem(std::string_view name) {
  for (const Release& release : Releases())
    if (fmt::format("openbsd-{}", release.name) == name) return std::make_unique<OpenBsd>(release);
  return nullptr;
}

const Family kFamily(Systems, MakeSystem);

}  // namespace
}  // namespace faultline::kernel::model::openbsd
