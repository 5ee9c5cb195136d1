// Finds the opportunities of a log's lies in another run of the program.
//
// No two runs of a program with threads and signals are alike: a thread is interrupted twice where
// it was interrupted three times, the call is another thread's, or it is over before the signal
// comes. So a lie has one right place: the same thread, call and signal, and the same number among
// those (Ticket::k). When the run is further than it was at the lie and that place did not come,
// the lie is late, and takes the next opportunity that looks alike: of this thread, later of any,
// later still one with the same signal in another call.
//
// How far a run is shows in how many opportunities the rule has had, and, where these come by
// chance (a signal's, not a thread's own doing), in its time. The more certain a place is to come,
// the longer it is waited for.
#ifndef FAULTLINE_KERNEL_FAULT_REPLAY_H_
#define FAULTLINE_KERNEL_FAULT_REPLAY_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "kernel/record/log_reader.h"

namespace faultline::kernel {

// Opportunities of a thread that look alike: in the same call, with the same signal.
struct Kind {
  std::string call;
  int signal = 0;
  auto operator<=>(const Kind&) const = default;
};

// `signal` counts but for handlers' returns: their frames may show another one in each run
// (SignalFrame::Signal).
Kind KindOf(std::string call, int signal);

// The numbers that an opportunity was given.
struct Ticket {
  uint64_t n = 0;      // among all of the rule's
  std::string thread;  // Thread::path
  Kind kind;
  uint64_t k = 0;  // among those of this thread that look alike
};

// The lies of one rule.
class Replay {
 public:
  // `always`: the rule fires at each opportunity. If the log shows that it did, it goes on to do so
  // at those that look like one in the log: there may be more of them in this run, and where the
  // log has none, no lie led to the symptom.
  // Time runs from here.
  Replay(const std::vector<LoggedLie>& lies, bool always);

  // Whether a lie is told at this opportunity. `by_chance`: Opportunity's. `known`: whether a
  // thread has had opportunities of the rule, and is still there.
  bool Take(const Ticket& ticket, bool by_chance,
            const std::function<bool(const std::string&)>& known);
  // It was not told after all.
  void GiveBack(const Ticket& ticket);

  // How many lies have not been told (yet).
  [[nodiscard]] size_t Outstanding() const;
  // Whether it waits for the opportunities of certain lies.
  [[nodiscard]] bool IsWaiting() const { return !lies_.empty(); }
  // Whether no further opportunity is wanted.
  [[nodiscard]] bool IsOver() const { return !all_ && lies_.empty(); }
  // The first lie, if it is time to make an opportunity for it, because none has come by chance;
  // else nullptr.
  [[nodiscard]] const LoggedLie* FirstToMake() const;

 private:
  struct Pending {
    LoggedLie lie;
    Kind kind;
  };
  using Place = std::tuple<std::string, Kind, uint64_t>;

  // How far the run is: 1 is where it was when the lie was told.
  [[nodiscard]] double Progress(const LoggedLie& lie, bool by_chance, int64_t now) const;
  // How far it has to be for the lie to take this opportunity. `absent`: its thread is not there.
  static double Patience(const Pending& pending, const Ticket& ticket, bool by_chance, bool absent);
  [[nodiscard]] int64_t Now() const;
  bool Tell(std::map<uint64_t, Pending>::iterator found, const Ticket& ticket);

  bool all_ = false;
  std::set<Kind> kinds_;  // of all
  size_t logged_;
  int64_t start_;                     // CLOCK_MONOTONIC, ns
  uint64_t seen_ = 0;                 // the last opportunity's number
  std::map<uint64_t, Pending> lies_;  // not told yet, by n
  std::map<Place, uint64_t> places_;  // n, by what is the right place
  std::map<uint64_t, Pending> told_;  // by the opportunity's number
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_REPLAY_H_
