#include "kernel/fault/process.h"

#include <linux/sched.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <unordered_map>

#include "abi/linux/386/structs.h"
#include "abi/linux/amd64/structs.h"
#include "kernel/tracer/calls.h"
#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

namespace amd64 = abi::linux_amd64;
namespace i386 = abi::linux_386;

// ---- Processes and threads are made
// -------------------------------------------------------------

// What all of the calls ask for, in clone3's terms.
struct Request {
  uint64_t flags = 0;
  uint64_t exit_signal = 0;
  bool operator==(const Request&) const = default;
};

constexpr std::string_view kMakers[] = {"clone", "clone3", "fork", "vfork"};

void SetCall(const CallStop& stop, std::string_view name, std::array<uint64_t, 5> arguments) {
  stop.registers.Set(Reg::kOrigRax,
                     static_cast<uint64_t>(CallNumber(stop.arch, name).value_or(-1)));
  for (int i = 0; i < 5; ++i)
    stop.registers.Set(ArgumentRegister(stop.path, i), arguments[static_cast<size_t>(i)]);
}

// clone3's flags and exit signal are in memory, at the same place in both arches.
std::optional<Request> ReadCloneArguments(pid_t tid, uint64_t address) {
  Request request;
  if (!ReadObject(tid, address + offsetof(clone_args, flags), &request.flags) ||
      !ReadObject(tid, address + offsetof(clone_args, exit_signal), &request.exit_signal))
    return std::nullopt;
  return request;
}

bool WriteCloneArguments(pid_t tid, uint64_t address, const Request& request) {
  return WriteObject(tid, address + offsetof(clone_args, flags), request.flags) &&
         WriteObject(tid, address + offsetof(clone_args, exit_signal), request.exit_signal);
}

std::optional<Request> RequestOf(const CallStop& stop) {
  if (stop.name == "fork") return Request{.flags = 0, .exit_signal = SIGCHLD};
  if (stop.name == "vfork") return Request{.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD};
  if (stop.name == "clone3") return ReadCloneArguments(stop.tid, stop.arguments[0]);
  return Request{.flags = static_cast<uint32_t>(stop.arguments[0]) & ~uint64_t{CSIGNAL},
                 .exit_signal = stop.arguments[0] & CSIGNAL};
}

// Something else is made than was asked for.
class MakesOther : public CallFault {
 public:
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    return {std::begin(kMakers), std::end(kMakers)};
  }

  [[nodiscard]] bool Concerns(const CallStop& stop) override {
    auto asked = RequestOf(stop);
    return asked && Edited(*asked) != *asked;
  }
  std::vector<Change> AtEntry(const CallStop& stop) override {
    auto asked = RequestOf(stop);
    if (!asked) return {};
    Request made = Edited(*asked);
    if (stop.name == "clone3") {
      if (!WriteCloneArguments(stop.tid, stop.arguments[0], made)) return {};
      edited_[stop.tid] = {.address = stop.arguments[0], .asked = *asked, .made = made};
    } else if (stop.name == "clone") {
      stop.registers.Set(ArgumentRegister(stop.path, 0), made.flags | made.exit_signal);
    } else {
      SetCall(stop, "clone", {made.flags | made.exit_signal, 0, 0, 0, 0});
    }
    std::vector<Change> changes;
    if (made.flags != asked->flags)
      changes.push_back({.what = "flags", .before = asked->flags, .after = made.flags});
    if (made.exit_signal != asked->exit_signal)
      changes.push_back(
          {.what = "exit_signal", .before = asked->exit_signal, .after = made.exit_signal});
    return changes;
  }

  void InChild(pid_t creator, pid_t child) override {
    if (auto found = edited_.find(creator); found != edited_.end()) PutBack(child, found->second);
  }

  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    if (auto found = edited_.find(stop.tid); found != edited_.end()) {
      PutBack(stop.tid, found->second);
      edited_.erase(found);
    }
    return {};
  }

 protected:
  // What is made in place of what was asked for.
  [[nodiscard]] virtual Request Edited(Request request) const = 0;

 private:
  // clone3's arguments in the program's memory.
  struct InMemory {
    uint64_t address;
    Request asked;
    Request made;
  };
  // Unless the program has written there meanwhile.
  static void PutBack(pid_t tid, const InMemory& edited) {
    if (ReadCloneArguments(tid, edited.address) == edited.made)
      WriteCloneArguments(tid, edited.address, edited.asked);
  }

  std::unordered_map<pid_t, InMemory> edited_;  // by creator
};

// clone.drop-vfork: the creator does not wait.
class DropVfork : public MakesOther {
 public:
  explicit DropVfork(const Spec& spec) {
    if (const Word* word = spec.Find("memory"))
      shared_ = ParseChoice(*word, {"copied", "shared"}) == 1;
  }

 protected:
  [[nodiscard]] Request Edited(Request request) const override {
    if (!(request.flags & CLONE_VFORK) || (request.flags & CLONE_THREAD)) return request;
    request.flags &= ~uint64_t{CLONE_VFORK};
    // Handlers cannot be shared without memory.
    if (!shared_) request.flags &= ~uint64_t{CLONE_VM | CLONE_SIGHAND};
    return request;
  }

 private:
  bool shared_ = false;
};

// clone.no-exit-signal: the new process does not announce its end.
class NoExitSignal : public MakesOther {
 protected:
  [[nodiscard]] Request Edited(Request request) const override {
    if (!(request.flags & CLONE_THREAD)) request.exit_signal = 0;
    return request;
  }
};

struct Flag {
  std::string_view name;
  uint64_t bit;
};
constexpr Flag kFlags[] = {
    {"VM", CLONE_VM},
    {"FS", CLONE_FS},
    {"FILES", CLONE_FILES},
    {"SIGHAND", CLONE_SIGHAND},
    {"PIDFD", CLONE_PIDFD},
    {"VFORK", CLONE_VFORK},
    {"PARENT", CLONE_PARENT},
    {"THREAD", CLONE_THREAD},
    {"NEWNS", CLONE_NEWNS},
    {"SYSVSEM", CLONE_SYSVSEM},
    {"SETTLS", CLONE_SETTLS},
    {"PARENT_SETTID", CLONE_PARENT_SETTID},
    {"CHILD_CLEARTID", CLONE_CHILD_CLEARTID},
    {"DETACHED", CLONE_DETACHED},
    {"CHILD_SETTID", CLONE_CHILD_SETTID},
    {"NEWCGROUP", CLONE_NEWCGROUP},
    {"NEWUTS", CLONE_NEWUTS},
    {"NEWIPC", CLONE_NEWIPC},
    {"NEWUSER", CLONE_NEWUSER},
    {"NEWPID", CLONE_NEWPID},
    {"NEWNET", CLONE_NEWNET},
    {"IO", CLONE_IO},
    {"CLEAR_SIGHAND", CLONE_CLEAR_SIGHAND},
};

uint64_t ParseFlags(const Word& word) {
  uint64_t flags = 0;
  for (const Word& name : ParseList(word)) {
    std::string_view text = name.text;
    if (text.starts_with("CLONE_")) text.remove_prefix(6);
    const Flag* found = std::find_if(std::begin(kFlags), std::end(kFlags),
                                     [&](const Flag& flag) { return flag.name == text; });
    if (found == std::end(kFlags)) {
      std::vector<std::string_view> names;
      for (const Flag& flag : kFlags) names.push_back(flag.name);
      throw SpecError(name.column,
                      "expected flags of clone joined by '+', such as VM+VFORK, found '" +
                          name.text + "'." + NearHint(text, names));
    }
    flags |= found->bit;
  }
  return flags;
}

// clone.refuse-flags: some combinations of flags are not known.
class RefuseFlags : public MakesOther {
 public:
  explicit RefuseFlags(const Spec& spec) {
    if (const Word* word = spec.Find("flags")) flags_ = ParseFlags(*word);
    if (const Word* word = spec.Find("without")) without_ = ParseFlags(*word);
    if (const Word* word = spec.Find("how")) drop_ = ParseChoice(*word, {"refuse", "drop"}) == 1;
  }
  [[nodiscard]] bool AtEntryOnly() const override { return !drop_; }
  std::vector<Change> AtEntry(const CallStop& stop) override {
    if (drop_) return MakesOther::AtEntry(stop);
    return RefuseCall(stop, EINVAL);
  }

 protected:
  [[nodiscard]] Request Edited(Request request) const override {
    if ((request.flags & flags_) == flags_ && (request.flags & without_) == 0)
      request.flags &= ~flags_;
    return request;
  }

 private:
  uint64_t flags_ = CLONE_VM | CLONE_VFORK;
  uint64_t without_ = 0;
  bool drop_ = false;
};

// restart.fork-livelock: a fork takes long, and begins anew when a signal comes. In its place the
// thread waits; when nothing comes, the program makes the call once more, and it is let through.
class ForkLivelock : public CallFault {
 public:
  explicit ForkLivelock(const Spec& spec) {
    if (const Word* word = spec.Find("ms")) milliseconds_ = ParseCount(*word);
  }
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    return {"clone", "clone3", "fork"};
  }

  [[nodiscard]] bool Concerns(const CallStop& stop) override {
    if (auto found = waited_.find(stop.tid); found != waited_.end()) {
      bool through = found->second == PlaceOf(stop);
      waited_.erase(found);
      if (through) return false;
    }
    // Where memory is shared nothing has to be copied.
    auto asked = RequestOf(stop);
    return asked && !(asked->flags & CLONE_VM);
  }
  std::vector<Change> AtEntry(const CallStop& stop) override {
    numbers_[stop.tid] = stop.registers.Get(Reg::kOrigRax);
    SetCall(stop, "poll", {0, 0, milliseconds_, 0, 0});
    return {{.what = "busy_ms", .before = 0, .after = milliseconds_}};
  }

  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    auto number = numbers_.extract(stop.tid);
    if (!number) return {};
    if (stop.result == 0) {
      waited_[stop.tid] = PlaceOf(stop);
      stop.registers.Set(Reg::kRip, stop.registers.Get(Reg::kRip) - amd64::kSyscallInsnBytes);
      stop.registers.Set(Reg::kRax, number.mapped());
      return {};
    }
    auto restart = static_cast<uint64_t>(-static_cast<int64_t>(RestartCode::kERESTARTNOINTR));
    uint64_t was = stop.registers.Get(Reg::kRax);
    stop.registers.Set(Reg::kRax, restart);
    return {{.what = RegName(Reg::kRax, stop.arch), .before = was, .after = restart}};
  }

 private:
  struct Place {
    uint64_t pc;
    uint64_t sp;
    bool operator==(const Place&) const = default;
  };
  static Place PlaceOf(const CallStop& stop) {
    return {.pc = stop.registers.Get(Reg::kRip), .sp = stop.registers.Get(Reg::kRsp)};
  }

  uint64_t milliseconds_ = 20;
  std::unordered_map<pid_t, uint64_t> numbers_;  // of the calls in whose place a thread waits
  std::unordered_map<pid_t, Place> waited_;      // to be let through
};

// ---- Processes are waited for
// -------------------------------------------------------------------

// A child that a call has found, and where the program learns of it.
struct Found {
  pid_t pid = 0;
  uint64_t status_at = 0;  // wait4, waitpid: the status word
  uint64_t info_at = 0;    // waitid: siginfo
};

// Where a siginfo at `info` has the child; its status is behind the user.
uint64_t PidIn(const CallStop& stop, uint64_t info) {
  return info +
         (stop.arch == Arch::kAmd64 ? offsetof(amd64::SigInfo, pid) : offsetof(i386::SigInfo, pid));
}
uint64_t StatusIn(const CallStop& stop, uint64_t info) {
  return PidIn(stop, info) + 2 * sizeof(int32_t);
}

std::optional<Found> FoundBy(const CallStop& stop) {
  int64_t result = stop.result.value_or(-1);
  if (stop.name != "waitid") {
    if (result <= 0) return std::nullopt;
    return Found{.pid = static_cast<pid_t>(result), .status_at = stop.arguments[1], .info_at = 0};
  }
  int32_t pid = 0;
  uint64_t info = stop.arguments[2];
  if (result != 0 || info == 0 || !ReadObject(stop.tid, PidIn(stop, info), &pid) || pid == 0)
    return std::nullopt;
  return Found{.pid = pid, .status_at = 0, .info_at = info};
}

class WaitFault : public CallFault {
 public:
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    return {"wait4", "waitpid", "waitid"};
  }
  [[nodiscard]] bool AtExitOnly() const override { return true; }
  [[nodiscard]] bool Concerns(const CallStop& stop) override { return FoundBy(stop).has_value(); }
  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    std::vector<Change> changes;
    if (auto found = FoundBy(stop)) Tell(stop, *found, &changes);
    return changes;
  }

 protected:
  virtual void Tell(const CallStop& stop, const Found& found, std::vector<Change>* changes) = 0;
  // Writes a number into the program's memory, if it is another one than is there.
  static void Set(const CallStop& stop, uint64_t address, int32_t value, std::string_view what,
                  std::vector<Change>* changes) {
    int32_t was = 0;
    if (!ReadObject(stop.tid, address, &was) || was == value ||
        !WriteObject(stop.tid, address, value))
      return;
    changes->push_back({.what = what,
                        .before = static_cast<uint32_t>(was),
                        .after = static_cast<uint32_t>(value)});
  }
};

// wait.wrong-status.
class WrongStatus : public WaitFault {
 public:
  explicit WrongStatus(const Spec& spec) {
    if (const Word* word = spec.Find("as")) zero_ = ParseChoice(*word, {"raw", "zero"}) == 1;
  }

 protected:
  void Tell(const CallStop& stop, const Found& found, std::vector<Change>* changes) override {
    if (found.info_at != 0) {
      Set(stop, found.info_at + offsetof(amd64::SigInfo, code), CLD_EXITED, "code", changes);
      if (zero_) Set(stop, StatusIn(stop, found.info_at), 0, "status", changes);
      return;
    }
    int32_t status = 0;
    if (found.status_at == 0 || !ReadObject(stop.tid, found.status_at, &status)) return;
    bool exited = (status & 0x7f) == 0;
    int32_t told = status;
    if (zero_) {
      told = 0;
    } else if (exited) {
      told = status >> 8;
    }
    Set(stop, found.status_at, told, "status", changes);
  }

 private:
  bool zero_ = false;
};

// wait.wrong-pid.
class WrongPid : public WaitFault {
 public:
  explicit WrongPid(const Spec& spec) {
    if (const Word* word = spec.Find("as")) zero_ = ParseChoice(*word, {"other", "zero"}) == 1;
  }

 protected:
  void Tell(const CallStop& stop, const Found& found, std::vector<Change>* changes) override {
    pid_t told = zero_ ? 0 : OtherChild(stop.tid, found.pid);
    if (!zero_ && told == 0) return;
    if (found.info_at != 0) {
      Set(stop, PidIn(stop, found.info_at), told, "pid", changes);
      return;
    }
    stop.registers.Set(Reg::kRax, static_cast<uint64_t>(told));
    changes->push_back({.what = RegName(Reg::kRax, stop.arch),
                        .before = static_cast<uint64_t>(found.pid),
                        .after = static_cast<uint64_t>(told)});
  }

 private:
  // A child of the same thread that is still there, or else the last one that its process waited
  // for under this fault; 0: none.
  pid_t OtherChild(pid_t tid, pid_t but) {
    auto status = ReadStatus(tid);
    pid_t& last = last_[status ? status->tgid : tid];
    pid_t other = last;
    last = but;
    std::string path = "task/" + std::to_string(tid) + "/children";
    std::string children = ReadProcFile(tid, path.c_str());
    for (size_t at = 0; at < children.size(); at = children.find(' ', at) + 1) {
      pid_t child = atoi(children.c_str() + at);
      if (child != 0 && child != but) return child;
      if (children.find(' ', at) == std::string::npos) break;
    }
    return other;
  }

  bool zero_ = false;
  std::unordered_map<pid_t, pid_t> last_;  // by process
};

}  // namespace

std::vector<FaultDescription> ProcessFaults() {
  return {
      {.id = "clone.drop-vfork",
       .summary = "vfork does not wait for the child",
       .effect =
           "vfork, and clone and clone3 with CLONE_VFORK, make a child and return at once. "
           "memory=copied: the\n"
           "child has a copy of the memory, as by fork: what it writes, the parent never sees. "
           "memory=shared:\n"
           "both run on the same memory, after vfork on the same stack. The program's flags and "
           "clone_args\n"
           "look as before when the call returns, in parent and child.",
       .parameters = {{"memory", "copied or shared", "what the child runs on (default: copied)"}},
       .origin = "FEX treated vfork as fork until 2023. WSL1's vfork did not block. StarryOS "
                 "ignored the flag,\n"
                 "with shared memory: parent and child raced.",
       .source = "FEX pull request 2690; WSL issue 3015; rcore-os/tgoskits pull request 377",
       .harsher = "Not harsher.",
       .make = MakeFault<DropVfork>},
      {.id = "clone.no-exit-signal",
       .summary = "a child ends without SIGCHLD, and plain waits do not find it",
       .effect = "fork, vfork, clone and clone3 make a process without an exit signal: its end "
                 "sends nothing, and\n"
                 "only a wait with __WALL or __WCLONE finds it, others say ECHILD. Threads have no "
                 "exit signal.",
       .parameters = {},
       .origin = "FEX lost the exit signal of clone.",
       .source = "FEX commit 5fee8028c",
       .harsher = "fork and vfork too; call=clone+clone3 is that bug.",
       .make = MakeFault<NoExitSignal>},
      {.id = "clone.refuse-flags",
       .summary = "clone does not know a combination of flags",
       .effect =
           "A call that asks for all of `flags`, and for none of `without`, fails with EINVAL. "
           "how=drop: it\n"
           "succeeds without these flags. vfork counts as clone with VM+VFORK, fork as one with "
           "none.",
       .parameters = {{"flags", "names joined by '+', such as VM+VFORK",
                       "which have to be there (default: VM+VFORK)"},
                      {"without", "names joined by '+'", "which must not be there (default: none)"},
                      {"how", "refuse or drop", "what becomes of the call (default: refuse)"}},
       .origin = "WSL1 refused VM+VFORK of posix_spawn. qemu-user 2.8 refused threads without "
                 "SYSVSEM: Go's\n"
                 "\"failed to create new OS thread\" (flags=THREAD,without=SYSVSEM). It refuses "
                 "NEWNS.",
       .source = "WSL issue 1005; golang.org/issue/20763; systemd issue 21511",
       .harsher = "vfork itself worked on WSL1: call=clone spares it.",
       .make = MakeFault<RefuseFlags>},
      {.id = "restart.fork-livelock",
       .summary = "a fork starts over whenever a signal comes",
       .effect =
           "A fork (clone without CLONE_VM) takes `ms` longer. A signal that the thread takes in "
           "that time ends\n"
           "it with the kernel's ERESTARTNOINTR: the handler runs and the fork begins anew, for "
           "ever if signals\n"
           "come faster than that.",
       .parameters = {{"ms", "1 and up", "how long a fork is open to signals (default: 20)"}},
       .origin =
           "Linux before 4.19, in processes so large that copying the page tables took longer "
           "than the\n"
           "period of a profiling timer.",
       .source = "gperftools issues 281 and 335; async-profiler issue 97; Red Hat bug 645528",
       .harsher = "There it took gigabytes of memory; here any fork is that slow.",
       .make = MakeFault<ForkLivelock>},
      {.id = "wait.wrong-pid",
       .summary = "wait returns the number of another process",
       .effect = "A wait that has found a child returns (waitid: stores) as=other, the number of "
                 "another child of\n"
                 "the thread or, if there is none, of the one that was waited for before; as=zero, "
                 "0, as if none had\n"
                 "been found. The child is gone all the same, and its status is right.",
       .parameters = {{"as", "other or zero", "which number (default: other)"}},
       .origin = "Lind's waitpid returned another child's number than was asked for. In Mimiker it "
                 "was\n"
                 "overwritten by the result of storing the status, 0.",
       .source = "Lind-Project/lind-wasm issue 625; cahirwpz/mimiker pull request 336",
       .harsher = "There now and then; here each time.",
       .make = MakeFault<WrongPid>},
      {.id = "wait.wrong-status",
       .summary = "the status of a child that ended is not what it ended with",
       .effect =
           "as=raw: the exit code is not shifted, so that a child that exits with 3 seems to "
           "have been killed\n"
           "by signal 3; waitid calls each end an exit, even by a signal. as=zero: each child "
           "seems to have\n"
           "exited with 0.",
       .parameters = {{"as", "raw or zero", "what is stored (default: raw)"}},
       .origin =
           "YurtOS stored codes as they were, and waitid said CLD_EXITED always. gem5's wait4 "
           "had a wrong\n"
           "status for children that did not exit by themselves.",
       .source = "YurtOS/yurtos-kernel issue 70; gem5 issue 2754",
       .harsher = "Not harsher.",
       .make = MakeFault<WrongStatus>},
  };
}

}  // namespace faultline::kernel
