// A fault: one deliberate lie. It acts at a point, which its base class names; what it does there
// is its own affair, when it does it is its rule's (rule.h).
#ifndef FAULTLINE_KERNEL_FAULT_FAULT_H_
#define FAULTLINE_KERNEL_FAULT_FAULT_H_

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fault/grammar.h"
#include "kernel/record/log.h"
#include "kernel/tracer/interrupted_call.h"
#include "kernel/tracer/proc.h"
#include "kernel/tracer/registers.h"

namespace faultline::kernel {

class Redirector;
class SignalFrame;
class Tracer;

// A value that a lie replaced.
using Change = Lie::Change;

class Fault {
 public:
  virtual ~Fault() = default;
};

// ---- Point "restart": the kernel is about to restart an interrupted call
// ---------------------------

struct Restart {
  pid_t tid;
  Arch arch;  // of the code that called
  InterruptedCall call;
  bool handler_ran;  // between the interruption and the restart
};

// The registers that the restarted call will start with: the thread's own, or, if a handler runs
// first, those in its signal frame. At that time the thread's own PC is still behind the call's
// instruction, the number in kOrigRax; in a frame the PC is back on it and the number in kRax.
class RestartRegisters {
 public:
  virtual ~RestartRegisters() = default;
  [[nodiscard]] virtual std::optional<uint64_t> Get(Reg reg) const = 0;
  virtual void Set(Reg reg, uint64_t value) = 0;
};

class RestartFault : public Fault {
 public:
  // Whether this restart is an opportunity for the fault.
  [[nodiscard]] virtual bool Concerns(const Restart& restart) const = 0;
  virtual void Tell(const Restart& restart, RestartRegisters& registers) = 0;
  // Whether there is no restart once the lie is told: rules that follow have nothing to act on.
  [[nodiscard]] virtual bool EndsCall() const { return false; }
  // Whether threads are to be woken from their calls now and then, so that there are restarts:
  // whenever another thread of theirs takes a signal that interrupts no call.
  [[nodiscard]] virtual bool WantsMoreRestarts() const { return false; }
};

// ---- Point "signal": a thread is about to take a signal
// ------------------------------------------

struct SignalStop {
  pid_t tid;
  int signal;
  siginfo_t info;
  ThreadStatus status;
  Arch arch;
  std::optional<InterruptedCall> call;  // the one that the signal interrupted, if it did
};

// What signal faults work with.
struct SignalTools {
  Redirector& redirector;
  Tracer& tracer;
  // A thread of the same process that sleeps in a call which would restart unnoticed, one that a
  // restart rule is for if there are such rules; 0: none.
  std::function<pid_t(const SignalStop&)> find_sleeper;
};

// What a lie made of a signal.
struct SignalLie {
  int taken;      // the signal that the thread takes now; 0: none
  Change change;  // in numbers, for the log
};

class SignalFault : public Fault {
 public:
  [[nodiscard]] virtual bool Concerns(const SignalStop& stop, const SignalTools& tools) = 0;
  // Nothing when it could not be done after all.
  [[nodiscard]] virtual std::optional<SignalLie> Tell(const SignalStop& stop,
                                                      const SignalTools& tools) = 0;
};

// ---- Point "handler": a thread stands on the first instruction of a signal handler
// ---------------

struct HandlerEntry {
  pid_t tid;
  int signal;
  Arch arch;
  Registers& registers;  // as the handler will find them; stored when all lies are told
  SignalFrame& frame;
};

class HandlerFault : public Fault {
 public:
  // What was changed; nothing when there was nothing to change or it could not be done: then it was
  // no opportunity.
  virtual std::vector<Change> Tell(const HandlerEntry& entry) = 0;
  // The signals whose handlers it is for, as a kernel signal set.
  [[nodiscard]] virtual uint64_t signals() const { return ~0ull; }
};

// ---- The catalogue of faults
// ---------------------------------------------------------------------

struct Parameter {
  std::string_view name;
  std::string_view values;   // what may be written
  std::string_view meaning;  // with the default
};

struct FaultDescription {
  std::string_view id;       // POINT.NAME; stable: people write it into their CI
  std::string_view summary;  // one line
  std::string_view effect;   // what exactly is done, and when
  std::vector<Parameter> parameters;
  std::string_view origin;   // which real kernel did this
  std::string_view source;   // where that is documented
  std::string_view harsher;  // how it differs from that kernel
  // Makes the fault with the parameters in `spec`; throws SpecError.
  std::unique_ptr<Fault> (*make)(const Spec& spec);

  [[nodiscard]] std::string_view point() const { return id.substr(0, id.find('.')); }
};

// All faults, sorted by id.
const std::vector<FaultDescription>& Catalogue();

// nullptr when there is none.
const FaultDescription* FindFault(std::string_view id);

// The parameter signal= as a kernel signal set; all without it. Throws SpecError.
uint64_t ParseSignals(const Spec& spec);

// The parameters that every fault has: they say when it fires.
const std::vector<Parameter>& CommonParameters();

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_FAULT_H_
