// The releases of NetBSD as systems.
#include <fmt/format.h>

#include "kernel/model/netbsd/netbsd.h"
#include "kernel/model/netbsd/release.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model::netbsd {
namespace {

std::vector<SystemName> Systems() {
  std::vector<SystemName> all;
  for (const Release& release : Releases())
    all.push_back(
        {.name = fmt::format("netbsd-{}", release.name),
         .summary = fmt::format("NetBSD {}, amd64 and 386: {}", release.version, release.note)});
  return all;
}

std::unique_ptr<System> MakeSystem(std::string_view name) {
  for (const Release& release : Releases())
    if (fmt::format("netbsd-{}", release.name) == name) return std::make_unique<NetBsd>(release);
  return nullptr;
}

const Family kFamily(Systems, MakeSystem);

}  // namespace
}  // namespace faultline::kernel::model::netbsd
