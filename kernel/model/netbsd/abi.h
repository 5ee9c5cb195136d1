// The two arches of NetBSD as types, for code that is the same for both but for their layouts.
#ifndef FAULTLINE_KERNEL_MODEL_NETBSD_ABI_H_
#define FAULTLINE_KERNEL_MODEL_NETBSD_ABI_H_

#include "abi/netbsd/386/structs.h"
#include "abi/netbsd/amd64/structs.h"

namespace faultline::kernel::model::netbsd {

namespace common = abi::netbsd_common;

struct Amd64 {
  static constexpr int kBits = 64;
  using Word = uint64_t;
  using Long = int64_t;
  using Timespec = abi::netbsd_amd64::Timespec;
  using Timeval = abi::netbsd_amd64::Timeval;
  using Rusage = abi::netbsd_amd64::Rusage;
  using SigAction = abi::netbsd_amd64::SigAction;
  using SigEvent = abi::netbsd_amd64::SigEvent;
  using StackT = abi::netbsd_amd64::StackT;
  using SigInfo = abi::netbsd_amd64::SigInfo;
  using SigFrame = abi::netbsd_amd64::SigFrame;
  using UContext = abi::netbsd_amd64::UContext;
  using Stat = abi::netbsd_amd64::Stat;
  using Kevent = abi::netbsd_amd64::Kevent;
  using PsStrings = abi::netbsd_amd64::PsStrings;
  static constexpr int64_t kMaxStack = abi::netbsd_amd64::kMaxStack;
  static constexpr int64_t kDefaultStack = abi::netbsd_amd64::kDefaultStack;
  static constexpr uint64_t kUsrStack = abi::netbsd_amd64::kUsrStack;
};

struct I386 {
  static constexpr int kBits = 32;
  using Word = uint32_t;
  using Long = int32_t;
  using Timespec = abi::netbsd_386::Timespec;
  using Timeval = abi::netbsd_386::Timeval;
  using Rusage = abi::netbsd_386::Rusage;
  using SigAction = abi::netbsd_386::SigAction;
  using SigEvent = abi::netbsd_386::SigEvent;
  using StackT = abi::netbsd_386::StackT;
  using SigInfo = abi::netbsd_386::SigInfo;
  using SigFrame = abi::netbsd_386::SigFrame;
  using UContext = abi::netbsd_386::UContext;
  using Stat = abi::netbsd_386::Stat;
  using Kevent = abi::netbsd_386::Kevent;
  using PsStrings = abi::netbsd_386::PsStrings;
  static constexpr int64_t kMaxStack = abi::netbsd_386::kMaxStack;
  static constexpr int64_t kDefaultStack = abi::netbsd_386::kDefaultStack;
  static constexpr uint64_t kUsrStack = abi::netbsd_386::kUsrStack;
};

}  // namespace faultline::kernel::model::netbsd

#endif  // FAULTLINE_KERNEL_MODEL_NETBSD_ABI_H_
