// The first thread's stack, as Linux tells it, and its place.

#include "abi/linux/generic/constants.h"
#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

namespace {

constexpr const char* kKernelsView = "/proc/thread-self/exe";
// More than the driver gives any program.
constexpr size_t kMostArguments = 32;

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

// Where a link of /proc leads to, as a string. False when that cannot be read.
bool ReadLink(const char* path, char* to, size_t size) {
  const long length =
      sys::call(sys::os::k_readlinkat, abi::linux_generic::kAT_FDCWD, reinterpret_cast<long>(path),
                reinterpret_cast<long>(to), static_cast<long>(size - 1));
  if (sys::iserror(length)) return false;
  to[length] = '\0';
  return true;
}

}  // namespace

uintptr_t MainThreadStackEnd() {
  MapsReader maps;
  for (char line[256]; maps.Next(line, sizeof line);) {
    if (!EndsWith(line, "[stack]")) continue;
    const char* text = line;
    const uintptr_t low = Hex(&text);
    ++text;
    const uintptr_t high = Hex(&text);
    // No stack is larger than its limit. QEMU's user mode maps it whole, and may show what it has
    // mapped right above as a part of it.
    sys::Rlimit limit;
    if (const long error = sys::getrlimit(sys::kRLIMIT_STACK, &limit); error != 0)
      Broken("getrlimit", error);
    return limit.cur != sys::kNoLimit && high - low > limit.cur
               ? low + static_cast<uintptr_t>(limit.cur)
               : high;
  }
  Broken("no [stack] in /proc/self/maps", 0);
}

bool AsksForFixedAddresses() {
  const auto persona = [](unsigned long value) {
    return sys::call(sys::os::k_personality, static_cast<long>(value));
  };
  const long now = persona(sys::kPersonalityQuery);
  if (sys::iserror(now) || (now & sys::kADDR_NO_RANDOMIZE) != 0) return false;
  persona(static_cast<unsigned long>(now) | sys::kADDR_NO_RANDOMIZE);
  return (persona(sys::kPersonalityQuery) & sys::kADDR_NO_RANDOMIZE) != 0;
}

long ExecuteAnew(char* const arguments[], char* const environment[]) {
  // In an emulator of programs (QEMU's user mode) the link called self is the program, which this
  // machine's kernel could not execute, or would without the emulator; the one called thread-self
  // is what this machine's kernel itself runs.
  static char program[4096];
  static char emulator[4096];
  if (!ReadLink(sys::executable(), program, sizeof program) ||
      !ReadLink(kKernelsView, emulator, sizeof emulator) || Same(program, emulator)) {
    return sys::execve(sys::executable(), arguments, environment);
  }
  static char* through[kMostArguments + 2];
  through[0] = emulator;
  through[1] = program;
  for (size_t i = 1; arguments[i - 1] != nullptr; ++i) {
    if (i > kMostArguments) return -sys::kENOMEM;
    through[i + 1] = arguments[i];
  }
  return sys::execve(emulator, through, environment);
}

}  // namespace faultline::support
