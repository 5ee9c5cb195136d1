// What a reproduction is to the driver: named cases, a control, and counters. `main`, arguments, time-outs, counting and
// printing live here, so that a program holds nothing but its bug.
//
//     void Attempt(Run& run) { ... run.Opportunity(); ... run.Hit(Line("hit")...); }
//     constexpr Case kCases[] = {{"pair", Attempt}};
//     FAULTLINE_PROGRAM(Control, kCases)
//
// A program's bug and variant come from its build: FAULTLINE_BUG and FAULTLINE_VARIANT.

#ifndef REPRO_SUPPORT_PROGRAM_H_
#define REPRO_SUPPORT_PROGRAM_H_

#include <stddef.h>
#include <stdint.h>

#include "repro/support/line.h"

namespace faultline::support {

// One run of one case: what was asked for, and what has been done. Counters may be raised from any thread and handler.
class Run {
 public:
  // What ends a run; -1 where nothing was asked.
  struct Limits {
    int64_t attempts = -1;
    int64_t opportunities = -1;
    int64_t hits = 1;
    int64_t seconds = -1;
  };

  Run(const Limits& limits, uint64_t seed) : limits_(limits), seed_(seed) {}

  // Whether another attempt is wanted. Also the place where progress is written, when it is due: long attempts call it
  // inside.
  bool Wanted();

  // One more attempt was finished.
  void Attempted() { __atomic_add_fetch(&attempts_, 1, __ATOMIC_RELAXED); }

  // The bug had `count` more chances to show.
  void Opportunity(int64_t count = 1) { __atomic_add_fetch(&opportunities_, count, __ATOMIC_RELAXED); }

  // The symptom was seen; `line` says what was wanted and what was got.
  void Hit(Line& line);

  // The next step is expected to kill the process in some variant: writes progress with one attempt and one opportunity,
  // so that the driver knows that the step was reached.
  void BeforeDangerousStep();

  int64_t attempts() const { return __atomic_load_n(&attempts_, __ATOMIC_RELAXED); }
  int64_t opportunities() const { return __atomic_load_n(&opportunities_, __ATOMIC_RELAXED); }
  int64_t hits() const { return __atomic_load_n(&hits_, __ATOMIC_RELAXED); }

  // How many attempts or opportunities are still to come at most, for attempts that work in batches.
  int64_t opportunities_wanted() const;

  // A pseudo-random number, from the seed of this run.
  uint64_t Random();

  // Writes the end line with the reason that Wanted() found.
  void End();

 private:
  void Progress();

  const Limits limits_;
  uint64_t seed_;
  int64_t attempts_ = 0;
  int64_t opportunities_ = 0;
  int64_t hits_ = 0;
  int64_t started_ns_ = 0;
  int64_t progress_ns_ = 0;
  const char* stop_ = nullptr;
};

struct Case {
  const char* name;
  // One attempt, as large as is convenient but well under 100 ms. Called while run.Wanted().
  void (*attempt)(Run& run);
};

struct Program {
  // Proves on every kernel that the oracle is alive. Returns nullptr, or what it failed to notice.
  const char* (*control)();
  const Case* cases;
  size_t case_count;
};

// Defined by FAULTLINE_PROGRAM.
extern const Program kProgram;

// Does what the arguments say and returns the exit status: 0 after `end`, 3 if the control failed, 64 if the arguments were
// wrong. Runs on a goroutine.
int Main(int argc, char** argv);

// Whether two names are the same.
constexpr bool Same(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

}  // namespace faultline::support

#define FAULTLINE_PROGRAM(control_function, case_array)                                     \
  const ::faultline::support::Program faultline::support::kProgram = {                      \
      control_function, case_array, sizeof(case_array) / sizeof((case_array)[0])}

// Whether this program was built as variant `name`.
#define FAULTLINE_IS_VARIANT(name) (::faultline::support::Same(FAULTLINE_VARIANT, name))

// The source line of the check that failed, as evidence.
#define FAULTLINE_STRING_(x) #x
#define FAULTLINE_STRING(x) FAULTLINE_STRING_(x)
#define FAULTLINE_HERE (__FILE__ ":" FAULTLINE_STRING(__LINE__))

#endif  // REPRO_SUPPORT_PROGRAM_H_
