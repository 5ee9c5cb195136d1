// TLS on linux/386 is a GDT slot (three per thread, switched with it) that GS selects. Every thread
// of the program uses the same slot with a base of its own.

#if defined(__i386__)  // for tools that read every file as one arch

#include "runtime/nosplit.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

extern "C" uint32_t runtime_getgs();
extern "C" void runtime_setgs(uint32_t selector);

namespace runtime {

namespace {

constexpr uint32_t kNoSlot = ~0u;  // set_thread_area: pick a free one
uint32_t slot = kNoSlot;           // written before there is a second thread

// A selector is index << 3 | table (4: LDT) | privilege. Index 0 of the GDT selects nothing.
GO_NOSPLIT bool selectsnothing(uint32_t selector) { return (selector & ~3u) == 0; }

GO_NOSPLIT long getslot(uint32_t entry, sys::os::UserDesc* desc) {
  desc->entry_number = entry;
  return sys::call(sys::os::k_get_thread_area, reinterpret_cast<long>(desc));
}

}  // namespace

GO_NOSPLIT void tlsinit(unsigned long) {
  const uint32_t selector = runtime_getgs();
  if (selectsnothing(selector) || (selector & 4) != 0) return;
  // A libc has set GS to its slot. Linux starts programs with GS empty, QEMU's user mode with GS on
  // the data segment, which is no slot that a program may set.
  sys::os::UserDesc desc = {};
  if (getslot(selector >> 3, &desc) == 0) slot = selector >> 3;
}

GO_NOSPLIT uint32_t tlsslot() { return slot; }

GO_NOSPLIT void savetls(ThreadTls* tls) {
  tls->selector = runtime_getgs();
  tls->base = 0;
  tls->haveslot = slot != kNoSlot && getslot(slot, &tls->slot) == 0;
  if (selectsnothing(tls->selector)) return;
  sys::os::UserDesc desc = {};
  if ((tls->selector & 4) == 0 && getslot(tls->selector >> 3, &desc) == 0) {
    tls->base = desc.base_addr;
  }
}

GO_NOSPLIT long installtls(uintptr_t tp) {
  sys::os::UserDesc desc = {};
  desc.entry_number = slot;
  if (tp == 0) {
    runtime_setgs(0);
    if (slot == kNoSlot) return 0;
    desc.flags = sys::os::kUserDescEmpty;
    return sys::call(sys::os::k_set_thread_area, reinterpret_cast<long>(&desc));
  }
  desc.base_addr = static_cast<uint32_t>(tp);
  desc.limit = 0xfffff;  // in pages
  desc.flags = sys::os::kUserDescFlat;
  const long error = sys::call(sys::os::k_set_thread_area, reinterpret_cast<long>(&desc));
  if (error != 0) return error;
  if (slot == kNoSlot) slot = desc.entry_number;
  runtime_setgs(slot << 3 | 3);
  return 0;
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) {
  if (tls->haveslot) {
    sys::os::UserDesc desc = tls->slot;
    // What get_thread_area tells of an empty slot is not what set_thread_area takes for one.
    if (desc.base_addr == 0 && desc.limit == 0) desc.flags = sys::os::kUserDescEmpty;
    runtime_setgs(0);
    sys::call(sys::os::k_set_thread_area, reinterpret_cast<long>(&desc));
  }
  runtime_setgs(tls->selector);
}

GO_NOSPLIT bool havetls() { return !selectsnothing(runtime_getgs()); }

}  // namespace runtime

#endif
