#include "suites/foreign/guest.h"

namespace guest {

int64_t last;

namespace {
void RunJob(const Job* jobs, size_t count, const char* name, const char* argument) {
  for (size_t i = 0; i < count; ++i) {
    if (!Same(jobs[i].name, name)) continue;
    jobs[i].run(argument);
    Print("done\n");
    Exit(0);
  }
}
}  // namespace

}  // namespace guest

// guest JOB [ARGUMENT]
extern "C" [[noreturn]] void GuestMain(const long* stack) {
  const auto* words = reinterpret_cast<const char* const*>(stack + 1);
  const char* name = stack[0] > 1 ? words[1] : "";
  const char* argument = stack[0] > 2 ? words[2] : "";
  guest::RunJob(guest::kFileJobs, guest::kFileJobCount, name, argument);
  guest::RunJob(guest::kEventJobs, guest::kEventJobCount, name, argument);
#if defined(__FreeBSD__)
  guest::RunJob(guest::kSocketJobs, guest::kSocketJobCount, name, argument);
#endif
  guest::Print("no such job\n");
  guest::Exit(64);
}
