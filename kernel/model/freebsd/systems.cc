// The releases of FreeBSD as systems.
#include <fmt/format.h>

#include "kernel/model/freebsd/freebsd.h"
#include "kernel/model/freebsd/release.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model::freebsd {
namespace {

std::vector<SystemName> Systems() {
  std::vector<SystemName> all;
  for (const Release& release : Releases())
    all.push_back(
        {.name = fmt::format("freebsd-{}", release.name),
         .summary = fmt::format("FreeBSD {}, amd64 and 386: {}", release.version, release.note)});
  return all;
}

std::unique_ptr<System> MakeSystem(std::string_view name) {
  for (const Release& release : Releases())
    if (fmt::format("freebsd-{}", release.name) == name) return std::make_unique<FreeBsd>(release);
  return nullptr;
}

const Family kFamily(Systems, MakeSystem);

}  // namespace
}  // namespace faultline::kernel::model::freebsd
