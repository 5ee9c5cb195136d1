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
    while (__atomic_load_n(plan.word, __ATOMIC_ACQUIRE) == word) sys::sched_yield();
  }
  sys::kill(plan.child, sys::kSIGKILL);
}

}  // namespace faultline::support
