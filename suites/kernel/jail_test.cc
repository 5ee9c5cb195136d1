// jail: whatever is killed, nothing is left.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

Words Jail(const Words& program) {
  Words command = {kJail, "--result", "3", "--"};
  command.insert(command.end(), program.begin(), program.end());
  return command;
}

// Three processes that would outlive each other, one of them in a session of its own; then `last`.
Words Sleepers(const std::string& last) {
  std::string one = Tracee("life") + " hang " + Mark();
  return {"/bin/sh", "-c", one + " & setsid " + one + " & " + one + " & " + last};
}

TEST(Jail, TellsHowTheProgramEnded) {
  Ended ended = RunToEnd(Jail({Tracee("life"), "exit", "3"}));
  EXPECT_EQ(ended.exit, 3);
  EXPECT_EQ(ended.result, "exited 3\n");
  ended = RunToEnd(Jail({Tracee("life"), "die", "11"}));
  EXPECT_EQ(ended.exit, 128 + 11);
  EXPECT_EQ(ended.result, "killed 11\n");
}

TEST(Jail, TellsWhenItCannotRunIt) {
  Ended ended = RunToEnd(Jail({"/no such/program"}));
  EXPECT_EQ(ended.exit, 125);
  EXPECT_EQ(ended.result, "failed errno=2 what=/no%20such/program\n");
  EXPECT_NE(ended.err, "");
}

TEST(Jail, WrongUse) {
  for (const Words& words :
       {Words{kJail}, Words{kJail, "--"}, Words{kJail, "--bogus", "--", "true"},
        Words{kJail, "--result", "77", "--", "true"}}) {
    Ended ended = RunToEnd(words);
    EXPECT_EQ(ended.exit, 125);
    EXPECT_NE(ended.err, "");
  }
}

TEST(Jail, StreamsAreTheProgramsOwn) {
  Ended ended = RunToEnd(Jail({"/bin/sh", "-c", "echo out; echo err >&2; ulimit -c"}));
  EXPECT_EQ(ended.out, "out\n0\n");
  EXPECT_EQ(ended.err, "err\n");
}

TEST(Jail, ProgramIsNotTheFirstProcess) {
  EXPECT_NE(RunToEnd(Jail({"/bin/sh", "-c", "echo $$"})).out, "1\n");
}

// Where PID namespaces can be had, and where not.
class Fence : public testing::TestWithParam<bool> {
 protected:
  static Words Fenced(const Words& program) {
    Words command = Jail(program);
    if (!GetParam()) command.insert(command.begin(), Tracee("fenceless"));
    return command;
  }
};
INSTANTIATE_TEST_SUITE_P(Fences, Fence, testing::Bool(), [](const auto& info) {
  return info.param ? std::string("Namespace") : std::string("Subreaper");
});

TEST_P(Fence, KillsAndCountsWhatIsLeft) {
  Ended ended = RunToEnd(Fenced(Sleepers("exit 0")));
  EXPECT_EQ(ended.exit, 0);
  EXPECT_EQ(ended.result, "exited 0\nleft 3\n");
  EXPECT_TRUE(NoneDo("hang"));
}

TEST_P(Fence, KilledWarden) {
  Child child(Fenced(Sleepers("wait")));
  ASSERT_TRUE(SomeDo("hang", 3));
  kill(child.pid(), SIGKILL);
  child.Wait();
  EXPECT_TRUE(NoneDo("hang"));
}

TEST_P(Fence, KilledInit) {
  Child child(Fenced(Sleepers("wait")));
  ASSERT_TRUE(SomeDo("hang", 3));
  kill(ChildrenOf(child.pid()).at(0), SIGKILL);
  child.Wait();
  EXPECT_EQ(child.result, "killed 9\n");
  EXPECT_TRUE(NoneDo("hang"));
}

TEST_P(Fence, KilledDriver) {
  // The shell stands for the driver; ": " keeps it from handing its process to the jail.
  Words words = Fenced(Sleepers("wait"));
  std::string command;
  for (const std::string& word : words) command += "'" + word + "' ";
  Child driver({"/bin/sh", "-c", command + "; :"});
  ASSERT_TRUE(SomeDo("hang", 3));
  kill(driver.pid(), SIGKILL);
  driver.Wait();
  EXPECT_TRUE(NoneDo("hang"));
}

TEST_P(Fence, TerminatedDiesOfThatSignal) {
  for (int signal : {SIGTERM, SIGINT}) {
    Child child(Fenced(Sleepers("wait")));
    ASSERT_TRUE(SomeDo("hang", 3));
    kill(child.pid(), signal);
    child.Wait();
    EXPECT_EQ(child.signal, signal);
    EXPECT_EQ(child.result, "killed 9\n");
    EXPECT_TRUE(NoneDo("hang"));
  }
}

TEST(Jail, HoldsATracedProgram) {
  Ended ended = RunToEnd(Jail(Inject({}, {Tracee("life"), "forks", "50"})));
  EXPECT_EQ(ended.result, "exited 0\n");
  Child child(Jail(Inject({}, {Tracee("life"), "hang", Mark()})));
  child.AwaitOutput("ready");
  kill(child.pid(), SIGKILL);
  child.Wait();
  EXPECT_TRUE(NoneDo("hang"));
}

}  // namespace
}  // namespace faultline::suites
