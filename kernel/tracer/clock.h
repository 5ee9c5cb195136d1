// The clock that everything here is timed by.
#ifndef FAULTLINE_KERNEL_TRACER_CLOCK_H_
#define FAULTLINE_KERNEL_TRACER_CLOCK_H_

#include <time.h>

#include <cstdint>

namespace faultline::kernel {

// Nanoseconds of CLOCK_MONOTONIC.
inline int64_t Clock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_CLOCK_H_
