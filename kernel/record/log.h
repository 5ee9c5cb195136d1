// The log of lies: a line of JSON each, complete in the file as soon as the lie is told; the first
// line says what was asked for. log_reader.h reads it.
#ifndef FAULTLINE_KERNEL_RECORD_LOG_H_
#define FAULTLINE_KERNEL_RECORD_LOG_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/record/lines.h"

namespace faultline::kernel {

inline constexpr std::string_view kLogVersion = "faultline.log/1";

// What was asked for.
struct LogHead {
  uint64_t seed = 1;
  std::vector<std::string> rules;    // their texts, in order
  std::vector<std::string> program;  // with its arguments
};

struct Lie {
  pid_t tid = 0;
  std::string_view fault;
  size_t rule = 0;          // the rule's place on the command line, from 1
  uint64_t n = 0;           // the rule's opportunity that this was
  std::string thread = {};  // who, in a name that is the same in each run (Thread::path)
  uint64_t k = 0;           // the rule's opportunity among those of this thread in such a call
                            // and with such a signal
  int64_t t = 0;            // when: Log::Now()
  std::string call;         // the system call that the thread was in; empty: none
  std::string signal = {};  // that it took; empty: none, or it made no difference

  struct Change {
    std::string_view what;
    uint64_t before;
    uint64_t after;
  };
  // Registers are written as hexadecimal strings, anything else as numbers.
  std::vector<Change> changes;
  bool registers = true;
};

class Log {
 public:
  // Creates or empties the file and writes its first line. False with errno when it cannot be made.
  bool Open(const std::string& path, const LogHead& head);
  [[nodiscard]] bool is_open() const { return lines_.is_open(); }

  // Hears of each lie as it is told, also when there is no file.
  std::function<void(const Lie&)> on_lie;

  // Nanoseconds since the log was opened.
  [[nodiscard]] int64_t Now() const { return lines_.Now(); }

  void Write(const Lie& lie);
  // A lie that was written, but then not told after all: another signal came before the thread ran.
  void Withdraw(const Lie& lie);

 private:
  Lines lines_;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_RECORD_LOG_H_
