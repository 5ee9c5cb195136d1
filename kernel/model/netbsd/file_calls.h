// The calls on files: their part of the table.
#ifndef FAULTLINE_KERNEL_MODEL_NETBSD_FILE_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_NETBSD_FILE_CALLS_H_

#include <functional>

#include "kernel/model/netbsd/context.h"

namespace faultline::kernel::model::netbsd {

// Tells the table: now(number, function), later(number, function).
void AddFileCalls(const std::function<void(int, Value (*)(Context&))>& now,
                  const std::function<void(int, Task<Value> (*)(Context&))>& later);

}  // namespace faultline::kernel::model::netbsd

#endif  // FAULTLINE_KERNEL_MODEL_NETBSD_FILE_CALLS_H_
