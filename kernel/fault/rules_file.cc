#include "kernel/fault/rules_file.h"

#include <algorithm>

namespace faultline::kernel {

void ReadRules(std::istream& file, uint64_t seed, std::vector<Rule>* rules) {
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    line.erase(std::min(line.find('#'), line.size()));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos) continue;
    // The column counts within the line as it is, so the indentation stays in the text shown.
    try {
      rules->emplace_back(line.substr(begin), seed, rules->size());
    } catch (const SpecError& error) {
      throw RulesFileError(number, line, error.column() + begin, error.what());
    }
  }
}

}  // namespace faultline::kernel
