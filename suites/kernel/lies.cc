#include "suites/kernel/lies.h"

#include <gtest/gtest.h>

#include <sstream>

namespace faultline::suites {

Seen Take(const Words& faults, const Words& program) {
  std::string log = ScratchFile("log");
  Words options = {"--log", log};
  for (const std::string& fault : faults) options.insert(options.end(), {"--fault", fault});
  Ended ended = RunToEnd(Inject(options, program));
  EXPECT_EQ(ended.exit, 0) << ended.signal << ": " << ended.out << ended.err;
  Seen seen = {.fields = Fields(ended.out), .lies = {}};
  std::istringstream lines(ReadLies(log));
  for (std::string line; std::getline(lines, line);)
    seen.lies.push_back(nlohmann::json::parse(line));
  return seen;
}

}  // namespace faultline::suites
