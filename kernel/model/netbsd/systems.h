// The releases of NetBSD as systems.
#ifndef FAULTLINE_KERNEL_MODEL_NETBSD_SYSTEMS_H_
#define FAULTLINE_KERNEL_MODEL_NETBSD_SYSTEMS_H_

#include <memory>
#include <string_view>
#include <vector>

#include "kernel/model/system.h"

namespace faultline::kernel::model::netbsd {

std::vector<SystemName> Systems();
// Null when it is none of them.
std::unique_ptr<System> MakeSystem(std::string_view name);

}  // namespace faultline::kernel::model::netbsd

#endif  // FAULTLINE_KERNEL_MODEL_NETBSD_SYSTEMS_H_
