// Names and default actions of signals.
#ifndef FAULTLINE_KERNEL_TRACER_SIGNALS_H_
#define FAULTLINE_KERNEL_TRACER_SIGNALS_H_

#include <signal.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "abi/linux/constants.h"

namespace faultline::kernel {

// What the kernel does with a signal that has no handler (signal(7); kernel/signal.c,
// sig_kernel_*).
enum class DefaultAction : uint8_t { kDie, kIgnore, kStop };
DefaultAction DefaultActionOf(int signal);

// "SIGCHLD", "SIGRTMIN+3", counted as the kernel does: 32 is the first real-time signal.
std::string SignalName(int signal);

// By name with or without "SIG", or by number, 1 to 64.
std::optional<int> ParseSignal(std::string_view text);

// How PTRACE_O_TRACESYSGOOD marks a stop at a system call.
inline constexpr int kCallTrap = SIGTRAP | 0x80;

// The bit of `signal` in a kernel signal set.
constexpr uint64_t SignalBit(int signal) { return 1ull << (signal - 1); }

// The first that queues (the kernel's SIGRTMIN): one of those below is merged with one of its kind
// that is pending.
inline constexpr int kFirstRealtime = abi::linux_common::kSIGRTMIN;

// The largest signal number (_NSIG).
inline constexpr int kLastSignal = 64;

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_SIGNALS_H_
