// The program's threads, named so that the same thread has the same name in each run.
#ifndef FAULTLINE_KERNEL_FAULT_THREADS_H_
#define FAULTLINE_KERNEL_FAULT_THREADS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>

#include "kernel/tracer/tracer.h"

namespace faultline::kernel {

struct Thread {
  pid_t tid = 0;
  pid_t tgid = 0;
  // Who it is: "1" is the program's first thread, "1.2" the second thread or process that this one
  // made.
  std::string path;
  uint32_t number = 1;  // within its process, in order of birth; main is 1
  // It never gave itself an alternate signal stack: what runtimes do for each thread of theirs, and
  // others do not. Known only if somebody tells of such calls.
  bool foreign = true;
};

class Threads {
 public:
  // One that was not born before our eyes is the program's first.
  Thread& Of(pid_t tid);
  // nullptr if it died before it was born.
  [[nodiscard]] const Thread* Find(pid_t tid) const;

  [[nodiscard]] const std::unordered_map<pid_t, Thread>& all() const { return threads_; }

  void OnBirth(const Birth& birth);
  void OnExec(pid_t tid, pid_t former);
  void OnGone(pid_t tid);

 private:
  std::unordered_map<pid_t, Thread> threads_;
  std::unordered_map<pid_t, uint32_t> born_in_;  // by process
  uint32_t strays_ = 0;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_THREADS_H_
