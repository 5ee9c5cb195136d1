// The calls on files: what several of their files need, and their parts of the table.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_

#include <errno.h>

#include <functional>
#include <optional>
#include <string>

#include "kernel/model/freebsd/context.h"

namespace faultline::kernel::model::freebsd {

// A path argument and the folder that it is relative to, in the host's terms.
struct Place {
  int folder;
  std::string path;
};
// -EFAULT, -ENAMETOOLONG or -EBADF in `error`.
std::optional<Place> GetPlace(Context& c, int folder, uint64_t at, Value* error);

// The result of a host call, f(const Place&), that returns 0 or sets errno.
template <typename F>
Value AtPlace(Context& c, int folder, uint64_t at, F&& f) {
  Value error = 0;
  std::optional<Place> place = GetPlace(c, folder, at, &error);
  if (!place) return error;
  return f(*place) == 0 ? 0 : -errno;
}

// Each tells the table: now(number, function, since), later(number, function, since).
using TellNow = std::function<void(int, Value (*)(Context&), int)>;
using TellLater = std::function<void(int, Task<Value> (*)(Context&), int)>;
void AddFileCalls(const TellNow& now, const TellLater& later);
void AddStatusCalls(const TellNow& now);
void AddSocketCalls(const TellNow& now, const TellLater& later);
void AddEventCalls(const TellNow& now, const TellLater& later);

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_FILE_CALLS_H_
