// Mach: threads and semaphores, by their ports.
#ifndef FAULTLINE_KERNEL_MODEL_DARWIN_MACH_H_
#define FAULTLINE_KERNEL_MODEL_DARWIN_MACH_H_

#include <functional>

#include "kernel/model/darwin/context.h"

namespace faultline::kernel::model::darwin {

// Tells the table: now(number with its class, function), later(the same).
void AddMachCalls(const std::function<void(int64_t, Value (*)(Context&))>& now,
                  const std::function<void(int64_t, Task<Value> (*)(Context&))>& later);

}  // namespace faultline::kernel::model::darwin

#endif  // FAULTLINE_KERNEL_MODEL_DARWIN_MACH_H_
