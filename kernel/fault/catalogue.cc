#include <algorithm>

#include "kernel/fault/fault.h"
#include "kernel/fault/handler.h"
#include "kernel/fault/process.h"
#include "kernel/fault/restart.h"
#include "kernel/fault/sigaction.h"
#include "kernel/fault/sigaltstack.h"
#include "kernel/fault/signal.h"
#include "kernel/fault/sigreturn.h"
#include "kernel/fault/stack.h"
#include "kernel/fault/syscall_entry.h"
#include "kernel/fault/syscall_exit.h"
#include "kernel/fault/time.h"
#include "kernel/fault/tls.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {

const std::vector<FaultDescription>& Catalogue() {
  static const std::vector<FaultDescription> all = [] {
    std::vector<FaultDescription> list;
    for (auto family : {
             HandlerFaults,
             ProcessFaults,
             RestartFaults,
             SigactionFaults,
             SigaltstackFaults,
             SignalFaults,
             SigreturnFaults,
             StackFaults,
             SyscallEntryFaults,
             SyscallExitFaults,
             TimeFaults,
             TlsFaults,
         })
      for (FaultDescription& description : family()) list.push_back(std::move(description));
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return list;
  }();
  return all;
}

const FaultDescription* FindFault(std::string_view id) {
  for (const FaultDescription& description : Catalogue())
    if (description.id == id) return &description;
  return nullptr;
}

uint64_t ParseSignals(const Spec& spec) {
  const Word* word = spec.Find("signal");
  if (word == nullptr) return ~0ull;
  uint64_t signals = 0;
  for (const Word& name : ParseList(*word)) {
    auto signal = ParseSignal(name.text);
    if (!signal)
      throw SpecError(
          name.column,
          "expected signals by name or number (1 to 64), joined by '+', found '" + name.text + "'");
    signals |= SignalBit(*signal);
  }
  return signals;
}

const std::vector<Parameter>& CommonParameters() {
  static const std::vector<Parameter> parameters = {
      {"call", "names joined by '+'",
       "only if the thread is in one of these system calls (default: any)"},
      {"arg0 to arg5", "numbers, ranges or bits joined by '+'",
       "only if the call has this argument: 3, 0x40, -1, 0x1000..0x1fff, &0x100 (these bits set)"},
      {"signal", "names or numbers joined by '+'",
       "only with these signals, such as CHLD or SIGURG: the one that the thread takes, or whose\n"
       "handler it enters or leaves (default: any)"},
      {"thread", "main, foreign or numbers, joined by '+'",
       "only on these threads of their process, counted in order of birth, main being 1. foreign: "
       "one\nthat never had an alternate signal stack (default: any)"},
      {"pc", "addresses, ranges or files joined by '+'",
       "only if the program was interrupted, or called, at this address, in 0x401000..0x401fff or "
       "in\ncode of a file such as libc.so.6 (default: anywhere)"},
      {"nth", "1 and up", "only at the n-th opportunity"},
      {"every", "1 and up", "only at each n-th opportunity (default: 1)"},
      {"p", "0 to 1", "only with this probability, drawn from --seed (default: 1)"},
  };
  return parameters;
}

}  // namespace faultline::kernel
