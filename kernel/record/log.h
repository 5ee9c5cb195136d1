// The log of lies: a line of JSON each, complete in the file as soon as the lie is told.
#ifndef FAULTLINE_KERNEL_RECORD_LOG_H_
#define FAULTLINE_KERNEL_RECORD_LOG_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::kernel {

struct Lie {
  pid_t tid = 0;
  std::string_view fault;
  size_t rule = 0;          // the rule's place on the command line, from 1
  uint64_t n = 0;           // the rule's opportunity that this was
  std::string thread = {};  // who, in a name that is the same in each run (Thread::path)
  uint64_t k = 0;           // the rule's opportunity among those of this thread
  int64_t t = 0;            // when: Log::Now()
  std::string call;         // the system call that the thread was in; empty: none
  std::string signal = {};  // of signal faults

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
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  // Creates or empties the file. False with errno when that fails.
  bool Open(const std::string& path);
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  // Hears of each lie as it is told, also when there is no file.
  std::function<void(const Lie&)> on_lie;

  // Nanoseconds since the log was opened.
  [[nodiscard]] int64_t Now() const;

  // Written at once. When it cannot be (a full disk), says so on fd 2, keeps what was written and
  // writes no more.
  void Write(const Lie& lie);
  // A lie that was written, but then not told after all: another signal came before the thread ran.
  void Withdraw(const Lie& lie);

 private:
  void WriteLine(const std::string& line);

  int fd_ = -1;
  std::string path_;
  int64_t start_ = 0;  // CLOCK_MONOTONIC, ns
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_RECORD_LOG_H_
