// A call of Darwin's being served.
#ifndef FAULTLINE_KERNEL_MODEL_DARWIN_CONTEXT_H_
#define FAULTLINE_KERNEL_MODEL_DARWIN_CONTEXT_H_

#include <fcntl.h>
#include <time.h>

#include <optional>

#include "kernel/model/bsd/calls.h"
#include "kernel/model/bsd/context.h"
#include "kernel/model/bsd/flags.h"
#include "kernel/model/darwin/abi.h"
#include "kernel/model/darwin/darwin.h"

namespace faultline::kernel::model::darwin {

struct Os {
  using System = Darwin;
  using Amd64 = darwin::Amd64;
  using I386 = darwin::I386;
  static constexpr int kMaskWords = 1;
  static void FetchArguments(Thread& thread, bool amd64, Arguments* arguments);
  // What was sent has no code. Source: psignal_internal, bsd/kern/kern_sig.c; sendsig.
  template <typename Abi>
  static void FillInfo(const SignalInfo& info, typename Abi::SigInfo* to) {
    using Word = typename Abi::Word;
    to->signo = info.signal;
    if (info.fault) {
      to->code = info.code;
      to->addr = static_cast<Word>(info.address);
      return;
    }
    to->pid = info.pid;
    to->uid = info.uid;
    if (info.signal == common::kSIGCHLD && info.child != nullptr) {
      to->code = info.code;
      to->status = info.status;
    } else if (info.signal == common::kSIGTRAP) {
      to->code = common::kTRAP_BRKPT;
    } else if (info.signal == common::kSIGBUS) {
      to->code = common::kBUS_ADRERR;
    }
  }
  static constexpr int kWCONTINUED = common::kWCONTINUED;
  static constexpr int kWNOWAIT = 0;  // waitid has it, wait4 does not
  // Nothing is refused (bsd/kern/kern_exit.c, wait4_nocancel).
  static constexpr int kWaitOptions = ~0;
  static constexpr int kO_CLOEXEC = common::kO_CLOEXEC;
  static constexpr FlagPair kOpenFlags[] = {
      {common::kO_NONBLOCK, O_NONBLOCK}, {common::kO_APPEND, O_APPEND},
      {common::kO_NOFOLLOW, O_NOFOLLOW}, {common::kO_CREAT, O_CREAT},
      {common::kO_TRUNC, O_TRUNC},       {common::kO_EXCL, O_EXCL},
      {common::kO_NOCTTY, O_NOCTTY},     {common::kO_DIRECTORY, O_DIRECTORY},
      {common::kO_CLOEXEC, O_CLOEXEC},
  };
  static constexpr int kLimits = common::kRLIMITS;
};

using Context = model::Context<Os>;

Value Sysctl(Context& c);

}  // namespace faultline::kernel::model::darwin

#endif  // FAULTLINE_KERNEL_MODEL_DARWIN_CONTEXT_H_
