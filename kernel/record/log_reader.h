// Reads a log of lies back (log.h), to tell them again.
#ifndef FAULTLINE_KERNEL_RECORD_LOG_READER_H_
#define FAULTLINE_KERNEL_RECORD_LOG_READER_H_

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::kernel {

// A lie that was told, by the opportunity that it took. The members are those of Lie.
struct LoggedLie {
  std::string thread;
  std::string call;
  std::string signal;
  uint64_t n = 0;
  uint64_t k = 0;
  int64_t t = 0;
};

struct LoggedRun {
  struct Rule {
    std::string text;
    std::vector<LoggedLie> lies;  // those that were not withdrawn, by n
  };
  uint64_t seed = 1;
  std::vector<Rule> rules;
  std::vector<std::string> program;  // with its arguments

  // The last line has no end: the writer was killed, or its disk was full. It counts for nothing.
  bool cut_off = false;
  // Lies that somebody left out to shorten the file: its last line says {"left out": N}.
  uint64_t left_out = 0;
};

// A text that is no log. `what` names the line and what is wrong with it.
class LogError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// `text` is the whole file. Whether the rules are any is not looked at. Throws LogError.
LoggedRun ParseLog(std::string_view text);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_RECORD_LOG_READER_H_
