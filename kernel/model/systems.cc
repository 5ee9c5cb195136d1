// The table of systems: one line for each.
#include "kernel/model/freebsd/systems.h"

#include "kernel/model/netbsd/systems.h"
#include "kernel/model/system.h"

namespace faultline::kernel::model {
namespace {

// What a folder of kernel/model/ offers.
struct Family {
  std::vector<SystemName> (*systems)();
  std::unique_ptr<System> (*make)(std::string_view name);
};

constexpr Family kFamilies[] = {
    {freebsd::Systems, freebsd::MakeSystem},
    {netbsd::Systems, netbsd::MakeSystem},
};

}  // namespace

std::vector<SystemName> Systems() {
  std::vector<SystemName> all;
  for (const Family& family : kFamilies)
    for (SystemName& each : family.systems()) all.push_back(std::move(each));
  return all;
}

std::unique_ptr<System> MakeSystem(std::string_view name) {
  for (const Family& family : kFamilies)
    if (auto system = family.make(name)) return system;
  return nullptr;
}

}  // namespace faultline::kernel::model
