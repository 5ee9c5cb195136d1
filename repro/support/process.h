// Children, and where threads run.

#ifndef REPRO_SUPPORT_PROCESS_H_
#define REPRO_SUPPORT_PROCESS_H_

namespace faultline::support {

// A child that ends at once with status 0. Returns its number; ends the process as broken if there
// is none to be had.
int ForkExiting();

// A child that sleeps until it is killed; it dies with its parent, too.
int ForkSleeping();

// Ties this thread, and every thread and process it makes, to the CPU that it is on: a thread that
// wakes another and yields then costs two switches, without any waiting. Where that is not allowed,
// nothing changes.
void StayOnThisCpu();

}  // namespace faultline::support

#endif  // REPRO_SUPPORT_PROCESS_H_
