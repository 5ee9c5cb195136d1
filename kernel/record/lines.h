// A file of lines, each complete in it as soon as it is written.
#ifndef FAULTLINE_KERNEL_RECORD_LINES_H_
#define FAULTLINE_KERNEL_RECORD_LINES_H_

#include <cstdint>
#include <string>

namespace faultline::kernel {

class Lines {
 public:
  Lines() = default;
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines();

  // Creates or empties the file. False with errno when that fails. `who` complains, should a line
  // not be written.
  bool Open(const std::string& path, const char* who);
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  // Nanoseconds since the file was opened.
  [[nodiscard]] int64_t Now() const;

  // Written at once, `line` having its newline. When it cannot be (a full disk), says so on fd 2,
  // keeps what was written and writes no more.
  void Write(const std::string& line);

 private:
  int fd_ = -1;
  std::string path_;
  const char* who_ = "";
  int64_t start_ = 0;  // CLOCK_MONOTONIC, ns
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_RECORD_LINES_H_
