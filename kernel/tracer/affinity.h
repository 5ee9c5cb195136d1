// Where and how the tracer waits for stops. Across two CPUs a stop costs 10 to 20 times what it
// costs on one, since each handing over wakes an idle CPU. Two ways out: not to let the tracer's
// CPU go idle, where there is one to spare; else to be on the CPU of what it traces. And where all
// CPUs are busy with what is traced, a stop must not wait until one of them is done.
#ifndef FAULTLINE_KERNEL_TRACER_AFFINITY_H_
#define FAULTLINE_KERNEL_TRACER_AFFINITY_H_

#include <sched.h>
#include <sys/types.h>

#include <array>

namespace faultline::kernel {

// Lets the calling thread, but nothing that it forks, run as soon as it is woken: SCHED_FIFO at its
// lowest priority. The program's own threads come to no harm: between two stops the tracer sleeps,
// but for the few polls of an Eagerness. Where that is not permitted (sched(7): CAP_SYS_NICE or
// RLIMIT_RTPRIO) all stays as it is, and a program that forks on all CPUs is slowed down more.
void TakePrecedence();

// Whether a wait for the next stop should begin with polls. They pay where the tracer has a CPU
// that nobody else wants: the next stop is seen while the wait lasts. Where it has not, the program
// cannot come to its next stop meanwhile, or is long in coming to it: after a few polls in vain the
// tracer gives them up, for longer each time.
class Eagerness {
 public:
  // How many polls, each a system call of a third of a microsecond. A call that only fails needs 40
  // of them from one stop to the next.
  static constexpr int kPolls = 100;

  // Of a wait that begins.
  bool ShouldPoll() { return rest_ == 0 || --rest_ == 0; }
  // What came of its polls.
  void Found() {
    rest_ = 0;
    credit_ = kMostCredit;
    next_rest_ = kShortestRest;
  }
  void InVain() {
    if (credit_-- > 0) return;
    credit_ = 0;
    rest_ = next_rest_;
    if (next_rest_ < kLongestRest) next_rest_ *= 2;
  }

 private:
  static constexpr int kMostCredit = 2;
  static constexpr unsigned kShortestRest = 16, kLongestRest = 2048;  // waits
  int credit_ = 0;
  unsigned rest_ = 0, next_rest_ = kShortestRest;
};

// Only the tracer moves: where the program runs is left to the program and the scheduler. When
// stops come from one CPU for a while the tracer goes there; as soon as they come from several it
// is free again, so that a parallel program finds it on whatever CPU is idle.
class Affinity {
 public:
  Affinity();

  // At a stop that polls have found: the tracer is well where it is.
  void OnFound() {
    if (pinned_ >= 0) Release();
  }
  // At another stop, by the thread that stopped.
  void OnStop(pid_t tid) {
    if (--until_sample_ == 0) Sample(tid);
  }

 private:
  // A sample costs a read of /proc, as much as two stops: rare once the tracer is where it should
  // be. Not numbers that a program's own rounds of stops divide into.
  static constexpr unsigned kSampleEvery = 17, kSampleEveryPinned = 257;
  void Sample(pid_t tid);
  void Release();

  cpu_set_t all_;
  bool usable_;
  unsigned until_sample_ = kSampleEvery;
  std::array<int, 4> samples_;  // the CPUs of the last ones
  int pinned_ = -1;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_AFFINITY_H_
