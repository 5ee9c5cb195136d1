// The call itself, on the BSDs: any arguments, one word each.
#ifndef FAULTLINE_RUNTIME_OS_BSD_RAW_H_
#define FAULTLINE_RUNTIME_OS_BSD_RAW_H_

#include "runtime/nosplit.h"

extern "C" long runtime_syscall(long number, long a, long b, long c, long d, long e, long f, long g,
                                long h);

namespace runtime::sys {

template <typename T>
GO_NOSPLIT inline long arg(T* v) {
  return reinterpret_cast<long>(v);
}
template <typename T>
GO_NOSPLIT inline long arg(T v) {
  static_assert(sizeof(v) <= sizeof(long));
  return static_cast<long>(v);
}

// mmap's offset has two words on 386, and on NetBSD a word before it.
constexpr int kArguments = 8;

template <typename... A>
GO_NOSPLIT inline long raw(long number, A... a) {
  static_assert(sizeof...(a) <= kArguments);
  long v[kArguments] = {};
  [[maybe_unused]] int n = 0;
  ((v[n++] = arg(a)), ...);
  return runtime_syscall(number, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
}

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_OS_BSD_RAW_H_
