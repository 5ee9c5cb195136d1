// A call of NetBSD's being served.
#ifndef FAULTLINE_KERNEL_MODEL_NETBSD_CONTEXT_H_
#define FAULTLINE_KERNEL_MODEL_NETBSD_CONTEXT_H_

#include <fcntl.h>
#include <time.h>

#include <optional>

#include "kernel/model/bsd/calls.h"
#include "kernel/model/bsd/context.h"
#include "kernel/model/bsd/flags.h"
#include "kernel/model/netbsd/abi.h"
#include "kernel/model/netbsd/netbsd.h"

namespace faultline::kernel::model::netbsd {

// The code of a signal: the machine's own are those of the table that stands for all BSDs.
int CodeOf(int code);

struct Os {
  using System = NetBsd;
  using Amd64 = netbsd::Amd64;
  using I386 = netbsd::I386;
  static void FetchArguments(Thread& thread, bool amd64, Arguments* arguments);
  template <typename Abi>
  static void FillInfo(const SignalInfo& info, typename Abi::SigInfo* to) {
    using Word = typename Abi::Word;
    to->signo = info.signal;
    to->code = CodeOf(info.code);
    to->err = info.error;
    if (info.fault) {
      to->addr = static_cast<Word>(info.address);
      to->trap = info.trap;
      return;
    }
    to->pid = info.pid;
    to->uid = info.uid;
    to->value = static_cast<Word>(info.value);
    // Of a child it is what wait gives (measured on 7.99).
    if (info.signal == common::kSIGCHLD && info.code > 0)
      to->status = info.code == common::kCLD_EXITED ? info.status << 8 : info.status;
  }
  static std::optional<clockid_t> HostClock(int clock);
  static constexpr int kWCONTINUED = common::kWCONTINUED;
  static constexpr int kWNOWAIT = common::kWNOWAIT;
  // sys/wait.h, WALLOPTS: WALTSIG, WALLSIG, WEXITED and WTRAPPED too.
  static constexpr int kWaitOptions =
      common::kWUNTRACED | common::kWNOHANG | kWCONTINUED | kWNOWAIT | 0x4 | 0x8 | 0x20 | 0x40;
  static constexpr int kO_CLOEXEC = common::kO_CLOEXEC;
  static constexpr FlagPair kOpenFlags[] = {
      {common::kO_NONBLOCK, O_NONBLOCK}, {common::kO_APPEND, O_APPEND},
      {common::kO_NOFOLLOW, O_NOFOLLOW}, {common::kO_CREAT, O_CREAT},
      {common::kO_TRUNC, O_TRUNC},       {common::kO_EXCL, O_EXCL},
      {common::kO_NOCTTY, O_NOCTTY},     {common::kO_DIRECTORY, O_DIRECTORY},
      {common::kO_CLOEXEC, O_CLOEXEC},
  };
  static constexpr int kLimits = common::kRLIMITS;
  static constexpr int kClockMonotonic = common::kCLOCK_MONOTONIC;
  static constexpr int kSigevThreadId = -1;  // there is no such thing
};

using Context = model::Context<Os>;

Value Sysctl(Context& c);

}  // namespace faultline::kernel::model::netbsd

#endif  // FAULTLINE_KERNEL_MODEL_NETBSD_CONTEXT_H_
