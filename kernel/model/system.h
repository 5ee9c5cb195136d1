// What distinguishes one system from another: all that kernel/model/ asks of kernel/model/OS/.
#ifndef FAULTLINE_KERNEL_MODEL_SYSTEM_H_
#define FAULTLINE_KERNEL_MODEL_SYSTEM_H_

#include <signal.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/load/elf.h"
#include "kernel/model/bsd.h"
#include "kernel/model/process.h"
#include "kernel/model/signals.h"
#include "kernel/model/task.h"
#include "kernel/model/value.h"

namespace faultline::kernel::model {

class Machine;

// A program that exec is about to run.
struct Launch {
  load::Image image;
  int fd = -1;  // of the program's file
  std::string path;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

class System {
 public:
  virtual ~System() = default;

  // "freebsd-9.1".
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Whether a program is one of this system's. If not, `why` is told.
  virtual bool Accepts(const load::Image& image, std::string* why) const = 0;

  // The thread's process has the gate page alone: maps the program, builds the first stack, and
  // leaves the registers as a new program finds them. 0, or -errno.
  virtual Value Start(Machine& machine, Thread& thread, const Launch& launch) = 0;

  // The thread has just made a call: finds out which, and makes of the registers what the kernel
  // has of them.
  virtual void EnterCall(Thread& thread) const = 0;
  // The same for a fault, or an interruption.
  virtual void EnterInterrupt(Thread& thread) const = 0;

  // Calls that neither sleep nor switch threads. Nothing: it is none of them.
  virtual std::optional<Value> CallNow(Machine& machine, Thread& thread) = 0;
  virtual Task<Value> Call(Machine& machine, Thread& thread) = 0;
  // Of the call that the thread is in.
  [[nodiscard]] virtual std::string CallName(const Thread& thread) const = 0;

  // A fault of the host's that is a call, by a gate which the host lacks: as EnterCall then.
  virtual bool EnterCallByFault(Thread& thread, const siginfo_t& host) const {
    (void)thread;
    (void)host;
    return false;
  }

  // Puts a call's result where the program finds it, or the thread back before its call.
  virtual void SetResult(Machine& machine, Thread& thread, Value value) const = 0;
  // The thread is about to go on outside.
  virtual void Leave(Machine& machine, Thread& thread) const = 0;

  // Builds the frame of a handler and sends the thread there. False: there is no stack for it.
  virtual bool PushHandler(Thread& thread, const SignalInfo& info, const Disposition& action,
                           const SignalSet& mask_to_restore) = 0;
  // What a fault of the host means.
  [[nodiscard]] virtual SignalInfo Fault(const Thread& thread, const siginfo_t& host) const = 0;
  // The registers of a forked child's thread, of which the parent's were copied.
  virtual void StartForkedChild(Thread& child) const = 0;

  // The number of a signal of the host; 0: there is none such.
  [[nodiscard]] virtual int SignalFromHost(int host) const = 0;
  [[nodiscard]] virtual int SignalToHost(int signal) const = 0;
  [[nodiscard]] virtual int last_signal() const = 0;
  // Of the signals above 31: which nothing happens for unless somebody asks.
  [[nodiscard]] virtual bool IgnoresByDefault(int signal) const = 0;

  // Whether every signal that is sent is kept, and a child's taken back when it is reaped; else one
  // of each number waits, the newest.
  [[nodiscard]] virtual bool queues_signals() const { return true; }
  // What wait says of a child that was continued.
  [[nodiscard]] virtual int continued_status() const { return bsd::kSIGCONT; }

  // Whether exec takes the caller's alternate stack away; `first`: it is the process's first
  // thread.
  [[nodiscard]] virtual bool exec_resets_alt_stack(bool first) const {
    (void)first;
    return true;
  }

  // The largest thread id of the first thread's kind and so on: where ids begin.
  [[nodiscard]] virtual int first_thread_id() const = 0;
  // Whether they begin there in each process.
  [[nodiscard]] virtual bool process_numbers_threads() const = 0;
  [[nodiscard]] virtual int last_pid() const = 0;

  // Whether a signal that is sent to a process is from then on one thread's: the first one's that
  // does not block it, or else the first one's. Otherwise it is taken by whichever thread looks
  // first.
  [[nodiscard]] virtual bool binds_signals() const { return false; }
  // Whether SIGPROF and SIGVTALRM are for the thread whose time has been used.
  [[nodiscard]] virtual bool profiles_running_thread() const { return true; }

  // Whether wait4's and fork's path single-threads the process.
  [[nodiscard]] virtual bool fork_single_threads() const = 0;
};

// The systems that can be modelled: "freebsd-9.1" and what it is in a line.
struct SystemName {
  std::string name;
  std::string summary;
};

// What a folder of kernel/model/ offers, and says itself: a static object of its own (systems.cc).
struct Family {
  Family(std::vector<SystemName> (*systems)(),
         std::unique_ptr<System> (*make)(std::string_view name));
  std::vector<SystemName> (*systems)();  // the oldest release first; at least one
  std::unique_ptr<System> (*make)(std::string_view name);
};

// Those of one family side by side.
std::vector<SystemName> Systems();
// Null when there is none of this name.
std::unique_ptr<System> MakeSystem(std::string_view name);

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_SYSTEM_H_
