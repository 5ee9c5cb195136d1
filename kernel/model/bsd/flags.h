// The flags of open, to and from the host's.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_FLAGS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_FLAGS_H_

#include <fcntl.h>

namespace faultline::kernel::model {

struct FlagPair {
  int guest;
  int host;
};
template <typename O>
int FlagsToHost(int flags) {
  int host = flags & 3;
  for (const FlagPair& each : O::kOpenFlags)
    if (flags & each.guest) host |= each.host;
  return host;
}

template <typename O>
int FlagsFromHost(int flags) {
  int guest = flags & O_ACCMODE;
  for (const FlagPair& each : O::kOpenFlags)
    if ((flags & each.host) == each.host) guest |= each.guest;
  return guest;
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_FLAGS_H_
