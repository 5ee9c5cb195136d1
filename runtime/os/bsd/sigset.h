// The set of signals of the BSDs, four words of 32 bits, with the operations of a set.
#ifndef FAULTLINE_RUNTIME_OS_BSD_SIGSET_H_
#define FAULTLINE_RUNTIME_OS_BSD_SIGSET_H_

#include "runtime/nosplit.h"

namespace runtime::sys {

// Raw: the system's own declaration of it.
template <typename Raw>
struct SetOf : Raw {
  GO_NOSPLIT friend constexpr SetOf operator~(const SetOf& a) {
    return {{{~a.word[0], ~a.word[1], ~a.word[2], ~a.word[3]}}};
  }
  GO_NOSPLIT friend constexpr SetOf operator|(const SetOf& a, const SetOf& b) {
    return {{{a.word[0] | b.word[0], a.word[1] | b.word[1], a.word[2] | b.word[2],
              a.word[3] | b.word[3]}}};
  }
  GO_NOSPLIT friend constexpr SetOf operator&(const SetOf& a, const SetOf& b) {
    return {{{a.word[0] & b.word[0], a.word[1] & b.word[1], a.word[2] & b.word[2],
              a.word[3] & b.word[3]}}};
  }
  GO_NOSPLIT friend constexpr bool operator==(const SetOf& a, const SetOf& b) {
    return a.word[0] == b.word[0] && a.word[1] == b.word[1] && a.word[2] == b.word[2] &&
           a.word[3] == b.word[3];
  }
};

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_OS_BSD_SIGSET_H_
