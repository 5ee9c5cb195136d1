#include "repro/support/storm.h"

#include "runtime/sys/sys.h"

namespace faultline::support {

namespace sys = runtime::sys;

void Storm::Blow(void* storm) {
  const Plan& plan = static_cast<const Storm*>(storm)->plan_;
  const int process = static_cast<int>(sys::getpid());
  for (int i = 0; i < plan.rounds && !__atomic_load_n(plan.enough, __ATOMIC_RELAXED); ++i) {
    const uint32_t word = __atomic_load_n(plan.word, __ATOMIC_ACQUIRE);
    if (plan.tid == 0) {
      sys::kill(process, plan.signal);
    } else {
      sys::tgkill(process, plan.tid, plan.signal);
    }
    // Where no call ties threads to a CPU (OpenBSD, Darwin), the one that is signalled may have to
    // wait for another CPU: it is left to it.
    constexpr int kYields = 64;
    constexpr sys::Timespec kRest = {.sec = 0, .nsec = 50000};
    for (int i = 0; __atomic_load_n(plan.word, __ATOMIC_ACQUIRE) == word; ++i) {
      if (i < kYields) {
        sys::sched_yield();
      } else {
        sys::nanosleep(&kRest, nullptr);
      }
    }
  }
  sys::kill(plan.child, sys::kSIGKILL);
}

}  // namespace faultline::support
