// Calls of the guests' systems that have the same arguments by one name, and what their guests can
// do.
#ifndef FAULTLINE_SUITES_FOREIGN_OS_H_
#define FAULTLINE_SUITES_FOREIGN_OS_H_

// FreeBSD's is also what is read where no other system is meant.
#if defined(__NetBSD__)
#include "abi/netbsd/native.h"
#else
#include "abi/freebsd/native.h"
#endif

namespace guest {

namespace os = faultline::abi::native;

namespace call {
#if defined(__NetBSD__)
inline constexpr long kFStat = os::k___fstat50, kUtimes = os::k___utimes50, kPipe = os::k_pipe,
                      kKevent = os::k___kevent50, kWait4 = os::k___wait450,
                      kClockGettime = os::k___clock_gettime50,
                      kSigAction = os::k___sigaction_sigtramp, kGetDents = os::k___getdents30;
#else
inline constexpr long kFStat = os::k_fstat, kUtimes = os::k_utimes, kPipe = os::k_freebsd10_pipe,
                      kKevent = os::k_kevent, kWait4 = os::k_wait4,
                      kClockGettime = os::k_clock_gettime, kSigAction = os::k_sigaction,
                      kGetDents = os::k_getdirentries;
#endif
}  // namespace call

}  // namespace guest

#endif  // FAULTLINE_SUITES_FOREIGN_OS_H_
