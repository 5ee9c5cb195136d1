// The releases of FreeBSD as systems.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_SYSTEMS_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_SYSTEMS_H_

#include <memory>
#include <string_view>
#include <vector>

#include "kernel/model/system.h"

namespace faultline::kernel::model::freebsd {

std::vector<SystemName> Systems();
// Null when it is none of them.
std::unique_ptr<System> MakeSystem(std::string_view name);

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_SYSTEMS_H_
