// OpenBSD system call numbers as an enum.
#ifndef FAULTLINE_ABI_OPENBSD_CALLS_H_
#define FAULTLINE_ABI_OPENBSD_CALLS_H_

#include "abi/openbsd/call_list.h"

namespace faultline::abi::openbsd_common {

enum Call : int {
#define FAULTLINE_X(name, number) k_##name = number,
  FAULTLINE_OPENBSD_CALLS(FAULTLINE_X)
#undef FAULTLINE_X
};

}  // namespace faultline::abi::openbsd_common

#endif  // FAULTLINE_ABI_OPENBSD_CALLS_H_
