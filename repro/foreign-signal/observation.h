// What is noted about one signal on a foreign thread, and the judgement over it.

#ifndef REPRO_FOREIGN_SIGNAL_OBSERVATION_H_
#define REPRO_FOREIGN_SIGNAL_OBSERVATION_H_

#include <stdint.h>

#include "repro/support/program.h"
#include "repro/support/sentinels.h"
#include "repro/support/thread_state.h"

namespace faultline::repro {

// What a handler notes.
struct Handled {
  uint32_t count;  // runs so far
  int mid;         // of the m that it had
  bool foreign;    // as the runtime sees it
  bool gsignal;    // stood on that m's gsignal
  uintptr_t at;    // its frame
};

// Written by the handler, read by the thread that it interrupted, which then waits for the next
// signal.
extern Handled handled;

// Has a signal handled: counted, noted in `handled`, and, if it is FaultWithRegisters' fault,
// passed over.
void Install(int signal);

// What one signal did, and what was there before and after it.
struct Observation {
  uint32_t count;   // handlers that ran
  Handled last;     // what the last one noted
  uintptr_t frame;  // of the interrupted function
  int creator_mid;
  support::ThreadState state_before, state_after;
  support::Registers before, after;
};

// What is wrong: nullptr if nothing.
const char* Wrong(const Observation& o);

// Reports a hit if something is wrong; `at` is the line that looked.
void Judge(support::Run& run, const Observation& o, const char* at);

// Shows Wrong() each thing that can be wrong, from an observation that is right. Returns nullptr,
// or what it did not notice.
const char* Unnoticed(const Observation& right);

}  // namespace faultline::repro

#endif  // REPRO_FOREIGN_SIGNAL_OBSERVATION_H_
