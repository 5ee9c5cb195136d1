// Keeps the tracer on the CPU of what it traces. A stop costs 10 to 20 times less there than across
// two CPUs, where each handing over wakes an idle one.
#ifndef FAULTLINE_KERNEL_TRACER_AFFINITY_H_
#define FAULTLINE_KERNEL_TRACER_AFFINITY_H_

#include <sched.h>
#include <sys/types.h>

#include <array>

namespace faultline::kernel {

// Only the tracer moves: where the program runs is left to the program and the scheduler. When
// stops come from one CPU for a while the tracer goes there; as soon as they come from several it
// is free again, so that a parallel program finds it on whatever CPU is idle.
class Affinity {
 public:
  Affinity();

  // At each stop, by the thread that stopped.
  void OnStop(pid_t tid) {
    if (--until_sample_ == 0) Sample(tid);
  }

 private:
  // A sample costs a read of /proc, as much as two stops: rare once the tracer is where it should
  // be. Not numbers that a program's own rounds of stops divide into.
  static constexpr unsigned kSampleEvery = 17, kSampleEveryPinned = 257;
  void Sample(pid_t tid);

  cpu_set_t all_;
  bool usable_;
  unsigned until_sample_ = kSampleEvery;
  std::array<int, 4> samples_;  // the CPUs of the last ones
  int pinned_ = -1;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_AFFINITY_H_
