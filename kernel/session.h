// One run of one program under the tracer: the rules, the log, the postmortem, put together.
#ifndef FAULTLINE_KERNEL_SESSION_H_
#define FAULTLINE_KERNEL_SESSION_H_

#include <string>
#include <vector>

#include "kernel/fault/rule.h"

namespace faultline::kernel {

struct SessionOptions {
  std::vector<Rule> rules;
  std::string log;           // path; empty: none
  std::string postmortem;    // path; empty: none
  char** program = nullptr;  // its arguments, the first its name
};

// Runs the program. Returns the exit status if it cannot even be started, having said why on fd 2;
// otherwise the process ends in here, the way the program ends.
int RunSession(SessionOptions options);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_SESSION_H_
