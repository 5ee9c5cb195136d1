// inject and the program it runs: a program with no fault cannot tell the difference, nor can
// whoever started it.

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

class OnArch : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] static std::string life() { return Tracee("life", GetParam()); }
  // With rules that look at every stop, so that this way is tried and not only the short cut around
  // it.
  static Words Both(const Words& program) {
    return Inject({"--fault", "signal.sibling,p=0", "--fault", "restart.fast-return,p=0"}, program);
  }
};
INSTANTIATE_TEST_SUITE_P(Arches, OnArch, testing::Values("amd64", "386"));

TEST_P(OnArch, ExitStatusPassesThrough) {
  for (int status : {0, 1, 42, 125, 255}) {
    Words program = {life(), "exit", std::to_string(status)};
    EXPECT_EQ(RunToEnd(Inject({}, program)).exit, status);
    EXPECT_EQ(RunToEnd(Both(program)).exit, status);
  }
}

TEST_P(OnArch, DeathBySignalPassesThrough) {
  for (int signal : {SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGUSR1, SIGPIPE, 40}) {
    Ended ended = RunToEnd(Both({life(), "die", std::to_string(signal)}));
    EXPECT_EQ(ended.signal, signal);
    EXPECT_EQ(ended.err, "");
  }
}

TEST_P(OnArch, ExecInTheSameAndTheOtherBitness) {
  std::string other = Tracee("life", std::string(GetParam()) == "386" ? "amd64" : "386");
  EXPECT_EQ(RunToEnd(Both({life(), "exec", life(), "exit", "3"})).exit, 3);
  EXPECT_EQ(RunToEnd(Both({life(), "exec", other, "exit", "4"})).exit, 4);
  EXPECT_EQ(RunToEnd(Both({life(), "exec-thread", other, "exec-thread", life(), "exit", "5"})).exit,
            5);
}

TEST_P(OnArch, ForksAndVforks) { EXPECT_EQ(RunToEnd(Both({life(), "forks", "200"})).exit, 0); }

TEST_P(OnArch, ManyThreads) { EXPECT_EQ(RunToEnd(Both({life(), "threads", "400"})).exit, 0); }

TEST_P(OnArch, MainThreadEndsFirst) {
  EXPECT_EQ(RunToEnd(Both({life(), "leader-exit", "6"})).exit, 6);
}

TEST_P(OnArch, StopsAndGoesOn) {
  Child child(Both({life(), "stop"}));
  ASSERT_TRUE(child.AwaitStop());
  EXPECT_EQ(child.out, "");
  kill(child.pid(), SIGCONT);
  child.Wait();
  EXPECT_EQ(child.exit, 0);
  EXPECT_EQ(child.out, "continued\n");
}

// A shell tells its jobs' stops apart: "Stopped", "Stopped (tty input)".
TEST(Stops, AreByTheSameSignal) {
  for (int signal : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
    Child child(
        Inject({}, {"/bin/sh", "-c", "kill -" + std::to_string(signal) + " $$; echo continued"}));
    ASSERT_TRUE(child.AwaitStop());
    EXPECT_EQ(child.stop, signal);
    kill(child.pid(), SIGCONT);
    child.Wait();
    EXPECT_EQ(child.out, "continued\n");
  }
}

// Whoever continues the program itself must find it going on, and its face too.
TEST_P(OnArch, GoesOnWhenContinuedByItsOwnNumber) {
  Child child(Both({life(), "stop"}));
  ASSERT_TRUE(child.AwaitStop());
  std::vector<pid_t> tracer = ChildrenOf(child.pid());
  ASSERT_EQ(tracer.size(), 1u);
  std::vector<pid_t> program = ChildrenOf(tracer[0]);
  ASSERT_EQ(program.size(), 1u);
  kill(program[0], SIGCONT);
  child.Wait();
  EXPECT_EQ(child.out, "continued\n");
}

// Of the tracer alone: what it traces, and what that starts, are scheduled as ever.
TEST_P(OnArch, TracerTakesPrecedenceWhereItMay) {
  sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
  sched_param before = {};
  int policy = sched_getscheduler(0);
  sched_getparam(0, &before);
  bool permitted = sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
  ASSERT_EQ(sched_setscheduler(0, policy, &before), 0);

  Child child(Both({life(), "stop"}));
  ASSERT_TRUE(child.AwaitStop());
  std::vector<pid_t> tracer = ChildrenOf(child.pid());
  ASSERT_EQ(tracer.size(), 1u);
  std::vector<pid_t> program = ChildrenOf(tracer[0]);
  ASSERT_EQ(program.size(), 1u);
  EXPECT_EQ(sched_getscheduler(tracer[0]) & ~SCHED_RESET_ON_FORK, permitted ? SCHED_FIFO : policy);
  EXPECT_EQ(sched_getscheduler(program[0]), policy);
  EXPECT_EQ(sched_getscheduler(child.pid()), policy);
  kill(child.pid(), SIGCONT);
  child.Wait();
}

TEST_P(OnArch, DiesWhileStopped) {
  Child child(Both({life(), "stop"}));
  ASSERT_TRUE(child.AwaitStop());
  std::vector<pid_t> program = ChildrenOf(ChildrenOf(child.pid()).at(0));
  ASSERT_EQ(program.size(), 1u);
  kill(program[0], SIGKILL);
  child.Wait();
  EXPECT_EQ(child.signal, SIGKILL);
}

TEST(Streams, AreUntouched) {
  std::string text = ScratchFile("text");
  WriteFile(text, "one\ntwo\n");
  Ended ended = RunToEnd(Inject({}, {"/bin/sh", "-c", "cat " + text + "; echo three >&2"}));
  EXPECT_EQ(ended.out, "one\ntwo\n");
  EXPECT_EQ(ended.err, "three\n");
}

TEST(Streams, EndWithTheProgram) {
  // The child that is left holds only fd 0: all else must be closed when the program has ended.
  Child child(
      Inject({}, {"/bin/sh", "-c", Tracee("life") + " orphan " + Mark() + " >&- 2>&- 3>&-"}),
      /*input=*/true);
  child.Wait();
  EXPECT_EQ(child.exit, 0);
  child.CloseInput();
  EXPECT_TRUE(NoneDo("orphan"));
}

TEST(Streams, OtherDescriptorsReachTheProgram) {
  EXPECT_EQ(RunToEnd(Inject({}, {"/bin/sh", "-c", "echo down >&3"})).result, "down\n");
}

TEST(Signals, SentToInjectReachTheProgram) {
  Child child(
      Inject({}, {"/bin/sh", "-c",
                  "trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.01; done"}));
  child.AwaitOutput("ready");
  kill(child.pid(), SIGTERM);
  child.Wait();
  EXPECT_EQ(child.exit, 9);
  EXPECT_EQ(child.out, "ready\ngot it\n");
}

TEST(Signals, IgnoredOnesStayIgnored) {
  Ended ended =
      RunToEnd(Inject({}, {"/bin/sh", "-c", "trap '' INT; exec grep SigIgn: /proc/self/status"}));
  EXPECT_EQ(std::stoull(ended.out.substr(ended.out.find('\t')), nullptr, 16) >> (SIGINT - 1) & 1,
            1u);
  ended = RunToEnd(Inject({}, {"/bin/grep", "SigBlk:", "/proc/self/status"}));
  EXPECT_EQ(ended.out, "SigBlk:\t0000000000000000\n");
}

// ---- Who is killed, and what follows
// -------------------------------------------------------------

Words ThreeSleepers() {
  std::string one = Tracee("life") + " hang " + Mark();
  return {"/bin/sh", "-c", "exec 2>&-; " + one + " & setsid " + one + " & " + one + "; exit 1"};
}

TEST(Killed, InjectLeavesNothing) {
  Child child(Inject({}, {Tracee("life"), "hang", Mark()}));
  child.AwaitOutput("ready");
  ASSERT_TRUE(SomeDo("hang", 1));
  kill(child.pid(), SIGKILL);
  child.Wait();
  EXPECT_EQ(child.signal, SIGKILL);
  EXPECT_TRUE(NoneDo("hang"));
}

TEST(Killed, TracerLeavesNothingAndIsMissed) {
  Child child(Inject({}, ThreeSleepers()));
  ASSERT_TRUE(SomeDo("hang", 3));
  kill(ChildrenOf(child.pid()).at(0), SIGKILL);
  child.Wait();
  EXPECT_EQ(child.exit, 125);
  EXPECT_NE(child.err.find("tracer was killed"), std::string::npos);
  EXPECT_TRUE(NoneDo("hang"));
}

TEST(Killed, ProgramIsJustADeath) {
  Child child(Inject({}, {Tracee("life"), "hang"}));
  child.AwaitOutput("ready");
  kill(ChildrenOf(ChildrenOf(child.pid()).at(0)).at(0), SIGKILL);
  child.Wait();
  EXPECT_EQ(child.signal, SIGKILL);
  EXPECT_EQ(child.err, "");
}

// ---- What cannot be run
// --------------------------------------------------------------------------

TEST(CannotRun, NoSuchProgram) {
  for (const char* name : {"no-such-program", "./no/such/program"}) {
    Ended ended = RunToEnd(Inject({}, {name}));
    EXPECT_EQ(ended.exit, 127);
    EXPECT_NE(ended.err.find("cannot run"), std::string::npos) << ended.err;
  }
}

TEST(CannotRun, NotExecutable) {
  std::string text = ScratchFile("text");
  WriteFile(text, "no program\n");
  EXPECT_EQ(RunToEnd(Inject({}, {text})).exit, 126);
}

TEST(CannotRun, BrokenElf) {
  std::string broken = ScratchFile("elf");
  WriteFile(broken, std::string("\177ELF\2\1\1", 7) + std::string(100, '\0'));
  ASSERT_EQ(chmod(broken.c_str(), 0755), 0);
  Ended ended = RunToEnd(Inject({}, {broken}));
  EXPECT_EQ(ended.exit, 126);
  EXPECT_NE(ended.err.find("Exec format error"), std::string::npos) << ended.err;
}

TEST(WrongUse, Is125) {
  for (const Words& words :
       {Words{}, Words{"--"}, Words{"--bogus", "--", "/bin/true"}, Words{"--fault"},
        Words{"--fault", "restart.fast-retrun", "--", "/bin/true"},
        Words{"--rules", "/no/such/file", "--", "/bin/true"},
        Words{"--log", "/no/such/folder/log", "--", "/bin/true"},
        Words{"--explain", "restart.fast"}, Words{"--snapshot", "999999999"}}) {
    Words command = {kInject};
    command.insert(command.end(), words.begin(), words.end());
    Ended ended = RunToEnd(command);
    EXPECT_EQ(ended.exit, 125) << ended.err;
    EXPECT_NE(ended.err, "");
    EXPECT_EQ(ended.out, "");
  }
}

TEST(WrongUse, PointsAtTheColumn) {
  Ended ended = RunToEnd(Inject({"--fault", "restart.fast-return,mode=some"}, {"/bin/true"}));
  EXPECT_NE(ended.err.find("--fault: column 26: "), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("\n  restart.fast-return,mode=some\n" + std::string(27, ' ') + "^"),
            std::string::npos)
      << ended.err;
}

TEST(RulesFile, IsRead) {
  std::string rules = ScratchFile("rules");
  WriteFile(rules,
            "# two rules\n\n  signal.sibling   # one\nrestart.fast-return,mode=handlerless\n");
  Ended ended = RunToEnd(Inject({"--rules", rules}, {Tracee("sibling"), "process"}));
  EXPECT_EQ(Fields(ended.out)["r10"], "fa17fa17fa17000a") << ended.err;
}

TEST(RulesFile, NamesLineAndColumn) {
  std::string rules = ScratchFile("rules");
  WriteFile(rules, "# a comment\n  signal.sibling,signal=FOO\n");
  Ended ended = RunToEnd(Inject({"--rules", rules}, {"/bin/true"}));
  EXPECT_EQ(ended.exit, 125);
  EXPECT_NE(ended.err.find(rules + ":2: column 25: "), std::string::npos) << ended.err;
}

TEST(Options, AfterTheProgramAreTheProgramsOwn) {
  EXPECT_EQ(RunToEnd({kInject, "--", "/bin/echo", "--fault", "x"}).out, "--fault x\n");
  EXPECT_EQ(RunToEnd({kInject, "/bin/echo", "--list", "--", "-h"}).out, "--list -- -h\n");
}

TEST(Options, ListAndExplain) {
  Ended list = RunToEnd({kInject, "--list"});
  EXPECT_EQ(list.exit, 0);
  for (const char* fault : {"restart.fast-return", "signal.sibling"}) {
    EXPECT_NE(list.out.find(fault), std::string::npos);
    Ended explained = RunToEnd({kInject, "--explain", fault});
    EXPECT_EQ(explained.exit, 0);
    for (const char* part : {"Parameters:", "Source:", "Harsher", "nth="})
      EXPECT_NE(explained.out.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace faultline::suites
