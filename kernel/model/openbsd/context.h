// A call of OpenBSD's being served.
#ifndef FAULTLINE_KERNEL_MODEL_OPENBSD_CONTEXT_H_
#define FAULTLINE_KERNEL_MODEL_OPENBSD_CONTEXT_H_

#include <fcntl.h>
#include <time.h>

#include <optional>

#include "kernel/model/bsd/calls.h"
#include "kernel/model/bsd/context.h"
#include "kernel/model/bsd/flags.h"
#include "kernel/model/openbsd/abi.h"
#include "kernel/model/openbsd/openbsd.h"

namespace faultline::kernel::model::openbsd {

struct Os {
  using System = OpenBsd;
  using Amd64 = openbsd::Amd64;
  using I386 = openbsd::I386;
  static void FetchArguments(Thread& thread, bool amd64, Arguments* arguments);
  // Of what is sent the kernel tells the number alone (measured on 5.8).
  template <typename Abi>
  static void FillInfo(const SignalInfo& info, typename Abi::SigInfo* to) {
    to->signo = info.signal;
    if (!info.fault) return;
    to->code = info.code;
    to->addr = static_cast<typename Abi::Word>(info.address);
    to->trap = info.trap;
  }
  static std::optional<clockid_t> HostClock(int clock);
  static constexpr int kWCONTINUED = common::kWCONTINUED;
  static constexpr int kWNOWAIT = 0;
  static constexpr int kWaitOptions =
      common::kWUNTRACED | common::kWNOHANG | kWCONTINUED | common::kWALTSIG;
  static constexpr int kO_CLOEXEC = common::kO_CLOEXEC;
  static constexpr int kF_DUPFD_CLOEXEC = common::kF_DUPFD_CLOEXEC;
  static constexpr FlagPair kOpenFlags[] = {
      {common::kO_NONBLOCK, O_NONBLOCK}, {common::kO_APPEND, O_APPEND},
      {common::kO_NOFOLLOW, O_NOFOLLOW}, {common::kO_CREAT, O_CREAT},
      {common::kO_TRUNC, O_TRUNC},       {common::kO_EXCL, O_EXCL},
      {common::kO_NOCTTY, O_NOCTTY},     {common::kO_DIRECTORY, O_DIRECTORY},
      {common::kO_CLOEXEC, O_CLOEXEC},
  };
  static constexpr int kLimits = common::kRLIMITS;
  static constexpr int kClockMonotonic = common::kCLOCK_MONOTONIC;
};

using Context = model::Context<Os>;

inline SignalSet ToSet(uint32_t word) {
  SignalSet set;
  set.SetWord(0, word);
  return set;
}

Value Sysctl(Context& c);

}  // namespace faultline::kernel::model::openbsd

#endif  // FAULTLINE_KERNEL_MODEL_OPENBSD_CONTEXT_H_
