// The systems that are linked in.
#include <algorithm>

#include "kernel/model/system.h"

namespace faultline::kernel::model {
namespace {

std::vector<const Family*>& Families() {
  static std::vector<const Family*> families;
  return families;
}

}  // namespace

Family::Family(std::vector<SystemName> (*systems)(),
               std::unique_ptr<System> (*make)(std::string_view name))
    : systems(systems), make(make) {
  Families().push_back(this);
}

std::vector<SystemName> Systems() {
  std::vector<std::vector<SystemName>> families;
  for (const Family* family : Families()) families.push_back(family->systems());
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.front().name < b.front().name; });
  std::vector<SystemName> all;
  for (auto& family : families)
    for (SystemName& each : family) all.push_back(std::move(each));
  return all;
}

std::unique_ptr<System> MakeSystem(std::string_view name) {
  for (const Family* family : Families())
    if (auto system = family->make(name)) return system;
  return nullptr;
}

}  // namespace faultline::kernel::model
