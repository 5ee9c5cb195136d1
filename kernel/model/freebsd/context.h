// A call of FreeBSD's being served.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_CONTEXT_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_CONTEXT_H_

#include <fcntl.h>
#include <time.h>

#include <functional>
#include <optional>

#include "kernel/model/bsd/calls.h"
#include "kernel/model/bsd/context.h"
#include "kernel/model/bsd/flags.h"
#include "kernel/model/freebsd/abi.h"
#include "kernel/model/freebsd/errors.h"
#include "kernel/model/freebsd/freebsd.h"

namespace faultline::kernel::model::freebsd {

struct Os {
  using System = FreeBsd;
  using Amd64 = freebsd::Amd64;
  using I386 = freebsd::I386;
  static void FetchArguments(Thread& thread, bool amd64, Arguments* arguments);
  template <typename Abi>
  static void FillInfo(const SignalInfo& info, typename Abi::SigInfo* to) {
    using Word = typename Abi::Word;
    to->signo = info.signal;
    to->err = info.error;
    to->code = info.code;
    to->pid = info.pid;
    to->uid = info.uid;
    to->status = info.status;
    to->addr = static_cast<Word>(info.address);
    to->value = static_cast<Word>(info.value);
    to->trapno = info.trap;
  }
  static std::optional<clockid_t> HostClock(int clock);
  static constexpr int kWCONTINUED = common::kWCONTINUED;
  static constexpr int kWNOWAIT = common::kWNOWAIT;
  // WEXITED, WTRAPPED and WLINUXCLONE too.
  static constexpr int kWaitOptions = common::kWUNTRACED | common::kWNOHANG | kWCONTINUED |
                                      kWNOWAIT | 0x10 | 0x20 | static_cast<int>(0x80000000);
  static constexpr int kO_CLOEXEC = common::kO_CLOEXEC;
  static constexpr FlagPair kOpenFlags[] = {
      {common::kO_NONBLOCK, O_NONBLOCK}, {common::kO_APPEND, O_APPEND},
      {common::kO_NOFOLLOW, O_NOFOLLOW}, {common::kO_CREAT, O_CREAT},
      {common::kO_TRUNC, O_TRUNC},       {common::kO_EXCL, O_EXCL},
      {common::kO_NOCTTY, O_NOCTTY},     {common::kO_DIRECTORY, O_DIRECTORY},
      {common::kO_CLOEXEC, O_CLOEXEC},
  };
  // sys/fcntl.h
  static constexpr int kF_DUP2FD = 10, kF_DUPFD_CLOEXEC = 17, kF_DUP2FD_CLOEXEC = 18;
  static constexpr int kAT_REMOVEDIR = common::kAT_REMOVEDIR;
  static constexpr int kAT_SYMLINK_NOFOLLOW = common::kAT_SYMLINK_NOFOLLOW;
  static constexpr int kAT_SYMLINK_FOLLOW = common::kAT_SYMLINK_FOLLOW;
  static constexpr int kUTIME_NOW = common::kUTIME_NOW;
  static constexpr int kUTIME_OMIT = common::kUTIME_OMIT;
  static int ErrorFromHost(int error) { return freebsd::ErrorFromHost(error); }
  static int16_t FilterFrom(int16_t filter) { return filter; }
  static int16_t FilterTo(int16_t filter) { return filter; }
  static bool IgnoresFilter(int16_t filter) { return filter == 0; }
  static constexpr int kLimits = 15;  // RLIM_NLIMITS, sys/resource.h
  static constexpr int kClockMonotonic = common::kCLOCK_MONOTONIC;
  static constexpr int kSigevThreadId = common::kSIGEV_THREAD_ID;
};

using Context = model::Context<Os>;

// Calls that are a family of their own.
Value Sysctl(Context& c);
Value SysctlByName(Context& c);
Task<Value> UmtxOp(Context& c);
Value Sysarch(Context& c);

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_CONTEXT_H_
