// One line of the program protocol, built on the caller's stack and written with one write.
//
// Usable anywhere a reproduction can find itself: in a signal handler, on a thread without
// thread-local storage, on a goroutine. Nothing is allocated, no lock is taken, and a line that is
// too long is cut, never split.

#ifndef REPRO_SUPPORT_LINE_H_
#define REPRO_SUPPORT_LINE_H_

#include <stddef.h>
#include <stdint.h>

namespace faultline::support {

class Line {
 public:
  // Starts a line with its event: start, control, progress, hit, note, end.
  explicit Line(const char* event) { Raw(event); }

  // Each appends " key=value". Blanks, control characters and the percent sign in `value` are
  // written as %XX.
  Line& Text(const char* key, const char* value);
  Line& Number(const char* key, int64_t value);
  Line& Hex(const char* key, uint64_t value);

  // Writes the line to fd 1. Call once, last.
  void Write();

 private:
  static constexpr size_t kCapacity = 1024;

  void Raw(const char* text);
  void Key(const char* key);
  void Put(char c);

  size_t size_ = 0;
  char text_[kCapacity];
};

}  // namespace faultline::support

#endif  // REPRO_SUPPORT_LINE_H_
