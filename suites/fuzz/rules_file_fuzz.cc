// A rules file.

#include <algorithm>
#include <sstream>

#include "kernel/fault/rules_file.h"
#include "suites/fuzz/target.h"

int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace faultline;
  std::string text(suites::Text(data, size));
  std::istringstream file(text);
  std::vector<kernel::Rule> rules;
  auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  try {
    kernel::ReadRules(file, 1, &rules);
    suites::Require(static_cast<int64_t>(rules.size()) <= lines, "more rules than lines");
  } catch (const kernel::RulesFileError& error) {
    suites::RequireSound(error, error.text());
    suites::Require(error.line() >= 1 && error.line() <= lines, "a line outside of the file");
    suites::Require(text.find(error.text()) != std::string::npos, "not what stands in the file");
  }
  return 0;
}
