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
// An error of the host, positive, in NetBSD's number.
int ErrorFromHost(int error);

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
  static constexpr int kF_DUPFD_CLOEXEC = common::kF_DUPFD_CLOEXEC;
  static constexpr int kAT_REMOVEDIR = common::kAT_REMOVEDIR;
  static constexpr int kAT_SYMLINK_NOFOLLOW = common::kAT_SYMLINK_NOFOLLOW;
  static constexpr int kAT_SYMLINK_FOLLOW = common::kAT_SYMLINK_FOLLOW;
  static constexpr int kUTIME_NOW = common::kUTIME_NOW;
  static constexpr int kUTIME_OMIT = common::kUTIME_OMIT;
  static constexpr bool kPadsOffsets = true;
  static constexpr bool kGetcwdTellsLength = true;  // vfs_getcwd.c, sys___getcwd
  static int ErrorFromHost(int error) { return netbsd::ErrorFromHost(error); }
  // FreeBSD's count downwards from -1, in the same order as far as they go. There is no such
  // filter: one that FreeBSD does not have either.
  static int16_t FilterFrom(uint32_t filter) {
    return filter < common::kEVFILT_SYSCOUNT ? static_cast<int16_t>(-1 - static_cast<int>(filter))
                                             : int16_t{INT16_MAX};
  }
  static uint32_t FilterTo(int16_t filter) { return static_cast<uint32_t>(-1 - filter); }
  static bool IgnoresFilter(uint32_t) { return false; }
  static constexpr int kLimits = common::kRLIMITS;
  static constexpr int kClockMonotonic = common::kCLOCK_MONOTONIC;
  static constexpr int kSigevThreadId = -1;  // there is no such thing
};

using Context = model::Context<Os>;

Value Sysctl(Context& c);

}  // namespace faultline::kernel::model::netbsd

#endif  // FAULTLINE_KERNEL_MODEL_NETBSD_CONTEXT_H_
