// A rules file: a rule a line; blank lines and what follows a '#' count for nothing.
#ifndef FAULTLINE_KERNEL_FAULT_RULES_FILE_H_
#define FAULTLINE_KERNEL_FAULT_RULES_FILE_H_

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "kernel/fault/grammar.h"
#include "kernel/fault/rule.h"

namespace faultline::kernel {

// A line that holds no rule. The column counts within `text`.
class RulesFileError : public SpecError {
 public:
  RulesFileError(int line, std::string text, size_t column, const std::string& what)
      : SpecError(column, what), line_(line), text_(std::move(text)) {}
  [[nodiscard]] int line() const { return line_; }  // from 1
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  int line_;
  std::string text_;  // the line, with no comment
};

// Adds the rules of a file to `rules`; with `seed` as Rule has it. Throws RulesFileError. That the
// file could not be read to its end is for the stream to tell.
void ReadRules(std::istream& file, uint64_t seed, std::vector<Rule>* rules);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_RULES_FILE_H_
