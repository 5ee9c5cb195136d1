// Programs that are hard to trace, and violent deaths: nothing hangs, nothing is left behind, and
// what a sound program does comes out right, with and without faults.
//
// Each test makes a few rounds, each with other random times and other faults. ci/hostile makes
// many more, and with faults of one's choice: FAULTLINE_HOSTILE_ROUNDS is the number of rounds,
// FAULTLINE_HOSTILE_FAULTS the faults, one a line.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <sstream>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

namespace fs = std::filesystem;

struct FaultSet {
  Words faults;
  bool survivable;  // a sound program cannot tell the difference in what it does here
};

// Nothing; a restart that fails; a handler that begins wrongly; all of it at once, with threads
// woken from their calls and signals taken by others.
const std::vector<FaultSet>& FaultSets() {
  static const std::vector<FaultSet> sets = [] {
    const char* chosen = getenv("FAULTLINE_HOSTILE_FAULTS");
    if (chosen == nullptr || *chosen == '\0')
      return std::vector<FaultSet>{
          {.faults = {}, .survivable = true},
          {.faults = {"restart.eintr"}, .survivable = true},
          {.faults = {"handler.registers", "handler.mask,mask=full"}, .survivable = true},
          {.faults = {"signal.sibling,p=0.5", "restart.fast-return,registers=r9,p=0.5",
                      "restart.eintr,p=0.5", "handler.siginfo,p=0.5", "handler.trapno"},
           .survivable = true}};
    FaultSet set = {.faults = {}, .survivable = false};
    std::istringstream lines(chosen);
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) set.faults.push_back(line);
    return std::vector<FaultSet>{set};
  }();
  return sets;
}

size_t Rounds() {
  const char* asked = getenv("FAULTLINE_HOSTILE_ROUNDS");
  return asked ? std::stoul(asked) : FaultSets().size();
}

struct Round {
  size_t number;
  const FaultSet& faults;
  std::string arch;
  std::string other_arch;
  std::string log;
  std::mt19937 random;

  // "hostile WHAT SEED ARGUMENTS…" under inject, with this round's faults.
  [[nodiscard]] Words Command(const std::string& what, const Words& arguments = {}) const;
  // Waits for a random time below this, in microseconds.
  void Pause(unsigned below) { usleep(static_cast<useconds_t>(random() % below)); }
};

class Hostile : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    // Whatever loses its parent becomes a child of this process, and can be waited for.
    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    home() = fs::current_path();
    const char* folder = getenv("TEST_TMPDIR");
    scratch() = fs::path(folder ? folder : "/tmp") / ("hostile-" + std::to_string(getpid()));
    fs::create_directories(scratch() / "empty");
    fs::current_path(scratch() / "empty");
    setenv("TMPDIR", (scratch() / "empty").c_str(), 1);
  }
  static void TearDownTestSuite() {
    fs::current_path(home());
    fs::remove_all(scratch());
  }

 public:
  static fs::path& home() {
    static fs::path path;
    return path;
  }
  static fs::path& scratch() {
    static fs::path path;
    return path;
  }

  // Does `what` in each round, up to the first failure, and sees that nothing is left each time.
  template <typename What>
  void Repeat(What what) {
    for (size_t i = 0; i < Rounds() && !HasFailure(); ++i) {
      // Each set of faults with each arch.
      bool wide = (i + i / FaultSets().size()) % 2 == 0;
      Round round = {.number = i,
                     .faults = FaultSets()[i % FaultSets().size()],
                     .arch = wide ? "amd64" : "386",
                     .other_arch = wide ? "386" : "amd64",
                     .log = scratch() / "log",
                     .random = std::mt19937(static_cast<uint32_t>(i))};
      std::string faults;
      for (const std::string& fault : round.faults.faults) faults += " " + fault;
      SCOPED_TRACE("round " + std::to_string(i) + ", " + round.arch + ", faults:" + faults);
      what(round);
      ExpectNothingLeft();
    }
  }

  static void ExpectNothingLeft() {
    bool none = AwaitThat([] {
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      return errno == ECHILD;
    });
    EXPECT_TRUE(none) << "left behind:\n" << DescribeBelow(getpid());
    while (!none && (waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD))
      for (pid_t child : ChildrenOf(getpid())) kill(child, SIGKILL);
    for (const auto& file : fs::directory_iterator(scratch() / "empty")) {
      ADD_FAILURE() << "left behind: " << file.path();
      fs::remove_all(file.path());
    }
  }
};

std::string Path(const std::string& program) { return Hostile::home() / program; }

Words Round::Command(const std::string& what, const Words& arguments) const {
  Words command = {Path(kInject)};
  for (const std::string& fault : faults.faults) command.insert(command.end(), {"--fault", fault});
  if (!faults.faults.empty()) command.insert(command.end(), {"--log", log});
  command.insert(command.end(),
                 {"--", Path(Tracee("hostile", arch)), what, std::to_string(number)});
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// ---- Programs that end by themselves
// -------------------------------------------------------------

struct Program {
  const char* what;
  const char* argument;
  int exit;  // or, if -1,
  int signal;
};

class Ends : public Hostile, public testing::WithParamInterface<Program> {};
INSTANTIATE_TEST_SUITE_P(
    Programs, Ends,
    testing::Values(Program{"bomb", "2000", 0, 0}, Program{"bomb-left", "200", 0, 0},
                    Program{"bomb-killed", "200", -1, SIGKILL}, Program{"exec-storm", "4", 5, 0},
                    Program{"vfork-storm", "", 0, 0}, Program{"leader-exit", "", 6, 0},
                    Program{"leader-exec", "", 6, 0}, Program{"leader-last", "", 0, 0},
                    Program{"exit-storm", "", 4, 0}, Program{"kill-any", "", 0, 0},
                    Program{"signals", "", 0, 0}, Program{"stop-storm", "", 0, 0},
                    Program{"close-all", "", 7, 0}, Program{"block-all", "", 0, 0},
                    Program{"tracer", "", 0, 0}),
    [](const auto& info) {
      std::string name = info.param.what;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST_P(Ends, AsItShould) {
  const Program& program = GetParam();
  Repeat([&](Round& round) {
    Ended ended = RunToEnd(
        round.Command(program.what, {program.argument, Path(Tracee("hostile", round.other_arch))}));
    if (!round.faults.survivable) return;
    EXPECT_EQ(ended.exit, program.exit) << ended.err;
    EXPECT_EQ(ended.signal, program.signal) << ended.err;
    EXPECT_EQ(ended.err, "");
  });
}

// ---- What outlives the program
// -------------------------------------------------------------------

TEST_F(Hostile, ChildrenAndDaemonsOutliveTheProgram) {
  Repeat([&](Round& round) {
    Child child(round.Command("outlived"), /*input=*/true);
    child.Wait();
    if (round.faults.survivable) EXPECT_EQ(child.exit, 3) << child.err;
    child.CloseInput();
    child.AwaitEndOfOutput();
    if (round.faults.survivable) EXPECT_EQ(child.out, "eee");
  });
}

TEST_F(Hostile, StoppedChildOutlivesTheProgram) {
  Repeat([&](Round& round) {
    Child child(round.Command("stopped"));
    child.Wait();
    if (round.faults.survivable) EXPECT_EQ(child.exit, 0) << child.err;
    int stopped = atoi(child.out.c_str());
    if (stopped <= 0) return;
    round.Pause(500);
    // Still there, and stopped, as it would be for ever.
    EXPECT_EQ(StatusField(stopped, "State"), "t (tracing stop)");
    kill(stopped, round.number / 2 % 2 == 0 ? SIGCONT : SIGKILL);
  });
}

TEST_F(Hostile, StoppedJobThatNobodyCanContinueEnds) {
  Repeat([&](Round& round) {
    Child child(round.Command("stopped-job"));
    child.Wait();
    if (round.faults.survivable) EXPECT_EQ(child.exit, 0) << child.err;
  });
}

// What the program forked in its last moment lives on as it would have without a tracer.
TEST_F(Hostile, ChildOfTheKilledEndsByItself) {
  std::string born = scratch() / "born";
  Repeat([&](Round& round) {
    WriteFile(born, std::string(sizeof(int), '\0'));
    Child child(round.Command("fork-killed", {born}));
    child.Wait();
    child.AwaitEndOfOutput();
    if (!round.faults.survivable) return;
    EXPECT_EQ(child.signal, SIGKILL) << child.err;
    bool forked = ReadFile(born) != std::string(sizeof(int), '\0');
    EXPECT_EQ(child.out, forked ? "e" : "");
  });
}

// ---- Violent deaths, at any time
// -----------------------------------------------------------------

// A time from the very start to well within the storm.
constexpr unsigned kAnyTime[] = {300, 1500, 5000, 20000};

// Without a pause between two looks: what is to be killed shall not get far before.
pid_t AwaitChildOf(pid_t pid) {
  std::string number = std::to_string(pid);
  std::string children = "/proc/" + number + "/task/" + number + "/children";
  for (;;) {
    if (pid_t child = atoi(ReadFile(children).c_str())) return child;
    std::string state = StatusField(pid, "State");
    if (state.empty() || state.starts_with("Z")) return 0;
  }
}

TEST_F(Hostile, FrontIsKilled) {
  Repeat([&](Round& round) {
    Child child(round.Command("storm"));
    round.Pause(kAnyTime[round.random() % 4]);
    kill(child.pid(), SIGKILL);
    child.Wait();
    EXPECT_EQ(child.signal, SIGKILL);
  });
}

TEST_F(Hostile, TracerIsKilled) {
  Repeat([&](Round& round) {
    Child child(round.Command("storm"));
    pid_t tracer = AwaitChildOf(child.pid());
    ASSERT_NE(tracer, 0);
    round.Pause(kAnyTime[round.random() % 4]);
    kill(tracer, SIGKILL);
    child.Wait();
    EXPECT_EQ(child.exit, 125);
    EXPECT_NE(child.err.find("tracer was killed"), std::string::npos) << child.err;
  });
}

TEST_F(Hostile, ProgramIsKilled) {
  Repeat([&](Round& round) {
    Child child(round.Command("storm"));
    pid_t tracer = AwaitChildOf(child.pid());
    pid_t program = AwaitChildOf(tracer);
    ASSERT_NE(program, 0);
    round.Pause(kAnyTime[round.random() % 4]);
    kill(program, SIGKILL);
    child.Wait();
    EXPECT_EQ(child.signal, SIGKILL) << child.err;
  });
}

// The tracer dies when it has forked the program and does not trace it yet.
TEST_F(Hostile, ProgramThatIsNotTracedDoesNotRun) {
  std::string ran = scratch() / "ran", inject = Path(kInject);
  pid_t front = fork();
  if (front == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    execl(inject.c_str(), inject.c_str(), "--", "/bin/touch", ran.c_str(), nullptr);
    _exit(99);
  }
  int status = 0;
  ASSERT_EQ(waitpid(front, &status, 0), front);
  ASSERT_EQ(ptrace(PTRACE_SETOPTIONS, front, nullptr, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL), 0);
  ptrace(PTRACE_CONT, front, nullptr, nullptr);
  pid_t tracer = 0, program = 0;
  for (pid_t tid; (tid = waitpid(-1, &status, __WALL)) > 0;) {
    if (!WIFSTOPPED(status)) continue;
    unsigned long born = 0;
    if (status >> 16 == PTRACE_EVENT_FORK) ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &born);
    if (born != 0 && tid == front) tracer = static_cast<pid_t>(born);
    if (born != 0 && tid == tracer) {
      program = static_cast<pid_t>(born);
      kill(tracer, SIGKILL);
      ASSERT_EQ(waitpid(program, &status, __WALL), program);
      ptrace(PTRACE_DETACH, program, nullptr, nullptr);
      continue;
    }
    // What they began with is not for them.
    bool ours = WSTOPSIG(status) == SIGSTOP || WSTOPSIG(status) == SIGTRAP;
    ptrace(PTRACE_CONT, tid, nullptr, ours ? 0L : static_cast<long>(WSTOPSIG(status)));
  }
  EXPECT_NE(program, 0);
  EXPECT_FALSE(fs::exists(ran));
  ExpectNothingLeft();
}

}  // namespace
}  // namespace faultline::suites
