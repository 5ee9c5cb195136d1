// The two arches of FreeBSD as types, for code that is the same for both but for their layouts.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_ABI_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_ABI_H_

#include "abi/freebsd/386/structs.h"
#include "abi/freebsd/amd64/structs.h"

namespace faultline::kernel::model::freebsd {

namespace common = abi::freebsd_common;

struct Amd64 {
  static constexpr int kBits = 64;
  using Word = uint64_t;
  using Long = int64_t;
  using Timespec = abi::freebsd_amd64::Timespec;
  using Timeval = abi::freebsd_amd64::Timeval;
  using Itimerval = abi::freebsd_amd64::Itimerval;
  using Rusage = abi::freebsd_amd64::Rusage;
  using SigAction = abi::freebsd_amd64::SigAction;
  using SigEvent = abi::freebsd_amd64::SigEvent;
  using StackT = abi::freebsd_amd64::StackT;
  using SigInfo = abi::freebsd_amd64::SigInfo;
  using SigFrame = abi::freebsd_amd64::SigFrame;
  using UContext = abi::freebsd_amd64::UContext;
  using ThrParam = abi::freebsd_amd64::ThrParam;
  using UmtxTime = abi::freebsd_amd64::UmtxTime;
  using Stat = abi::freebsd_amd64::Stat;
  using Stat11 = abi::freebsd_amd64::Stat11;
  using Kevent = abi::freebsd_amd64::Kevent;
  using Kevent11 = abi::freebsd_amd64::Kevent11;
  using MsgHdr = abi::freebsd_amd64::MsgHdr;
  using PsStrings = abi::freebsd_amd64::PsStrings;
  // The most that a stack limit can be, and what it is at first.
  static constexpr int64_t kMaxStack = abi::freebsd_amd64::kMaxStack;
  static constexpr int64_t kDefaultStack = kMaxStack;
};

struct I386 {
  static constexpr int kBits = 32;
  using Word = uint32_t;
  using Long = int32_t;
  using Timespec = abi::freebsd_386::Timespec;
  using Timeval = abi::freebsd_386::Timeval;
  using Itimerval = abi::freebsd_386::Itimerval;
  using Rusage = abi::freebsd_386::Rusage;
  using SigAction = abi::freebsd_386::SigAction;
  using SigEvent = abi::freebsd_386::SigEvent;
  using StackT = abi::freebsd_386::StackT;
  using SigInfo = abi::freebsd_386::SigInfo;
  using SigFrame = abi::freebsd_386::SigFrame;
  using UContext = abi::freebsd_386::UContext;
  using ThrParam = abi::freebsd_386::ThrParam;
  using UmtxTime = abi::freebsd_386::UmtxTime;
  using Stat = abi::freebsd_386::Stat;
  using Stat11 = abi::freebsd_386::Stat11;
  using Kevent = abi::freebsd_386::Kevent;
  using Kevent11 = abi::freebsd_386::Kevent11;
  using MsgHdr = abi::freebsd_386::MsgHdr;
  using PsStrings = abi::freebsd_386::PsStrings;
  // The most that a stack limit can be, and what it is at first.
  static constexpr int64_t kMaxStack = abi::freebsd_386::kMaxStack;
  static constexpr int64_t kDefaultStack = kMaxStack;
};

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_ABI_H_
