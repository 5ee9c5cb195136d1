// What the calls that replaced older ones need, where there are no others.
#ifndef FAULTLINE_ABI_LINUX_GENERIC_CONSTANTS_H_
#define FAULTLINE_ABI_LINUX_GENERIC_CONSTANTS_H_

namespace faultline::abi::linux_generic {

// linux/fcntl.h: paths from the working directory on.
inline constexpr int kAT_FDCWD = -100;
// asm-generic/fcntl.h
inline constexpr int kF_GETFD = 1;

}  // namespace faultline::abi::linux_generic

#endif  // FAULTLINE_ABI_LINUX_GENERIC_CONSTANTS_H_
