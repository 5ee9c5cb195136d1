// A foreign thread that sends signals, one after the other, as fast as they are handled.

#ifndef REPRO_SUPPORT_STORM_H_
#define REPRO_SUPPORT_STORM_H_

#include <stdint.h>

#include "repro/support/foreign_thread.h"

namespace faultline::support {

class Storm {
 public:
  struct Plan {
    int signal;
    // The thread to signal; 0: the process, and whichever thread the kernel picks.
    int tid;
    // The storm's own signal mask.
    runtime::sys::SigSet mask;
    int rounds;
    // Raised by the handler each time that it runs. The storm waits for it, so that no two signals
    // become one, and yields meanwhile, so that on one CPU the signalled thread runs at once.
    const uint32_t* word;
    // Ends the storm early.
    const bool* enough;
    // Killed when the storm is over: what the signalled thread is waiting for.
    int child;
  };

  explicit Storm(const Plan& plan) : plan_(plan) { thread_.Start(Blow, this, {.mask = plan.mask}); }
  ~Storm() { thread_.Join(); }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

 private:
  static void Blow(void* storm);

  const Plan plan_;
  ForeignThread thread_;
};

}  // namespace faultline::support

#endif  // REPRO_SUPPORT_STORM_H_
