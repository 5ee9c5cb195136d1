#include "repro/support/line.h"

#include "runtime/sys/sys.h"

namespace faultline::support {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr uint64_t kPowersOfTen[] = {
    10000000000000000000u,
    1000000000000000000,
    100000000000000000,
    10000000000000000,
    1000000000000000,
    100000000000000,
    10000000000000,
    1000000000000,
    100000000000,
    10000000000,
    1000000000,
    100000000,
    10000000,
    1000000,
    100000,
    10000,
    1000,
    100,
    10,
    1,
};

}  // namespace

void Line::Put(char c) {
  // One byte is kept for the newline.
  if (size_ < kCapacity - 1) text_[size_++] = c;
}

void Line::Raw(const char* text) {
  for (; *text != '\0'; ++text) Put(*text);
}

void Line::Key(const char* key) {
  Put(' ');
  Raw(key);
  Put('=');
}

Line& Line::Text(const char* key, const char* value) {
  Key(key);
  for (; *value != '\0'; ++value) {
    const auto byte = static_cast<unsigned char>(*value);
    if (byte <= ' ' || byte == '%' || byte == 0x7f) {
      Put('%');
      Put(kHexDigits[byte >> 4]);
      Put(kHexDigits[byte & 15]);
    } else {
      Put(*value);
    }
  }
  return *this;
}

Line& Line::Number(const char* key, int64_t value) {
  Key(key);
  uint64_t magnitude = static_cast<uint64_t>(value);
  if (value < 0) {
    Put('-');
    magnitude = -magnitude;
  }
  // By subtraction: on 386 a 64-bit division is a call into a library that a freestanding program
  // has not got.
  bool started = false;
  for (uint64_t power : kPowersOfTen) {
    char digit = '0';
    for (; magnitude >= power; magnitude -= power) ++digit;
    started = started || digit != '0' || power == 1;
    if (started) Put(digit);
  }
  return *this;
}

Line& Line::Hex(const char* key, uint64_t value) {
  Key(key);
  Put('0');
  Put('x');
  int shift = 60;
  while (shift > 0 && (value >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) Put(kHexDigits[(value >> shift) & 15]);
  return *this;
}

void Line::Write() {
  text_[size_++] = '\n';
  while (runtime::sys::write(1, text_, size_) == -runtime::sys::kEINTR) {
  }
}

}  // namespace faultline::support
