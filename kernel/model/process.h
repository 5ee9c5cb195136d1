// The tables of the model: processes and threads, and what a kernel knows of each.
#ifndef FAULTLINE_KERNEL_MODEL_PROCESS_H_
#define FAULTLINE_KERNEL_MODEL_PROCESS_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <any>
#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/model/files.h"
#include "kernel/model/signals.h"
#include "kernel/model/task.h"
#include "kernel/model/tracee.h"
#include "kernel/model/value.h"

namespace faultline::kernel::model {

class Process;
struct Cpu;

// When something is to happen: nanoseconds of CLOCK_MONOTONIC, and a number that makes it unique.
using TimerId = std::pair<int64_t, uint64_t>;

// How a thread came into the kernel.
enum class Entry : uint8_t {
  kSyscall,    // SYSCALL of 64-bit code: saves only a part of the registers
  kInterrupt,  // INT 0x80, and everything else that saves all of them
};

class Thread {
 public:
  Thread(Process* process, int id, pid_t host) : process(process), id(id), host(host) {}

  Process* const process;
  const int id;  // as the guest knows it
  Tracee host;

  // --- Signals.
  SignalSet mask;
  SignalQueue pending;                // sent to this thread
  std::optional<SignalSet> old_mask;  // what a handler's return restores, after sigsuspend
  struct {
    uint64_t base = 0;
    uint64_t size = 0;
    bool enabled = false;
    bool in_use = false;  // where the kernel keeps that, and does not look at the stack pointer
  } alt_stack;
  bool notified = false;  // has to look for signals when it leaves the kernel (TDF_NEEDSIGCHK)

  // --- In the kernel.
  Task<Value> kernel;              // what it does there; empty while it is outside
  std::coroutine_handle<> resume;  // where that goes on
  Entry entry = Entry::kInterrupt;
  int64_t number = -1;  // the call that it is in
  int restart_size = 2;
  bool switched = false;          // the CPU did something else during this stay in the kernel
  bool full_exit = false;         // leaves by the path that loads every register (PCB_FULL_IRET)
  bool restarting = false;        // the call returned ERESTART
  bool brief = false;             // a call so short that the kernel uses few registers
  bool handled = false;           // a handler's frame was built during this stay
  bool interrupted_self = false;  // the next sleep ends before it begins (thr_wake of itself)
  // What a system's register conventions keep of an earlier stay: amd64's r10 and r11 of the last
  // entry that saved them.
  uint64_t stale_r10 = 0;
  uint64_t stale_r11 = 0;

  // What rdx held when a call began, the private pointer (the base of fs or gs); NetBSD's: an
  // unpark that came before its park, and whether nobody will wait for it.
  uint64_t entry_rdx = 0;
  uint64_t private_pointer = 0;
  bool unparked = false;
  bool detached = false;

  enum class State : uint8_t {
    kReady,      // waits for a CPU
    kOnCpu,      // has one
    kAsleep,     // waits for something
    kSuspended,  // the process is stopped, or another thread of it wants to be alone
    kGone,
  };
  State state = State::kReady;
  Cpu* cpu = nullptr;
  int last_cpu = 0;       // where it ran last; of a new one, where its creator did
  uint64_t cpus = ~0ull;  // those that it may run on, a bit for each

  // --- Asleep.
  const void* channel = nullptr;
  bool interruptible = false;
  std::optional<TimerId> alarm;
  Value wake = 0;                   // what the sleep comes to
  std::vector<Interest> interests;  // files that it waits for

  // --- Held on its CPU by the scheduler, as long as this is true.
  std::function<bool()> hold;
  int64_t held_since = 0;

  uint64_t exit_word = 0;  // where its id is cleared or a flag set when it ends; 0: nowhere
  std::string name;

  [[nodiscard]] bool MayRunOn(int number) const { return (cpus >> number & 1) != 0; }
  [[nodiscard]] bool outside() const { return !kernel; }
};

// Memory that threads, or a parent and its vforked child, share.
struct Space {
  int bits = 64;             // of the program that runs in it
  uint64_t break_start = 0;  // the heap of break()
  uint64_t break_end = 0;
  uint64_t next_mapping = 0;  // where the search for free addresses begins
  uint64_t code_page = 0;     // the page with the signal trampoline
  uint64_t usr_stack = 0;     // the end of the main stack
  uint64_t stack_access = 0;  // PROT_* of it
  uint64_t ps_strings = 0;
  uint32_t ldt_slots = 0;  // that were given out
  std::any of_system;      // what the system keeps beside that; a copy has a copy of it
};

// A POSIX timer. Its address names what it has sent.
struct PosixTimer {
  int clock = 0;
  int signal = 0;  // 0: none
  int thread = 0;  // the one that is sent the signal; 0: the process
  uint64_t value = 0;
  int64_t interval = 0;  // ns
  int missed = 0;        // since the signal that is pending
  int overrun = 0;       // before the one that was sent last
  std::optional<TimerId> alarm = {};
};

// Mach's. Its address is what those that wait for it sleep on.
struct Semaphore {
  int count = 0;
};

class Process {
 public:
  Process(int pid, Process* parent, pid_t host) : pid(pid), host(host), parent(parent) {}

  const int pid;
  pid_t host;  // the host's number of the process
  Process* parent;
  std::list<Process*> children;
  std::list<std::unique_ptr<Thread>> threads;  // the oldest first
  int last_thread = 0;                         // where threads are numbered for each process
  std::set<int> departed;                      // threads that ended, and that nobody has waited for
  std::shared_ptr<Space> space;
  std::shared_ptr<FileTable> files;

  int group = 0;
  int session = 0;
  bool has_execed = false;

  // --- Signals.
  std::array<Disposition, kSignals + 1> actions = {};
  SignalQueue pending;
  int exit_signal = 0;  // what the parent is sent at the end

  // --- Stopped, single-threaded.
  bool stopped = false;        // by a stop signal
  bool stop_reported = false;  // all of its threads have stopped; the parent was told
  bool stop_unwaited = false;  // and no wait has shown it yet
  bool continue_unwaited = false;
  int stop_signal = 0;
  Thread* single = nullptr;         // wants to be the only one that runs
  bool single_exits = false;        // and the others to end
  Process* vfork_parent = nullptr;  // waits until this one execs or ends

  // --- The end.
  bool zombie = false;
  int status = 0;  // as wait gives it
  rusage usage = {};
  rusage children_usage = {};

  // --- The rest of what a process has.
  std::string path;  // of the program
  std::vector<std::string> arguments;
  int folder = -1;  // the current one, as a descriptor of the model's
  mode_t file_mask = 022;
  uint64_t release_date = 0;  // what the program's note says of its system; 0: nothing
  struct Timer {
    int64_t interval = 0;  // ns
    int64_t left = 0;      // of the CPU time timers
    std::optional<TimerId> alarm;
  };
  std::array<Timer, 3> timers;             // ITIMER_REAL, VIRTUAL, PROF
  std::map<int, PosixTimer> posix_timers;  // by their numbers
  std::map<int, std::pair<uint64_t, uint64_t>> limits;
  std::string login;

  // Darwin's: where every thread begins, and the names of what the task has made.
  uint64_t thread_start = 0;
  uint32_t ports = 0;
  std::map<uint32_t, std::unique_ptr<Semaphore>> semaphores;
  std::set<uint32_t> reply_ports;

  [[nodiscard]] const Disposition& action(int signal) const { return actions[signal]; }
  Thread* first() const { return threads.empty() ? nullptr : threads.front().get(); }
};

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_PROCESS_H_
