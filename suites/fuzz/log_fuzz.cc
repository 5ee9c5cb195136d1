// A log of lies, as --replay reads it, and the rules in it.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "kernel/fault/rule.h"
#include "kernel/record/log_reader.h"
#include "suites/fuzz/target.h"

int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace faultline;
  std::string_view text = suites::Text(data, size);
  try {
    kernel::LoggedRun run = kernel::ParseLog(text);
    suites::Require(!run.program.empty(), "a run of no program");
    for (size_t i = 0; i < run.rules.size(); ++i) {
      uint64_t last = 0;
      for (const kernel::LoggedLie& lie : run.rules[i].lies) {
        suites::Require(lie.n > last && lie.k > 0, "lies out of order");
        last = lie.n;
      }
      try {
        kernel::Rule rule(run.rules[i].text, run.seed, i);
      } catch (const kernel::SpecError& error) {
        suites::RequireSound(error, run.rules[i].text);
      }
    }
  } catch (const kernel::LogError& error) {
    suites::Require(std::string_view(error.what()).starts_with("line "), "a complaint of no line");
    auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    size_t line = strtoul(error.what() + 5, nullptr, 10);
    suites::Require(line >= 1 && line <= lines, "a line outside of the file");
  }
  return 0;
}
