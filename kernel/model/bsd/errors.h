// Errors and signals of the host, as BSDs number them.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_ERRORS_H_
#define FAULTLINE_KERNEL_MODEL_BSD_ERRORS_H_

#include <span>

namespace faultline::kernel::model {

struct NumberPair {
  int host;
  int guest;
};

// `own`: those of the system alone, from 85 up.
int ErrorFromHost(int error, std::span<const NumberPair> own);
// The number of a signal of the host; 0: there is none such.
int SignalFromHost(int host);
// For a death that the host has to show: those that it lacks are one that also kills.
int SignalToHost(int signal);

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_ERRORS_H_
