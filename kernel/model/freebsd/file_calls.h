// The calls on files: their parts of the table.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_

#include <functional>

#include "kernel/model/freebsd/context.h"

namespace faultline::kernel::model::freebsd {

// Each tells the table: now(number, function, since), later(number, function, since).
using TellNow = std::function<void(int, Value (*)(Context&), int)>;
using TellLater = std::function<void(int, Task<Value> (*)(Context&), int)>;
void AddFileCalls(const TellNow& now, const TellLater& later);
void AddStatusCalls(const TellNow& now);
void AddSocketCalls(const TellNow& now, const TellLater& later);
void AddEventCalls(const TellNow& now, const TellLater& later);

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_
