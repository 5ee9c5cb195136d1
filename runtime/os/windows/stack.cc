// Where stacks end on Windows. The TEB knows a thread's whole stack: DeallocationStack is the low
// end of what is reserved, StackBase the high end; what lies between is committed from above, a
// page at a time, by a guard page that moves down (StackLimit tells how far). The size of the
// reserve is whoever made the thread's choice, by default that of the program's header.

#include "runtime/os/windows/start.h"
#include "runtime/proc/internal.h"

// Where the program is loaded; the linker's.
extern "C" const unsigned char __ImageBase[];

namespace runtime {

bool findmapping(uintptr_t sp, Mapping* out) {
  sys::os::MemoryInformation at = {};
  if (sys::os::VirtualQuery(reinterpret_cast<const void*>(sp), &at, sizeof(at)) != sizeof(at) ||
      at.state == sys::os::kMEM_FREE) {
    return false;
  }
  *out = {at.base, at.base + at.size, 0, false};
  return true;
}

uintptr_t defaultstacksize() {
  // IMAGE_DOS_HEADER's e_lfanew; SizeOfStackReserve, a word in either form of the optional header
  // (winnt.h).
  constexpr size_t kNewHeader = 0x3c;
  constexpr size_t kReserve = 24 + 72;
  uint32_t offset = 0;
  uintptr_t reserve = 0;
  __builtin_memcpy(&offset, __ImageBase + kNewHeader, sizeof(offset));
  __builtin_memcpy(&reserve, __ImageBase + offset + kReserve, sizeof(reserve));
  return reserve;
}

bool onmainstack(uintptr_t sp) { return g0.stacklo <= sp && sp < g0.stackhi; }

// Asked for on the main thread, at start.
GO_NOSPLIT StackBounds mainstackbounds() {
  const sys::ThreadStack stack = sys::threadstack();
  return {stack.low, stack.high};
}

StackBounds stackbounds(uintptr_t sp) {
  const M* m = getm();
  if (m != nullptr && m->threadlo <= sp && sp < m->threadhi) return {m->threadlo, m->threadhi};
  const sys::ThreadStack stack = sys::threadstack();
  if (stack.low <= sp && sp < stack.high) return {stack.low, stack.high};
  // C that has switched stacks.
  Mapping mapping;
  if (findmapping(sp, &mapping)) return {mapping.lo, mapping.hi};
  constexpr uintptr_t kAssumed = 32 << 10;  // as Go does (proc.go, needm)
  return {sp - kAssumed, sp + kAssumed};
}

GO_NOSPLIT bool libcstackbounds(uintptr_t, StackBounds*) { return false; }

}  // namespace runtime
