#include "kernel/model/bsd/segments.h"

#include <errno.h>
#include <sys/ptrace.h>

#include "kernel/model/calls.h"

namespace faultline::kernel::model {

Value SetSegmentBase(Thread& thread, bool gs, uint64_t base, uint32_t last_page) {
  user_regs_struct& regs = thread.host.regs;
  if (!Is32(regs)) {
    if (base >= MemoryEnd(thread)) return -EINVAL;
    (gs ? regs.gs_base : regs.fs_base) = base;
    return 0;
  }
  // The host's GDT has three slots for this; the selector is the host's, too.
  struct {
    uint32_t entry, base, limit, flags;
  } descriptor = {.entry = static_cast<uint32_t>(kHostTlsSlot + (gs ? 0 : 1)),
                  .base = static_cast<uint32_t>(base),
                  .limit = last_page,
                  .flags = 0x51};  // 32 bits, limit in pages, usable
  if (ptrace(PTRACE_SET_THREAD_AREA, thread.host.tid(), descriptor.entry, &descriptor) != 0)
    return -EINVAL;
  (gs ? regs.gs : regs.fs) = kHostTlsSelector + (gs ? 0 : 8);
  // Where the processor has FSGSBASE the host loads the selector, and then the base over it.
  (gs ? regs.gs_base : regs.fs_base) = base;
  return 0;
}

Value GetSegmentBase(Thread& thread, bool gs, uint64_t at) {
  struct {
    uint32_t entry, base, limit, flags;
  } descriptor = {};
  const user_regs_struct& regs = thread.host.regs;
  uint64_t selector = gs ? regs.gs : regs.fs;
  if (selector >= kHostTlsSelector &&
      ptrace(PTRACE_GET_THREAD_AREA, thread.host.tid(), selector >> 3, &descriptor) != 0)
    return -EINVAL;
  return thread.host.Write(at, &descriptor.base, sizeof descriptor.base) ? 0 : -EFAULT;
}

}  // namespace faultline::kernel::model
