#include "repro/support/stack.h"

#include "repro/support/program.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

namespace {

// The kernel's "no limit" is all ones, in whatever width this ABI has.
constexpr auto kInfinity = static_cast<decltype(sys::Rlimit::cur)>(kNoLimit);

// Reads /proc/self/maps line by line: "low-high perms offset dev inode path".
class MapsReader {
 public:
  MapsReader()
      : fd_(static_cast<int>(sys::open("/proc/self/maps", sys::kO_RDONLY | sys::kO_CLOEXEC))) {
    if (fd_ < 0) Broken("open /proc/self/maps", fd_);
  }
  ~MapsReader() { sys::close(fd_); }
  MapsReader(const MapsReader&) = delete;
  MapsReader& operator=(const MapsReader&) = delete;

  // The next line, without its newline, cut to what fits. False at the end.
  bool Next(char* line, size_t size) {
    size_t length = 0;
    bool any = false;
    for (char c; Get(&c);) {
      any = true;
      if (c == '\n') break;
      if (length < size - 1) line[length++] = c;
    }
    line[length] = '\0';
    return any;
  }

 private:
  bool Get(char* c) {
    if (next_ == filled_) {
      const long got = sys::read(fd_, buffer_, sizeof buffer_);
      if (got <= 0) return false;
      filled_ = static_cast<size_t>(got);
      next_ = 0;
    }
    *c = buffer_[next_++];
    return true;
  }

  const int fd_;
  size_t next_ = 0;
  size_t filled_ = 0;
  char buffer_[512];
};

// The hexadecimal number at *text, which moves behind it.
uintptr_t Hex(const char** text) {
  uintptr_t value = 0;
  for (;; ++*text) {
    const char c = **text;
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<uintptr_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<uintptr_t>(c - 'a' + 10);
    } else {
      return value;
    }
  }
}

bool EndsWith(const char* text, const char* end) {
  const size_t length = strlen(text);
  const size_t end_length = strlen(end);
  return length >= end_length && Same(text + length - end_length, end);
}

}  // namespace

Stack MainThreadStack() {
  sys::Rlimit limit;
  if (const long error = sys::getrlimit(sys::kRLIMIT_STACK, &limit); error != 0)
    Broken("getrlimit", error);
  MapsReader maps;
  for (char line[256]; maps.Next(line, sizeof line);) {
    if (!EndsWith(line, "[stack]")) continue;
    const char* text = line;
    Hex(&text);
    ++text;
    const uintptr_t high = Hex(&text);
    if (limit.cur == kInfinity) return {0, high};
    return {high - static_cast<uintptr_t>(limit.cur) / sys::kPageSize * sys::kPageSize, high};
  }
  Broken("no [stack] in /proc/self/maps", 0);
}

// Whether addresses will not be randomised after the next exec; asks the kernel for it. A kernel
// that knows no such thing has nothing to be asked twice.
static bool AsksForFixedAddresses() {
  const long persona = sys::personality(sys::kPersonalityQuery);
  if (sys::iserror(persona) || (persona & sys::kADDR_NO_RANDOMIZE) != 0) return false;
  sys::personality(static_cast<unsigned long>(persona) | sys::kADDR_NO_RANDOMIZE);
  return (sys::personality(sys::kPersonalityQuery) & sys::kADDR_NO_RANDOMIZE) != 0;
}

void ExecuteWithStackLimit(uint64_t bytes) {
  const auto wanted = static_cast<decltype(sys::Rlimit::cur)>(bytes);
  sys::Rlimit limit;
  if (const long error = sys::getrlimit(sys::kRLIMIT_STACK, &limit); error != 0)
    Broken("getrlimit", error);
  if (!AsksForFixedAddresses() && limit.cur == wanted) return;
  limit.cur = wanted;
  // A lower hard limit can be raised with a privilege only.
  if (limit.max < wanted) limit.max = wanted;
  if (const long error = sys::setrlimit(sys::kRLIMIT_STACK, &limit); error != 0) {
    Broken("setrlimit of RLIMIT_STACK: is the hard limit lower?", error);
  }
  // Without an environment: it lies on the stack, and may take a quarter of it (fs/exec.c).
  char* const no_environment[] = {nullptr};
  Broken("execve", sys::execve("/proc/self/exe", Arguments(), no_environment));
}

}  // namespace faultline::support
