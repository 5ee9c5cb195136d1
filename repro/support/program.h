// What a reproduction is to the driver: named cases, a control, and counters. The entry point,
// arguments, time-outs, counting and printing live here, so that a program holds nothing but its
// bug.
//
//     void Pair(Run& run) { ... run.Opportunity(); ... run.Hit(Line("hit")...); run.Attempted(); }
//     constexpr Case kCases[] = {{"pair", Pair}};
//     FAULTLINE_PROGRAM(Control, kCases);
//
// A program learns its bug and variant from its build: FAULTLINE_BUG, FAULTLINE_VARIANT,
// FAULTLINE_HOSTED.

#ifndef REPRO_SUPPORT_PROGRAM_H_
#define REPRO_SUPPORT_PROGRAM_H_

#include <stddef.h>
#include <stdint.h>

#include "repro/support/line.h"

namespace faultline::support {

// One run of one case: what was asked for, and what has been done. The counters may be raised from
// any thread and any handler; the rest belongs to the thread that runs the attempts.
class Run {
 public:
  // What ends a run; -1 where nothing was asked.
  struct Limits {
    int64_t attempts = -1;
    int64_t opportunities = -1;
    int64_t hits = 1;
    int64_t seconds = -1;
  };

  Run(const Limits& limits, uint64_t seed);

  // Whether more is wanted. Also writes progress when it is due, so an attempt that takes longer
  // than 100 ms asks in between.
  bool Wanted();

  // One more attempt is over.
  void Attempted() { Add(&attempts_, 1); }
  // The bug had `count` more chances to show.
  void Opportunity(int64_t count = 1) { Add(&opportunities_, count); }
  // The symptom was seen; `line` says what was wanted and what was got.
  void Hit(Line& line);

  // To be called right before a step that kills the process in some variant. The first time it
  // writes progress with one attempt and one opportunity: they are not lost with the process.
  void BeforeDangerousStep();

  int64_t attempts() const { return __atomic_load_n(&attempts_, __ATOMIC_RELAXED); }
  int64_t opportunities() const { return __atomic_load_n(&opportunities_, __ATOMIC_RELAXED); }
  int64_t hits() const { return __atomic_load_n(&hits_, __ATOMIC_RELAXED); }

  // A pseudo-random number, the same sequence for the same --seed.
  uint64_t Random();

  // Writes the end line, with the reason why Wanted() was false and the milliseconds since the run
  // began.
  void End() const;

 private:
  // The alignment makes it atomic on 386 too.
  typedef int64_t Counter __attribute__((aligned(8)));  // NOLINT(modernize-use-using)

  static void Add(Counter* counter, int64_t count) {
    __atomic_add_fetch(counter, count, __ATOMIC_RELAXED);
  }

  const Limits limits_;
  uint64_t random_;
  Counter attempts_ = 0;
  Counter opportunities_ = 0;
  Counter hits_ = 0;
  int64_t started_ns_;
  int64_t progress_ns_;
  bool dangerous_ = false;
  const char* stop_ = "none";
};

struct Case {
  const char* name;
  // One attempt; called as long as run.Wanted(). Runs on the main goroutine, which is locked to the
  // process's first thread.
  void (*attempt)(Run& run);
  // What must be true before there is a second thread (a signal mask, a resource limit), or
  // nullptr. May execute the program anew. Runs before the control and before the first line is
  // written.
  void (*prepare)() = nullptr;
};

struct Program {
  const char* bug;
  const char* variant;
  const char* form;
  // Proves, on every kernel and in every variant, that the oracle is alive. Returns nullptr, or
  // what went unnoticed.
  const char* (*control)();
  const Case* cases;
  size_t case_count;
};

// Defined by FAULTLINE_PROGRAM.
extern const Program kProgram;

// The program's own argv, for those that execute themselves anew.
char* const* Arguments();

// Ends the process because the harness, not the bug, went wrong: a note with `what` and the errno,
// then exit status 3.
[[noreturn]] void Broken(const char* what, int64_t error);

// Whether two strings are the same.
constexpr bool Same(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

}  // namespace faultline::support

#define FAULTLINE_FORM_0 "freestanding"
#define FAULTLINE_FORM_1 "hosted"
#define FAULTLINE_FORM__(hosted) FAULTLINE_FORM_##hosted
#define FAULTLINE_FORM_(hosted) FAULTLINE_FORM__(hosted)

#define FAULTLINE_PROGRAM(control, cases)                              \
  const ::faultline::support::Program faultline::support::kProgram = { \
      FAULTLINE_BUG,                                                   \
      FAULTLINE_VARIANT,                                               \
      FAULTLINE_FORM_(FAULTLINE_HOSTED),                               \
      control,                                                         \
      cases,                                                           \
      sizeof(cases) / sizeof((cases)[0])}

// Whether this program was built as variant `name`.
#define FAULTLINE_IS_VARIANT(name) (::faultline::support::Same(FAULTLINE_VARIANT, name))

// The source line of a check, as evidence.
#define FAULTLINE_STRING__(x) #x
#define FAULTLINE_STRING_(x) FAULTLINE_STRING__(x)
#define FAULTLINE_HERE __FILE__ ":" FAULTLINE_STRING_(__LINE__)

#endif  // REPRO_SUPPORT_PROGRAM_H_
