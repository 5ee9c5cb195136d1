// A fault: one deliberate lie. It acts at a point, which its base class names; what it does there
// is its own affair, when it does it is its rule's (rule.h).
#ifndef FAULTLINE_KERNEL_FAULT_FAULT_H_
#define FAULTLINE_KERNEL_FAULT_FAULT_H_

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kernel/fault/grammar.h"
#include "kernel/record/log.h"
#include "kernel/tracer/interrupted_call.h"
#include "kernel/tracer/proc.h"
#include "kernel/tracer/registers.h"
#include "kernel/tracer/tracer.h"

namespace faultline::kernel {

struct ExecStop;
class Redirector;
class SignalFrame;

// A value that a lie replaced.
using Change = Lie::Change;

// A fault may act at several points: it then derives from several of the classes below.
class Fault {
 public:
  Fault() = default;
  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;
  virtual ~Fault() = default;

  // Readies each new program for what the fault will do there: no lie by itself, and done whatever
  // the rule says. For memory only.
  virtual void Prepare(const ExecStop& stop) { (void)stop; }
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

class RestartFault : public virtual Fault {
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

class SignalFault : public virtual Fault {
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

class HandlerFault : public virtual Fault {
 public:
  // What was changed; nothing when there was nothing to change or it could not be done: then it was
  // no opportunity.
  virtual std::vector<Change> Tell(const HandlerEntry& entry) = 0;
};

// ---- Point "call": a thread enters a system call, or leaves it
// -----------------------------------

struct CallStop {
  pid_t tid;
  Arch arch;  // whose table and registers the call uses
  Path path;
  std::string_view name;
  std::array<uint64_t, 6> arguments;  // as the program gave them
  std::optional<int64_t> result;      // at the end
  // Those of the thread; stored when all lies are told. At the entry, rax is -ENOSYS and kOrigRax
  // the number; -1 there makes the kernel skip the call, rax is its result then. Registers that are
  // changed at the entry are put back at the end, in a child that was born in the call too.
  Registers& registers;
};

// Acts at the entry, at the end, or at both. The entry decides: a rule that has told a lie there is
// asked again at the end (AtExit with `began`), whatever it then says belongs to the same lie.
// A call that was interrupted and is made again is a new opportunity.
class CallFault : public virtual Fault {
 public:
  // The calls that it can do anything about, by name, on either arch; empty: all. With call=, only
  // those of them that are named stop.
  [[nodiscard]] virtual std::vector<std::string_view> calls() const = 0;
  // Whether it acts only when the call is over, with a result of its own.
  [[nodiscard]] virtual bool AtExitOnly() const { return false; }
  // Whether there is nothing left to do once AtEntry is over, and it changes no register but
  // kOrigRax, to -1, and kRax: the call need not stop a second time.
  [[nodiscard]] virtual bool AtEntryOnly() const { return false; }

  // Whether there is an opportunity: asked before it gets its number, at the entry or, of a fault
  // that is AtExitOnly, at the end.
  [[nodiscard]] virtual bool Concerns(const CallStop& stop) {
    (void)stop;
    return true;
  }
  // What was changed; nothing when there was nothing to change or it could not be done: then it was
  // no opportunity after all.
  virtual std::vector<Change> AtEntry(const CallStop& stop) {
    (void)stop;
    return {};
  }
  // A child was born in `creator`'s call, which was lied about at its entry: if that changed memory
  // of the program, the child may have a copy. It has not run.
  virtual void InChild(pid_t creator, pid_t child) { (void)creator, (void)child; }
  // Of a call that was lied about at its entry (`began`), or of a fault that is AtExitOnly. In the
  // first case also when the call was interrupted and will be made again.
  virtual std::vector<Change> AtExit(const CallStop& stop, bool began) {
    (void)stop, (void)began;
    return {};
  }
};

// At the entry of a call: it is not made and fails with `error`. What was changed.
std::vector<Change> RefuseCall(const CallStop& stop, int error);

// A fault that has to know of calls, or has to make its lies hold in them, besides what it is
// otherwise: sees each of these calls, whatever the rule says. What it does is no lie of its own
// and not logged. It costs two stops for each of the calls.
class CallWatcher : public virtual Fault {
 public:
  // By name, on either arch.
  [[nodiscard]] virtual std::vector<std::string_view> watched_calls() const = 0;
  // Before any lie, and after all lies.
  virtual void OnEntry(const CallStop& stop) { (void)stop; }
  virtual void OnExit(const CallStop& stop) { (void)stop; }
  // Before the birth's lies.
  virtual void OnBirth(const Birth& birth) { (void)birth; }
  // The thread is no more, or runs another program.
  virtual void OnGone(pid_t tid) { (void)tid; }
};

// ---- Point "sigreturn": a thread returns from a signal handler
// -----------------------------------

struct SigreturnStop {
  pid_t tid;
  int signal;  // whose handler it was; 0: not known (no SA_SIGINFO)
  Arch arch;
  // What the kernel is about to load; changes take effect.
  SignalFrame& frame;
};

class SigreturnFault : public virtual Fault {
 public:
  // As CallFault::AtEntry.
  virtual std::vector<Change> Tell(const SigreturnStop& stop) = 0;
};

// A fault that has to know the frames as the kernel built them, besides what it is otherwise. It
// costs a stop for each handler.
class FrameWatcher : public virtual Fault {
 public:
  // The thread stands on the first instruction of a handler. Every handler's frame, whatever the
  // rule says, with all lies told.
  virtual void OnFrame(pid_t tid, const SignalFrame& frame) = 0;
  // The thread is no more, or runs another program.
  virtual void OnGone(pid_t tid) = 0;
};

// ---- Point "birth": a thread or process has come to be, and has not run
// --------------------------

struct BirthStop {
  Birth birth;
  Arch arch;
  Registers& registers;  // of the new one; stored when all lies are told
};

class BirthFault : public virtual Fault {
 public:
  // As CallFault::AtEntry.
  virtual std::vector<Change> Tell(const BirthStop& stop, const SignalTools& tools) = 0;
};

// ---- Point "exec": a process stands before the first instruction of a new program
// ----------------

struct ExecStop {
  pid_t tid;
  Arch arch;
  Registers& registers;  // stored when all lies are told
};

class ExecFault : public virtual Fault {
 public:
  // As CallFault::AtEntry.
  virtual std::vector<Change> Tell(const ExecStop& stop) = 0;
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

// What `make` is for a fault that takes its parameters in its constructor, or has none.
template <typename F>
std::unique_ptr<Fault> MakeFault(const Spec& spec) {
  if constexpr (std::is_constructible_v<F, const Spec&>) {
    return std::make_unique<F>(spec);
  } else {
    return std::make_unique<F>();
  }
}

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
