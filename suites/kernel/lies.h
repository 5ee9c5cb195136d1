// Runs a tracee under faults and looks at what it saw and which lies were told.
#ifndef FAULTLINE_SUITES_KERNEL_LIES_H_
#define FAULTLINE_SUITES_KERNEL_LIES_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "suites/kernel/run.h"

namespace faultline::suites {

struct Seen {
  std::map<std::string, std::string> fields;  // of what the program printed
  std::vector<nlohmann::json> lies;           // the log
};

// Runs the program under these faults; it has to end with 0.
Seen Take(const Words& faults, const Words& program);

}  // namespace faultline::suites

#endif  // FAULTLINE_SUITES_KERNEL_LIES_H_
