// Where stacks end on FreeBSD.
//
// The main thread's stack is the region below kern.usrstack; it grows down on demand until it would
// be larger than the soft RLIMIT_STACK (vm/vm_map.c, vm_map_growstack), or the region is used up,
// which exec made as large as the limit may get (kern/kern_exec.c, exec_new_vmspace). Any other
// stack is memory like any other, or such a region too (MAP_STACK). The kernel does not keep what
// thr_new was given; what it has of a thread's stack is the map of the process.

#include "runtime/os/freebsd/start.h"
#include "runtime/proc/internal.h"

namespace runtime {

namespace {

constexpr uintptr_t kPage = sys::kPageSize;
// security.bsd.stack_guard_page, pages that the end of a growing region is kept away from what is
// below: 1 unless an administrator has set it.
constexpr uintptr_t kGuard = kPage;

uintptr_t mainhi;  // set once at start

// The map of this process, as kern.proc.vmmap has it: in the order of addresses.
class Vmmap {
 public:
  Vmmap() {
    const int name[] = {sys::kCTL_KERN, sys::kKERN_PROC, sys::kKERN_PROC_VMMAP,
                        static_cast<int>(sys::getpid())};
    for (int i = 0; i < kTries; i++) {
      size_t size = 0;
      if (sys::sysctl(name, 4, nullptr, &size) != 0) return;
      // The map may grow until it is read, by this mapping for one.
      size = (size + size / 4 + 2 * kPage - 1) & ~(kPage - 1);
      const long at = sys::mmap(nullptr, size, sys::kPROT_READ | sys::kPROT_WRITE,
                                sys::kMAP_PRIVATE | sys::kMAP_ANONYMOUS, -1, 0);
      if (sys::iserror(at)) return;
      at_ = at;
      mapped_ = size;
      const long error = sys::sysctl(name, 4, reinterpret_cast<void*>(at), &size);
      if (error == 0) {
        used_ = size;
        return;
      }
      drop();
      if (error != -sys::kENOMEM) return;
    }
  }
  ~Vmmap() { drop(); }
  Vmmap(const Vmmap&) = delete;
  Vmmap& operator=(const Vmmap&) = delete;

  // The next record, or null at the end.
  const sys::KinfoVmentry* next() {
    if (offset_ + sizeof(sys::KinfoVmentry) > used_) return nullptr;
    const auto* entry =
        reinterpret_cast<const sys::KinfoVmentry*>(static_cast<uintptr_t>(at_) + offset_);
    if (entry->structsize < static_cast<int32_t>(sizeof(sys::KinfoVmentry))) return nullptr;
    offset_ += static_cast<size_t>(entry->structsize);
    return entry;
  }

 private:
  static constexpr int kTries = 4;

  void drop() {
    if (mapped_ != 0) sys::munmap(reinterpret_cast<void*>(at_), mapped_);
    mapped_ = 0;
    used_ = 0;
  }

  long at_ = 0;
  size_t mapped_ = 0;
  size_t used_ = 0;
  size_t offset_ = 0;
};

bool growsdown(const sys::KinfoVmentry& e) {
  return (e.flags & sys::kKVME_FLAG_GROWS_DOWN) != 0 && e.protection != 0;
}

// What is known of the memory around an address.
struct Region {
  Mapping mapping;
  bool grows = false;     // down, on demand
  uintptr_t belowlo = 0;  // where the neighbour below begins
};

bool findregion(uintptr_t sp, Region* out) {
  Vmmap map;
  Region at;
  bool found = false;
  bool any = false;
  bool accessible = false;
  while (const sys::KinfoVmentry* e = map.next()) {
    const auto lo = static_cast<uintptr_t>(e->start);
    const auto hi = static_cast<uintptr_t>(e->end);
    // What a region has grown by may be a record of its own.
    if (any && at.grows && growsdown(*e) && at.mapping.hi == lo) {
      at.mapping.hi = hi;
    } else {
      if (found) break;
      if (any) {
        at.mapping.below = at.mapping.hi;
        at.belowlo = at.mapping.lo;
        at.mapping.belowaccessible = accessible;
      }
      at.mapping.lo = lo;
      at.mapping.hi = hi;
      at.grows = growsdown(*e);
    }
    accessible = e->protection != 0;
    any = true;
    if (lo <= sp && sp < hi) found = true;
  }
  if (found) *out = at;
  return found;
}

uintptr_t stacklimit() {
  sys::Rlimit limit = {};
  if (sys::getrlimit(sys::kRLIMIT_STACK, &limit) != 0) return sys::os::kMaxStack;
  const auto most = static_cast<int64_t>(sys::os::kMaxStack);
  return static_cast<uintptr_t>(limit.cur > most ? most : limit.cur) & ~(kPage - 1);
}

// The lowest address that the region can grow to. Where releases keep a hole below it for that
// (10.4, 11.1, 12.0 and on: an entry without access), to the guard at its low end; else, and where
// the neighbour is somebody else's, no nearer than a guard.
uintptr_t growthfloor(const Region& region) {
  const Mapping& m = region.mapping;
  if (m.below == 0) return 0;
  if (m.below == m.lo && !m.belowaccessible) return region.belowlo + kGuard;
  return m.below + kGuard;
}

}  // namespace

bool findmapping(uintptr_t sp, Mapping* out) {
  Region region;
  if (!findregion(sp, &region)) return false;
  *out = region.mapping;
  return true;
}

bool stackinit() {
  const int name[] = {sys::kCTL_KERN, sys::kKERN_USRSTACK};
  size_t size = sizeof(mainhi);
  return sys::sysctl(name, 2, &mainhi, &size) == 0 && mainhi != 0;
}

uintptr_t defaultstacksize() { return sys::os::kThreadStackDefault; }

bool onmainstack(uintptr_t sp) {
  const StackBounds bounds = mainstackbounds();
  return bounds.lo <= sp && sp < bounds.hi;
}

StackBounds mainstackbounds() {
  StackBounds bounds = {mainhi - stacklimit(), mainhi};
  Region region;
  if (findregion(mainhi - 1, &region)) {
    const uintptr_t floor = growthfloor(region);
    if (floor > bounds.lo) bounds.lo = floor;
    // What is mapped is usable, were it beyond a limit lowered since.
    if (region.mapping.lo < bounds.lo) bounds.lo = region.mapping.lo;
  }
  return bounds;
}

StackBounds stackbounds(uintptr_t sp) {
  const M* m = getm();
  if (m != nullptr && m->threadlo <= sp && sp < m->threadhi) return {m->threadlo, m->threadhi};
  StackBounds bounds = {};
  if (libcstackbounds(sp, &bounds)) return bounds;
  // Go assumes 32 KB below a foreign thread's stack pointer (proc.go, needm); so does this, where
  // nothing better is known.
  constexpr uintptr_t kAssumed = 32 << 10;
  Region region;
  if (!findregion(sp, &region)) {  // before 8.0
    if (onmainstack(sp)) return mainstackbounds();
    return {sp - kAssumed, sp + kAssumed};
  }
  if (region.mapping.hi == mainhi) return mainstackbounds();
  bounds = {region.mapping.lo, region.mapping.hi};
  if (region.grows) {
    // With a hole below it, all of that is still to come. Without, the kernel does not tell how far
    // it may grow: what is mapped, and the assumption.
    const Mapping& at = region.mapping;
    const bool hole = at.below == at.lo && !at.belowaccessible;
    const uintptr_t lo = hole ? growthfloor(region) : sp - kAssumed;
    if (lo < bounds.lo) bounds.lo = lo;
  }
  return bounds;
}

}  // namespace runtime
