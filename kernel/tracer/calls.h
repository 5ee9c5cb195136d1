// System calls by name.
#ifndef FAULTLINE_KERNEL_TRACER_CALLS_H_
#define FAULTLINE_KERNEL_TRACER_CALLS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/tracer/registers.h"

namespace faultline::kernel {

// x32's mark on a number (asm/unistd.h, __X32_SYSCALL_BIT).
inline constexpr uint32_t kX32Bit = 0x40000000;

// The name of call `number` in the table of `arch`; a call that the tables do not know yet has its
// number for a name. x32's mark on a number (bit 30) is disregarded.
std::string CallName(Arch arch, int number);

// The number of the call in the table of `arch`; nothing when it has no such call.
std::optional<int> CallNumber(Arch arch, std::string_view name);

// Whether a call has this name on either arch.
bool IsCallName(std::string_view name);

// Whether a thread that sleeps in this call starts it again when it is woken by a signal that it
// does not get to handle, without the program noticing: signal(7), "Interruption of system calls".
// (Other calls fail with EINTR even then, such as epoll_wait.)
bool RestartsUnnoticed(std::string_view name);

// A signal handler's return; the second one is 386's, for handlers without SA_SIGINFO.
inline constexpr std::string_view kSigreturns[] = {"rt_sigreturn", "sigreturn"};
bool IsSigreturn(std::string_view name);

// Whether it is a call by which a thread may send itself a signal: SIGPIPE and SIGXFSZ come of a
// write (pipe(7), setrlimit(2)).
bool SendsSignals(std::string_view name);

// All names of both arches, sorted, each once.
const std::vector<std::string_view>& CallNames();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_CALLS_H_
