// The two arches of OpenBSD as types, for code that is the same for both but for their layouts.
#ifndef FAULTLINE_KERNEL_MODEL_OPENBSD_ABI_H_
#define FAULTLINE_KERNEL_MODEL_OPENBSD_ABI_H_

#include "abi/openbsd/386/structs.h"
#include "abi/openbsd/amd64/structs.h"

namespace faultline::kernel::model::openbsd {

namespace common = abi::openbsd_common;

struct Amd64 {
  static constexpr int kBits = 64;
  using Word = uint64_t;
  using Long = int64_t;
  using Timespec = abi::openbsd_amd64::Timespec;
  using Timeval = abi::openbsd_amd64::Timeval;
  using Rusage = abi::openbsd_amd64::Rusage;
  using SigAction = abi::openbsd_amd64::SigAction;
  using StackT = abi::openbsd_amd64::StackT;
  using SigInfo = abi::openbsd_amd64::SigInfo;
  using MContext = abi::openbsd_amd64::MContext;
  using Tfork = abi::openbsd_amd64::Tfork;
  using PsStrings = abi::openbsd_amd64::PsStrings;
  static constexpr int64_t kMaxStack = abi::openbsd_amd64::kMaxStack;
  static constexpr int64_t kDefaultStack = abi::openbsd_amd64::kDefaultStack;
  static constexpr uint64_t kUsrStack = abi::openbsd_amd64::kUsrStack;
};

struct I386 {
  static constexpr int kBits = 32;
  using Word = uint32_t;
  using Long = int32_t;
  using Timespec = abi::openbsd_386::Timespec;
  using Timeval = abi::openbsd_386::Timeval;
  using Rusage = abi::openbsd_386::Rusage;
  using SigAction = abi::openbsd_386::SigAction;
  using StackT = abi::openbsd_386::StackT;
  using SigInfo = abi::openbsd_386::SigInfo;
  using MContext = abi::openbsd_386::MContext;
  using Tfork = abi::openbsd_386::Tfork;
  using PsStrings = abi::openbsd_386::PsStrings;
  static constexpr int64_t kMaxStack = abi::openbsd_386::kMaxStack;
  static constexpr int64_t kDefaultStack = abi::openbsd_386::kDefaultStack;
  static constexpr uint64_t kUsrStack = abi::openbsd_386::kUsrStack;
};

}  // namespace faultline::kernel::model::openbsd

#endif  // FAULTLINE_KERNEL_MODEL_OPENBSD_ABI_H_
