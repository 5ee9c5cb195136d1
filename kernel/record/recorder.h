// The flight recorder: what each thread did last.
#ifndef FAULTLINE_KERNEL_RECORD_RECORDER_H_
#define FAULTLINE_KERNEL_RECORD_RECORDER_H_

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/record/log.h"
#include "kernel/tracer/tracer.h"

namespace faultline::kernel {

// As the Observer's, each at the stop that it is named after. A thread's last kKept events are
// kept, those of threads that are gone until their process is.
class Recorder {
 public:
  static constexpr size_t kKept = 32;

  void OnCallEntry(pid_t tid, const EnteredCall& call);
  void OnCallExit(pid_t tid, int64_t result);
  // `taken`: 0 if a rule lost it or gave it to another.
  void OnSignal(pid_t tid, int signal, int taken);
  void OnLie(const Lie& lie);
  void OnBirth(const Birth& birth);
  void OnExec(pid_t tid, pid_t former);
  void OnGone(pid_t tid);

  // Events since the recorder began: to tell whether anything still happens.
  [[nodiscard]] uint64_t events() const { return events_; }

  // A line for each event of the thread, the oldest first: how long ago it was, and what.
  [[nodiscard]] std::vector<std::string> Recent(pid_t tid) const;
  // The threads that process `tgid` had, with those that are gone.
  [[nodiscard]] std::vector<pid_t> ThreadsEverOf(pid_t tgid) const;

 private:
  struct Event {
    enum class Kind : uint8_t { kCall, kSignal, kLie, kBorn, kMade, kExec, kGone };
    Kind kind;
    int64_t t = 0;       // CLOCK_MONOTONIC, ns
    EnteredCall call{};  // kCall
    bool ended = false;  // and its result is `value`
    int64_t value = 0;   // result; signal; the one that made it, or that it made
    int taken = 0;       // kSignal
    std::string lie{};   // kLie
  };
  struct Track {
    pid_t tgid = 0;
    std::deque<Event> events;
  };
  void Add(pid_t tid, Event&& event);
  static std::string LineOf(const Event& event, int64_t now);

  std::unordered_map<pid_t, Track> tracks_;
  uint64_t events_ = 0;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_RECORD_RECORDER_H_
