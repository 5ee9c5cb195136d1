// The two arches of Darwin as types, for code that is the same for both but for their layouts.
#ifndef FAULTLINE_KERNEL_MODEL_DARWIN_ABI_H_
#define FAULTLINE_KERNEL_MODEL_DARWIN_ABI_H_

#include "abi/darwin/386/structs.h"
#include "abi/darwin/amd64/structs.h"

namespace faultline::kernel::model::darwin {

namespace common = abi::darwin_common;

struct Amd64 {
  static constexpr int kBits = 64;
  using Word = uint64_t;
  using Long = int64_t;
  using Timespec = abi::darwin_amd64::Timespec;
  using Timeval = abi::darwin_amd64::Timeval;
  using Rusage = abi::darwin_amd64::Rusage;
  using SigAction = abi::darwin_amd64::SigAction;
  using NewSigAction = abi::darwin_amd64::NewSigAction;
  using StackT = abi::darwin_amd64::StackT;
  using SigInfo = abi::darwin_amd64::SigInfo;
  using UContext = abi::darwin_amd64::UContext;
  using MContext = abi::darwin_amd64::MContext;
  using AvxState = abi::darwin_amd64::AvxState;
  using Avx512State = abi::darwin_amd64::Avx512State;
  static constexpr size_t kAvxAt = abi::darwin_amd64::kAvxAt;
  static constexpr size_t kAvx512At = abi::darwin_amd64::kAvx512At;
  static constexpr size_t kMContextAvx = abi::darwin_amd64::kMContextAvx;
  static constexpr size_t kMContextAvx512 = abi::darwin_amd64::kMContextAvx512;
  static constexpr int64_t kMaxStack = abi::darwin_amd64::kMaxStack;
  static constexpr int64_t kDefaultStack = abi::darwin_amd64::kDefaultStack;
};

struct I386 {
  static constexpr int kBits = 32;
  using Word = uint32_t;
  using Long = int32_t;
  using Timespec = abi::darwin_386::Timespec;
  using Timeval = abi::darwin_386::Timeval;
  using Rusage = abi::darwin_386::Rusage;
  using SigAction = abi::darwin_386::SigAction;
  using NewSigAction = abi::darwin_386::NewSigAction;
  using StackT = abi::darwin_386::StackT;
  using SigInfo = abi::darwin_386::SigInfo;
  using UContext = abi::darwin_386::UContext;
  using MContext = abi::darwin_386::MContext;
  using AvxState = abi::darwin_386::AvxState;
  using Avx512State = abi::darwin_386::Avx512State;
  static constexpr size_t kAvxAt = abi::darwin_386::kAvxAt;
  static constexpr size_t kAvx512At = abi::darwin_386::kAvx512At;
  static constexpr size_t kMContextAvx = abi::darwin_386::kMContextAvx;
  static constexpr size_t kMContextAvx512 = abi::darwin_386::kMContextAvx512;
  static constexpr int64_t kMaxStack = abi::darwin_386::kMaxStack;
  static constexpr int64_t kDefaultStack = abi::darwin_386::kDefaultStack;
};

}  // namespace faultline::kernel::model::darwin

#endif  // FAULTLINE_KERNEL_MODEL_DARWIN_ABI_H_
