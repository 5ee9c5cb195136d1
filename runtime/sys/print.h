// Writing text from anywhere: handlers, foreign threads, a full stack. No allocation, no lock, one
// raw write per flush.
#ifndef FAULTLINE_RUNTIME_SYS_PRINT_H_
#define FAULTLINE_RUNTIME_SYS_PRINT_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/nosplit.h"
#include "runtime/sys/sys.h"

namespace runtime {

// Collects a line and writes it at flush() or at the end of its life; writes early when more than
// kSize bytes come. Chain: Print(2).s("sp=").hex(sp).s("\n");
class Print {
 public:
  static constexpr size_t kSize = 256;

  explicit GO_NOSPLIT Print(int fd) : fd_(fd) {}
  GO_NOSPLIT ~Print() { flush(); }
  Print(const Print&) = delete;
  Print& operator=(const Print&) = delete;

  GO_NOSPLIT Print& s(const char* text) {
    while (*text != 0) put(*text++);
    return *this;
  }
  GO_NOSPLIT Print& c(char character) {
    put(character);
    return *this;
  }
  GO_NOSPLIT Print& d(int64_t v) {
    if (v < 0) put('-');
    return u(v < 0 ? -static_cast<uint64_t>(v) : static_cast<uint64_t>(v));
  }
  GO_NOSPLIT Print& u(uint64_t v) {
    char digits[20];
    int n = 0;
    do {
      // 64-bit division by a constant needs a helper of libgcc on 386: divide in two halves of 32
      // bits.
      uint32_t rest = 0;
      uint64_t quotient = 0;
      for (int shift = 48; shift >= 0; shift -= 16) {
        const uint32_t part = rest << 16 | static_cast<uint32_t>((v >> shift) & 0xffff);
        quotient = quotient << 16 | part / 10;
        rest = part % 10;
      }
      digits[n++] = static_cast<char>('0' + rest);
      v = quotient;
    } while (v != 0);
    while (n > 0) put(digits[--n]);
    return *this;
  }
  // 0x and as few digits as needed.
  GO_NOSPLIT Print& hex(uint64_t v) {
    put('0');
    put('x');
    int shift = 60;
    while (shift > 0 && (v >> shift) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[(v >> shift) & 15]);
    return *this;
  }
  GO_NOSPLIT void flush() {
    size_t done = 0;
    while (done < n_) {
      const long wrote = sys::write(fd_, buf_ + done, n_ - done);
      if (wrote == -sys::kEINTR) continue;
      if (wrote <= 0) break;
      done += static_cast<size_t>(wrote);
    }
    n_ = 0;
  }

 private:
  GO_NOSPLIT void put(char character) {
    if (n_ == kSize) flush();
    buf_[n_++] = character;
  }

  int fd_;
  size_t n_ = 0;
  char buf_[kSize];
};

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_SYS_PRINT_H_
