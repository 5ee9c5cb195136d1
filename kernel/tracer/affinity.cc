#include "kernel/tracer/affinity.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "kernel/tracer/proc.h"

namespace faultline::kernel {
namespace {

// The CPU that `tid` ran on last: field 39 of /proc/TID/stat (proc(5)); -1 if it is gone.
int CpuOf(pid_t tid) {
  std::string stat = ReadProcFile(tid, "stat");
  size_t at = stat.rfind(')');  // the name, field 2, may hold anything
  for (int field = 3; field <= 39 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  return at == std::string::npos ? -1 : atoi(stat.c_str() + at + 1);
}

}  // namespace

void TakePrecedence() {
  sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
  sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest);
}

Affinity::Affinity() : usable_(sched_getaffinity(0, sizeof all_, &all_) == 0) { samples_.fill(-1); }

void Affinity::Release() {
  if (sched_setaffinity(0, sizeof all_, &all_) == 0) pinned_ = -1;
  samples_.fill(-1);
}

void Affinity::Sample(pid_t tid) {
  until_sample_ = kSampleEvery;
  if (!usable_) return;
  int cpu = CpuOf(tid);
  std::rotate(samples_.begin(), samples_.begin() + 1, samples_.end());
  samples_.back() = cpu;
  bool one = cpu >= 0 && CPU_ISSET(cpu, &all_) &&
             std::all_of(samples_.begin(), samples_.end(), [&](int each) { return each == cpu; });
  int wanted = one ? cpu : -1;
  if (one && wanted == pinned_) until_sample_ = kSampleEveryPinned;
  if (wanted == pinned_) return;
  cpu_set_t set = all_;
  if (one) {
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(0, sizeof set, &set) == 0) pinned_ = wanted;
}

}  // namespace faultline::kernel
