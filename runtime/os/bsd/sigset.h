// The set of signals of the BSDs, words of 32 bits, with the operations of a set.
#ifndef FAULTLINE_RUNTIME_OS_BSD_SIGSET_H_
#define FAULTLINE_RUNTIME_OS_BSD_SIGSET_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/nosplit.h"

namespace runtime::sys {

// Raw: the system's own declaration of it.
template <typename Raw>
struct SetOf : Raw {
  static constexpr size_t kWords = sizeof(Raw) / sizeof(uint32_t);

  GO_NOSPLIT friend constexpr SetOf operator~(SetOf a) {
    for (size_t i = 0; i < kWords; i++) a.word[i] = ~a.word[i];
    return a;
  }
  GO_NOSPLIT friend constexpr SetOf operator|(SetOf a, const SetOf& b) {
    for (size_t i = 0; i < kWords; i++) a.word[i] |= b.word[i];
    return a;
  }
  GO_NOSPLIT friend constexpr SetOf operator&(SetOf a, const SetOf& b) {
    for (size_t i = 0; i < kWords; i++) a.word[i] &= b.word[i];
    return a;
  }
  GO_NOSPLIT friend constexpr bool operator==(const SetOf& a, const SetOf& b) {
    for (size_t i = 0; i < kWords; i++) {
      if (a.word[i] != b.word[i]) return false;
    }
    return true;
  }
};

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_OS_BSD_SIGSET_H_
