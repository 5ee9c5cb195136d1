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
  // Its write end is open for as long as the parent lives, and in no child that lives on: reading
  // ends with the parent, however that ends.
  static int lifeline[2] = {-1, -1};
  if (lifeline[0] < 0) {
    if (const long error = sys::pipe2(lifeline, sys::kO_CLOEXEC); error != 0) Broken("pipe", error);
  }
  const int child = Fork();
  if (child > 0) return child;
  sys::close(lifeline[1]);
  char byte;
  while (sys::read(lifeline[0], &byte, 1) == -sys::kEINTR) {
  }
  sys::exit_group(0);
}

void StayOnThisCpu() { sys::bindtocpu(); }

}  // namespace faultline::support
