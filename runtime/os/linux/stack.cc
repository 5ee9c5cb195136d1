// Where stacks end on Linux.
//
// The main thread's stack is one mapping that grows down on demand until it would be larger than
// the soft RLIMIT_STACK (acct_stack_growth in mm/mmap.c), or come nearer than stack_guard_gap to an
// accessible mapping below. Its upper end never moves; it is the page end after the program's name,
// the last thing exec puts there (fs/exec.c).

#include "runtime/os/linux/start.h"
#include "runtime/proc/internal.h"

namespace runtime {

namespace {

constexpr uintptr_t kPage = sys::kPageSize;

uintptr_t mainhi;  // set once at start
uintptr_t startlimit;

// Reads /proc/self/maps line by line without ever holding more than a buffer of it.
class Maps {
 public:
  Maps() : fd_(sys::open("/proc/self/maps", sys::kO_RDONLY | sys::kO_CLOEXEC)) {}
  ~Maps() {
    if (fd_ >= 0) sys::close(static_cast<int>(fd_));
  }
  Maps(const Maps&) = delete;
  Maps& operator=(const Maps&) = delete;

  // The next line's range and whether it can be accessed at all.
  bool next(uintptr_t* lo, uintptr_t* hi, bool* accessible) {
    if (fd_ < 0 || !number('-', lo) || !number(' ', hi)) return false;
    *accessible = false;
    for (int c = get(); c != '\n'; c = get()) {
      if (c < 0) return false;
      if (inprot_ && c != '-' && c != 'p' && c != 's') *accessible = true;
      if (c == ' ') inprot_ = false;
    }
    inprot_ = true;
    return true;
  }

 private:
  int get() {
    if (at_ == n_) {
      long got = 0;
      do {
        got = sys::read(static_cast<int>(fd_), buf_, sizeof(buf_));
      } while (got == -sys::kEINTR);
      if (got <= 0) return -1;
      n_ = static_cast<size_t>(got);
      at_ = 0;
    }
    return static_cast<unsigned char>(buf_[at_++]);
  }
  bool number(int end, uintptr_t* v) {
    *v = 0;
    for (int c = get(); c != end; c = get()) {
      if (c >= '0' && c <= '9') {
        *v = *v << 4 | static_cast<uintptr_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        *v = *v << 4 | static_cast<uintptr_t>(c - 'a' + 10);
      } else {
        return false;
      }
    }
    return true;
  }

  long fd_;
  bool inprot_ = true;
  size_t at_ = 0;
  size_t n_ = 0;
  char buf_[512];
};

uintptr_t stacklimit() {
  sys::Rlimit limit = {};
  if (sys::getrlimit(sys::kRLIMIT_STACK, &limit) != 0 || limit.cur == sys::os::kRlimInfinity)
    return ~uintptr_t{0};
  return static_cast<uintptr_t>(limit.cur);
}

}  // namespace

bool findmapping(uintptr_t sp, Mapping* out) {
  Maps maps;
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  bool accessible = false;
  out->below = 0;
  out->belowaccessible = false;
  while (maps.next(&lo, &hi, &accessible)) {
    if (lo <= sp && sp < hi) {
      out->lo = lo;
      out->hi = hi;
      return true;
    }
    out->below = hi;
    out->belowaccessible = accessible;
  }
  return false;
}

void stackinit(const char* execfn) {
  // exec puts the name last. Linux leaves a null word after it (fs/exec.c, bprm->p), gVisor does
  // not: the stack ends with the page that the name ends in.
  const char* end = execfn;
  while (*end != 0) end++;
  mainhi = (reinterpret_cast<uintptr_t>(end) + 1 + kPage - 1) & ~(kPage - 1);
  // glibc's rule (nptl-init.c): the soft limit at start, ARCH_STACK_DEFAULT_SIZE when unlimited, at
  // least PTHREAD_STACK_MIN, whole pages.
  constexpr uintptr_t kArchDefault = 2 << 20;
  constexpr uintptr_t kStackMin = 16 << 10;
  startlimit = stacklimit();
  if (startlimit == ~uintptr_t{0}) startlimit = kArchDefault;
  if (startlimit < kStackMin) startlimit = kStackMin;
  startlimit = (startlimit + kPage - 1) & ~(kPage - 1);
}

void setdefaultstacksize(uintptr_t bytes) { startlimit = bytes; }

uintptr_t defaultstacksize() { return startlimit; }

bool onmainstack(uintptr_t sp) {
  if (sp >= mainhi) return false;
  Mapping m;
  return findmapping(sp, &m) && m.hi == mainhi;
}

StackBounds mainstackbounds() {
  constexpr uintptr_t kGap = sys::kStackGuardGapPages * kPage;
  StackBounds bounds = {0, mainhi};
  const uintptr_t limit = stacklimit() & ~(kPage - 1);
  bounds.lo = limit >= mainhi ? kGap : mainhi - limit;
  Mapping m;
  if (findmapping(mainhi - 1, &m)) {
    const uintptr_t floor = m.below + (m.belowaccessible ? kGap : 0);
    if (m.below != 0 && floor > bounds.lo) bounds.lo = floor;
    // What is mapped is usable, were it beyond a limit lowered since.
    if (m.lo < bounds.lo) bounds.lo = m.lo;
  } else if (limit >= mainhi) {
    bounds.lo = mainhi - startlimit;  // no limit and no /proc: believe in what a thread would get
  }
  return bounds;
}

StackBounds stackbounds(uintptr_t sp) {
  StackBounds bounds = {};
  const M* m = getm();
  if (m != nullptr && m->threadlo <= sp && sp < m->threadhi) return {m->threadlo, m->threadhi};
  if (libcstackbounds(sp, &bounds)) return bounds;
  Mapping mapping;
  if (findmapping(sp, &mapping)) {
    if (mapping.hi == mainhi) return mainstackbounds();
    return {mapping.lo, mapping.hi};
  }
  // No /proc. Go assumes 32 KB below a foreign thread's stack pointer (proc.go, needm); so does
  // this.
  constexpr uintptr_t kAssumed = 32 << 10;
  return {sp - kAssumed, sp + kAssumed};
}

}  // namespace runtime
