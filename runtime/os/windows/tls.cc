// TLS on Windows is a table in each thread's TEB, which GS (amd64) or FS (386) leads to. Two slots
// of it are the runtime's: g and m. Every thread has them, those the runtime did not make as well:
// there they are 0 from birth. (ArbitraryUserPointer, where Go kept its TLS until 1.20, is ntdll's
// while it loads a library.)
//
// What needm and sigtramp lend to a thread is what is in the slots: a "TLS block" holds that.

#include "runtime/sys/tls.h"

#include "runtime/os/windows/start.h"
#include "runtime/proc/internal.h"

extern "C" {
uintptr_t runtime_gslot;
uintptr_t runtime_mslot;
}

namespace runtime {

namespace {

struct Block {
  G* g;
  M* m;
};

// The slots that lie in the TEB itself; further ones are behind a pointer.
constexpr uint32_t kSlots = 64;

uintptr_t slot() {
  const uint32_t index = sys::os::TlsAlloc();
  return index < kSlots ? sys::os::Teb::kTlsSlots + index * sizeof(void*) : 0;
}

}  // namespace

GO_NOSPLIT bool tlsslotsinit() {
  runtime_gslot = slot();
  runtime_mslot = slot();
  return runtime_gslot != 0 && runtime_mslot != 0;
}

GO_NOSPLIT void savetls(ThreadTls* tls) {
  tls->g = tlsg();
  tls->m = tlsm();
}

GO_NOSPLIT long installtls(uintptr_t tp) {
  const auto* block = reinterpret_cast<const Block*>(tp);
  settlsg(tp != 0 ? block->g : nullptr);
  settlsm(tp != 0 ? block->m : nullptr);
  return 0;
}

GO_NOSPLIT void restoretls(const ThreadTls* tls) {
  settlsg(static_cast<G*>(tls->g));
  settlsm(static_cast<M*>(tls->m));
}

GO_NOSPLIT bool havetls() { return true; }

GO_NOSPLIT uintptr_t newtls(G* g, M* m) {
  const auto tp = reinterpret_cast<uintptr_t>(sysalloc(sizeof(Block)));
  if (tp != 0) setblocktls(tp, g, m);
  return tp;
}

GO_NOSPLIT void setblocktls(uintptr_t tp, G* g, M* m) { *reinterpret_cast<Block*>(tp) = {g, m}; }

// The slots are every thread's own.
GO_NOSPLIT bool ownsprogramtls() { return true; }

}  // namespace runtime
