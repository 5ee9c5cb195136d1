// One run of a program of another system.
#ifndef FAULTLINE_KERNEL_MODEL_SESSION_H_
#define FAULTLINE_KERNEL_MODEL_SESSION_H_

#include <string>

#include "kernel/model/machine.h"

namespace faultline::kernel {

struct ModelOptions {
  std::string system;
  model::MachineOptions machine;
  std::string log;           // path; empty: none
  std::string postmortem;    // path; empty: none
  char** program = nullptr;  // its arguments, the first its name
};

// Runs the program. Returns the exit status if it cannot even be started, having said why on fd 2;
// otherwise the process ends in here, the way the program ends.
int RunModel(const ModelOptions& options);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_MODEL_SESSION_H_
