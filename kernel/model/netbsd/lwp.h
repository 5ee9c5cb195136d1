// Threads: lwps, parked and unparked.
#ifndef FAULTLINE_KERNEL_MODEL_NETBSD_LWP_H_
#define FAULTLINE_KERNEL_MODEL_NETBSD_LWP_H_

#include <functional>

#include "kernel/model/netbsd/context.h"

namespace faultline::kernel::model::netbsd {

// Tells the table: now(number, function), later(number, function).
void AddLwpCalls(const std::function<void(int, Value (*)(Context&))>& now,
                 const std::function<void(int, Task<Value> (*)(Context&))>& later);

}  // namespace faultline::kernel::model::netbsd

#endif  // FAULTLINE_KERNEL_MODEL_NETBSD_LWP_H_
