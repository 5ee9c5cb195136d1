// The bases of fs and gs.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_SEGMENTS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_SEGMENTS_H_

#include "kernel/model/process.h"

namespace faultline::kernel::model {

// Whether it is 386 code that runs.
inline bool Is32(const user_regs_struct& regs) { return regs.cs == kHostCode32; }

// Sets a base; in 386 code by a descriptor of the host's, whose selector is loaded, and which ends
// with the page `last_page`. 0 or -errno.
inline constexpr uint32_t kAllPages = 0xfffff;
Value SetSegmentBase(Thread& thread, bool gs, uint64_t base, uint32_t last_page = kAllPages);
// 386: writes the base, a word, to `at`.
Value GetSegmentBase(Thread& thread, bool gs, uint64_t at);

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_SEGMENTS_H_
