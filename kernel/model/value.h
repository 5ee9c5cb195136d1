// What a call of a guest comes to, before its system's conventions are applied.
#ifndef FAULTLINE_KERNEL_MODEL_VALUE_H_
#define FAULTLINE_KERNEL_MODEL_VALUE_H_

#include <cstdint>

namespace faultline::kernel::model {

// A result, or -errno with the host's numbers (they are small; the system translates them).
using Value = int64_t;

// Not errors that a guest sees, and no errno of the host. As the BSD kernels have them:
// The call is to be made again (ERESTART).
inline constexpr Value kRestart = -512;
// The registers are already what they shall be (EJUSTRETURN).
inline constexpr Value kJustReturn = -513;
// The thread is no more.
inline constexpr Value kGone = -514;

constexpr bool IsError(Value value) { return value < 0 && value > kRestart; }

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_VALUE_H_
