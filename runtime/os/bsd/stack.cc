// Where stacks end on the BSDs.
//
// The main thread's stack is the region below the address that the kernel tells at start, as large
// as the soft RLIMIT_STACK allows. On FreeBSD it grows down on demand until it would be larger
// (vm/vm_map.c, vm_map_growstack), or the region is used up, which exec made as large as the limit
// may get (kern/kern_exec.c, exec_new_vmspace); other stacks may be such a region too (MAP_STACK).
// On NetBSD the region is as large as any limit can get, and setrlimit opens and closes the part
// below the limit (kern/kern_resource.c, dosetrlimit). Any other stack is memory like any other.
// The kernel does not keep what a thread was given; what it has of a thread's stack is the map of
// the process: a variable, on Darwin the answers to messages about each piece.

#include "runtime/os/bsd/start.h"
#include "runtime/proc/internal.h"

namespace runtime {

namespace {

constexpr uintptr_t kPage = sys::kPageSize;
// security.bsd.stack_guard_page, pages that the end of a growing region is kept away from what is
// below: 1 unless an administrator has set it.
constexpr uintptr_t kGuard = kPage;

uintptr_t mainhi;  // set once at start

// The map of this process.
#if FAULTLINE_MACH
class Map {
 public:
  // A message for each record: from so far below `sp` on that its own and the one next to it come.
  explicit Map(uintptr_t sp) : at_(sp > kFar ? sp - kFar : 0) {}

  // The next record; false at the end.
  bool next(MapEntry* out) {
    if (!regionat(at_, out) || out->hi <= at_) return false;
    at_ = out->hi;
    return true;
  }

 private:
  static constexpr uintptr_t kFar = 16 << 20;
  uintptr_t at_;
};
#else
class Map {
 public:
  explicit Map(uintptr_t /*sp*/) {
    int name[8];
    const auto parts = static_cast<unsigned>(mapname(name));
    for (int i = 0; i < kTries; i++) {
      size_t size = 0;
      if (sys::sysctl(name, parts, nullptr, &size) != 0) return;
      // The map may grow until it is read, by this mapping for one.
      size = (size + size / 4 + 2 * kPage - 1) & ~(kPage - 1);
      const long at = sys::mmap(nullptr, size, sys::kPROT_READ | sys::kPROT_WRITE,
                                sys::kMAP_PRIVATE | sys::kMAP_ANONYMOUS, -1, 0);
      if (sys::iserror(at)) return;
      at_ = at;
      mapped_ = size;
      const long error = sys::sysctl(name, parts, reinterpret_cast<void*>(at), &size);
      if (error == 0) {
        used_ = size;
        return;
      }
      drop();
      if (error != -sys::kENOMEM) return;
    }
  }
  ~Map() { drop(); }
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  // The next record; false at the end.
  bool next(MapEntry* out) {
    if (offset_ >= used_) return false;
    const auto* at = reinterpret_cast<const void*>(static_cast<uintptr_t>(at_) + offset_);
    if (!mapentry(at, used_ - offset_, out)) return false;
    offset_ += out->bytes;
    return true;
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
#endif

// What is known of the memory around an address.
struct Region {
  Mapping mapping;
  bool grows = false;     // down, on demand
  uintptr_t belowlo = 0;  // where the neighbour below begins
};

bool findregion(uintptr_t sp, Region* out) {
  Map map(sp);
  MapEntry e = {};
  Region at;
  bool found = false;
  bool any = false;
  bool accessible = false;
  while (map.next(&e)) {
    // What a region has grown by may be a record of its own.
    if (any && at.grows && e.growsdown && at.mapping.hi == e.lo) {
      at.mapping.hi = e.hi;
    } else {
      if (found) break;
      if (any) {
        at.mapping.below = at.mapping.hi;
        at.belowlo = at.mapping.lo;
        at.mapping.belowaccessible = accessible;
      }
      at.mapping.lo = e.lo;
      at.mapping.hi = e.hi;
      at.grows = e.growsdown;
    }
    accessible = e.accessible;
    any = true;
    if (e.lo <= sp && sp < e.hi) found = true;
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

// The lowest address that the region can grow to. Where there is a hole below it for that
// (FreeBSD 10.4, 11.1, 12.0 and on: an entry without access), to the guard at its low end; else,
// and where the neighbour is somebody else's, no nearer than a guard.
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

bool stackinit(const Auxv& aux) {
  mainhi = mainstackend(aux);
  return mainhi != 0;
}

uintptr_t defaultstacksize() { return sys::threadstacksize(stacklimit()); }

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
  if (!findregion(sp, &region)) {  // before FreeBSD 8.0, NetBSD 8.0
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
