#include "kernel/tracer/signals.h"

#include <signal.h>

#include <array>
#include <charconv>

#include "abi/linux/constants.h"

namespace faultline::kernel {
namespace {

constexpr std::array<std::string_view, kFirstRealtime> kNames = {
    "",     "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS"};

}  // namespace

DefaultAction DefaultActionOf(int signal) {
  switch (signal) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
      return DefaultAction::kIgnore;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return DefaultAction::kStop;
    default:
      return DefaultAction::kDie;
  }
}

std::string SignalName(int signal) {
  if (signal > 0 && signal < kFirstRealtime) return "SIG" + std::string(kNames[signal]);
  if (signal == kFirstRealtime) return "SIGRTMIN";
  if (signal <= kLastSignal && signal > 0)
    return "SIGRTMIN+" + std::to_string(signal - kFirstRealtime);
  return std::to_string(signal);
}

std::optional<int> ParseSignal(std::string_view text) {
  int number = 0;
  auto parse = [&](std::string_view digits) {
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (parse(text))
    return number >= 1 && number <= kLastSignal ? std::optional(number) : std::nullopt;
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (int signal = 1; signal < kFirstRealtime; ++signal)
    if (text == kNames[signal]) return signal;
  if (text == "RTMIN") return kFirstRealtime;
  if (text.starts_with("RTMIN+") && parse(text.substr(6)) && number >= 0 &&
      number <= kLastSignal - kFirstRealtime)
    return kFirstRealtime + number;
  return std::nullopt;
}

}  // namespace faultline::kernel
