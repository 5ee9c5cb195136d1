// The calls on files.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_

#include <functional>

#include "kernel/model/freebsd/context.h"

namespace faultline::kernel::model::freebsd {

// Tells the table: now(number, function, since), later(number, function, since).
void AddFileCalls(const std::function<void(int, Value (*)(Context&), int)>& now,
                  const std::function<void(int, Task<Value> (*)(Context&), int)>& later);

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_
