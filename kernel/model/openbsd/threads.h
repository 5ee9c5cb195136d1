// Threads: __tfork, __threxit, and sleeping on addresses.
#ifndef FAULTLINE_KERNEL_MODEL_OPENBSD_THREADS_H_
#define FAULTLINE_KERNEL_MODEL_OPENBSD_THREADS_H_

#include <functional>

#include "kernel/model/openbsd/context.h"

namespace faultline::kernel::model::openbsd {

// Tells the table: now(number, function), later(number, function).
void AddThreadCalls(const Release& release,
                    const std::function<void(int, Value (*)(Context&))>& now,
                    const std::function<void(int, Task<Value> (*)(Context&))>& later);

}  // namespace faultline::kernel::model::openbsd

#endif  // FAULTLINE_KERNEL_MODEL_OPENBSD_THREADS_H_
