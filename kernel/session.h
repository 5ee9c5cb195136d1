// One run of one program under the tracer: the rules, the log, the postmortem, put together.
#ifndef FAULTLINE_KERNEL_SESSION_H_
#define FAULTLINE_KERNEL_SESSION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/fault/rule.h"

namespace faultline::kernel {

struct SessionOptions {
  std::vector<Rule> rules;
  uint64_t seed = 1;         // of their draws
  std::string replay;        // the log that the rules are of; empty: none
  std::string log;           // path; empty: none
  std::string postmortem;    // path; empty: none
  bool record = false;       // keep what each thread does last, and print it when the program dies
  unsigned hang_after = 0;   // s without any event until the program counts as hung; 0: never
  char** program = nullptr;  // its arguments, the first its name
};

// Runs the program. Returns the exit status if it cannot even be started, having said why on fd 2;
// otherwise the process ends in here, the way the program ends.
int RunSession(SessionOptions options);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_SESSION_H_
