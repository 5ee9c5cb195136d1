#include "repro/support/process.h"

#include "repro/support/program.h"
#include "runtime/sys/sys.h"

namespace faultline::support {

namespace sys = runtime::sys;

namespace {

int Fork() {
  const long child = sys::fork();
  if (child < 0) Broken("fork", child);
  return static_cast<int>(child);
}

}  // namespace

int ForkExiting() {
  const int child = Fork();
  if (child == 0) sys::exit_group(0);
  return child;
}

int ForkSleeping() {
  const long parent = sys::getpid();
  const int child = Fork();
  if (child > 0) return child;
  // Killed at the death of the thread that made it; the parent may have died before this call.
  sys::prctl(sys::kPR_SET_PDEATHSIG, sys::kSIGKILL);
  const sys::SigSet none = 0;
  while (sys::getppid() == parent) sys::sigsuspend(&none);
  sys::exit_group(0);
}

void StayOnThisCpu() {
  constexpr unsigned kBits = 8 * sizeof(unsigned long);
  unsigned long set[1024 / kBits] = {};
  unsigned cpu = 0;
  if (sys::call(sys::os::k_getcpu, reinterpret_cast<long>(&cpu)) != 0 || cpu >= 1024) return;
  set[cpu / kBits] = 1ul << (cpu % kBits);
  sys::sched_setaffinity(0, sizeof(set), set);
}

}  // namespace faultline::support
