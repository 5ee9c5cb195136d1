// What is worth telling of a run: calls that the model lacks, restarts and what they lost. A line
// of JSON each in the log; the first of each missing call on stderr as well.
#ifndef FAULTLINE_KERNEL_MODEL_EVIDENCE_H_
#define FAULTLINE_KERNEL_MODEL_EVIDENCE_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "kernel/record/lines.h"

namespace faultline::kernel::model {

class Evidence {
 public:
  // False with errno when the file cannot be created. Without Open nothing is logged.
  bool Open(const std::string& path) { return lines_.Open(path, "model"); }

  struct Where {
    int pid;
    int thread;
    std::string call;
    int64_t number;
    std::array<uint64_t, 6> arguments;
  };
  // A call that is not there: also said on stderr, once per call.
  void Missing(const Where& where);
  // A call that starts again. `handler`: one ran on the thread. `full`: every register was loaded.
  struct Restart {
    int pid;
    int thread;
    std::string call;
    bool handler;
    bool switched;
    bool full;
    std::array<uint64_t, 3> lost;  // r8, r9, r10 as the program finds them, unless `full`
  };
  void Restarted(const Restart& restart);
  void Call() { ++calls_; }
  // The sums, at the end.
  void End();

 private:
  Lines lines_;
  std::map<std::string, uint64_t> missing_;
  uint64_t calls_ = 0;
  uint64_t restarts_ = 0;
  uint64_t handlerless_ = 0;
  uint64_t fast_ = 0;
};

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_EVIDENCE_H_
