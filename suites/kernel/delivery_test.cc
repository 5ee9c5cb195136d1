// The delivery faults: who takes a signal, and how often.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

struct Seen {
  std::map<std::string, std::string> fields;
  long lies;
};

Seen Deliver(const std::string& fault, const std::string& how, const std::string& arch) {
  std::string log = ScratchFile("log");
  Words options = {"--log", log};
  if (!fault.empty()) options.insert(options.end(), {"--fault", fault});
  Ended ended = RunToEnd(Inject(options, {Tracee("delivery", arch), how}));
  EXPECT_EQ(ended.exit, 0) << ended.out << ended.err;
  std::string lines = ReadLies(log);
  return {.fields = Fields(ended.out), .lies = std::count(lines.begin(), lines.end(), '\n')};
}

class OnArch : public testing::TestWithParam<const char*> {
 protected:
  // That `fault` makes of the signals what is given, by as many lies.
  static void Expect(const std::string& fault, const std::string& how, const std::string& on_main,
                     const std::string& on_other, long lies) {
    Seen seen = Deliver(fault, how, GetParam());
    EXPECT_EQ(seen.fields["on_main"], on_main) << fault << " " << how;
    EXPECT_EQ(seen.fields["on_other"], on_other) << fault << " " << how;
    EXPECT_EQ(seen.lies, lies) << fault << " " << how;
  }
};
INSTANTIATE_TEST_SUITE_P(Arches, OnArch, testing::Values("amd64", "386"));

TEST_P(OnArch, WithoutFaults) {
  Expect("", "self", "3", "0", 0);
  Expect("", "queue", "1", "0", 0);
  Expect("", "child", "1", "0", 0);
  Expect("", "thread", "1", "0", 0);
  Expect("", "lone", "1", "0", 0);
  Expect("", "process", "1", "0", 0);
}

// What one field says, and by how many lies.
std::pair<std::string, long> FieldOf(const Seen& seen, const std::string& field) {
  auto found = seen.fields.find(field);
  return {found == seen.fields.end() ? "" : found->second, seen.lies};
}
using Is = std::pair<std::string, long>;

TEST_P(OnArch, DelayCountsCalls) {
  auto at = [](const std::string& fault) {
    return FieldOf(Deliver(fault, "calls", GetParam()), "at");
  };
  EXPECT_EQ(at(""), Is("0", 0));
  EXPECT_EQ(at("signal.delay"), Is("1", 1));
  EXPECT_EQ(at("signal.delay,calls=4"), Is("4", 1));
  EXPECT_EQ(at("signal.delay,calls=4,signal=USR2"), Is("0", 0));
  EXPECT_EQ(at("signal.delay,calls=4,nth=2"), Is("0", 0));
  Seen late = Deliver("signal.delay,calls=4", "calls", GetParam());
  EXPECT_EQ(late.fields["handlers"], "1");
  EXPECT_EQ(late.fields["sum"], "77");
}

TEST_P(OnArch, DelayMergesAsThePendingDo) {
  EXPECT_EQ(Deliver("", "merge", GetParam()).fields["handlers"], "2");
  Seen seen = Deliver("signal.delay,calls=3", "merge", GetParam());
  EXPECT_EQ(seen.fields["handlers"], "1");
  EXPECT_EQ(seen.fields["at"], "1");  // the second getpid and tgkill were calls too
  EXPECT_EQ(seen.lies, 2);
}

TEST_P(OnArch, DelayInterruptsNoCall) {
  Seen normal = Deliver("", "read", GetParam());
  EXPECT_EQ(normal.fields["got"], "-1");
  Seen delayed = Deliver("signal.delay,signal=USR1", "read", GetParam());
  EXPECT_EQ(delayed.fields["got"], "1");
  EXPECT_EQ(delayed.fields["on_main"], "1");
  EXPECT_EQ(delayed.lies, 1);
}

TEST_P(OnArch, DelayLosesNoSignalOfTheProcess) {
  Expect("", "ending", "0", "1", 0);
  Expect("signal.delay,calls=1000", "ending", "1", "0", 1);
}

TEST_P(OnArch, DelayedSignalsComeToTheNextProgram) {
  EXPECT_EQ(RunToEnd(Inject({}, {Tracee("delivery", GetParam()), "exec"})).signal, 0);
  // It has no handler there.
  auto dies_of = [](const std::string& calls) {
    return RunToEnd(Inject({"--fault", "signal.delay,calls=" + calls},
                           {Tracee("delivery", GetParam()), "exec"}))
        .signal;
  };
  EXPECT_EQ(dies_of("1"), SIGUSR1);
  EXPECT_EQ(dies_of("2"), SIGUSR1);
}

TEST_P(OnArch, DelayLeavesFaultsAlone) {
  Ended ended =
      RunToEnd(Inject({"--fault", "signal.delay"}, {Tracee("handler", GetParam()), "fault"}));
  EXPECT_EQ(Fields(ended.out)["handlers"], "1");
}

TEST_P(OnArch, Reorder) {
  auto order = [](const std::string& fault, const std::string& how) {
    return FieldOf(Deliver(fault, how, GetParam()), "order");
  };
  EXPECT_EQ(order("", "pair"), Is("12", 0));
  EXPECT_EQ(order("signal.reorder", "pair"), Is("21", 1));
  EXPECT_EQ(order("signal.reorder,signal=USR2", "pair"), Is("12", 0));
  EXPECT_EQ(order("", "row"), Is("123", 0));
  EXPECT_EQ(order("signal.reorder", "row"), Is("213", 1));
  EXPECT_EQ(order("signal.reorder,nth=2", "row"), Is("132", 1));
  // With one that nobody would see, and one that comes alone.
  EXPECT_EQ(order("signal.reorder", "idle"), Is("1", 0));
  EXPECT_EQ(order("signal.reorder", "self"), Is("111", 0));
}

// How often the handler ran in the child and in the parent, and how many lies were told.
using Ran = std::tuple<std::string, std::string, long>;
Ran WhoRan(const std::string& fault, const std::string& how, const std::string& arch) {
  Seen seen = Deliver(fault, how, arch);
  return {seen.fields["in_child"], seen.fields["handlers"], seen.lies};
}

TEST_P(OnArch, ForkChildMakesOne) {
  const std::string arch = GetParam();
  EXPECT_EQ(WhoRan("", "fork", arch), Ran("0", "0", 0));
  EXPECT_EQ(WhoRan("signal.fork-child", "fork", arch), Ran("1", "0", 1));
  EXPECT_EQ(WhoRan("signal.fork-child,send=USR1", "fork", arch), Ran("1", "0", 1));
  EXPECT_EQ(WhoRan("signal.fork-child,send=USR2", "fork", arch), Ran("0", "0", 0));
  EXPECT_EQ(WhoRan("signal.fork-child,nth=2", "fork", arch), Ran("0", "0", 0));
  // A thread is no child.
  EXPECT_EQ(WhoRan("signal.fork-child", "thread", arch), Ran("0", "1", 0));
}

TEST_P(OnArch, ForkChildInheritsThePending) {
  const std::string arch = GetParam();
  EXPECT_EQ(WhoRan("", "pending", arch), Ran("0", "1", 0));
  EXPECT_EQ(WhoRan("signal.fork-child,from=pending", "pending", arch), Ran("1", "1", 1));
  EXPECT_EQ(WhoRan("signal.fork-child,from=pending", "fork", arch), Ran("0", "0", 0));
}

TEST_P(OnArch, ForkChildTakesTheParents) {
  const std::string arch = GetParam();
  EXPECT_EQ(WhoRan("", "kill", arch), Ran("0", "1", 0));
  EXPECT_EQ(WhoRan("signal.fork-child,from=parent", "kill", arch), Ran("1", "0", 1));
  EXPECT_EQ(WhoRan("signal.fork-child,from=parent,signal=USR2", "kill", arch), Ran("0", "1", 0));
  EXPECT_EQ(WhoRan("signal.fork-child,from=parent", "fork", arch), Ran("0", "0", 0));
  // It has begun another program.
  EXPECT_EQ(WhoRan("signal.fork-child,from=parent", "spawn", arch), Ran("0", "1", 0));
}

// The logged lies, told again, have the same effect, and each finds its place.
TEST_P(OnArch, LiesCanBeReplayed) {
  const std::pair<const char*, const char*> runs[] = {
      {"signal.delay,calls=4", "calls"},
      {"signal.reorder,nth=2", "row"},
      {"signal.fork-child", "fork"},
      {"signal.fork-child,from=pending", "pending"},
      {"signal.fork-child,from=parent", "kill"},
  };
  for (const auto& [fault, how] : runs) {
    std::string log = ScratchFile("log"), again = ScratchFile("again");
    Words program = {Tracee("delivery", GetParam()), how};
    Ended first = RunToEnd(Inject({"--log", log, "--fault", fault}, program));
    Ended second = RunToEnd(Inject({"--log", again, "--replay", log}, program));
    EXPECT_EQ(second.out, first.out) << fault;
    EXPECT_EQ(second.err, "") << fault;
    EXPECT_NE(ReadLies(again), "") << fault;
  }
}

TEST_P(OnArch, Drop) {
  Expect("signal.drop", "self", "0", "0", 3);
  Expect("signal.drop,nth=2", "self", "2", "0", 1);
  Expect("signal.drop", "queue", "0", "0", 1);
  Expect("signal.drop,signal=USR2", "self", "3", "0", 0);
}

TEST_P(OnArch, DropLeavesFaultsAlone) {
  Ended ended =
      RunToEnd(Inject({"--fault", "signal.drop"}, {Tracee("handler", GetParam()), "fault"}));
  EXPECT_EQ(Fields(ended.out)["handlers"], "1");
}

TEST_P(OnArch, Duplicate) {
  Expect("signal.duplicate", "self", "6", "0", 3);
  Expect("signal.duplicate,nth=1", "self", "4", "0", 1);
  Expect("signal.duplicate,signal=USR2", "self", "3", "0", 0);
}

TEST_P(OnArch, DuplicateHasTheSameSigInfo) {
  EXPECT_EQ(Deliver("", "queue", GetParam()).fields["sum"], "77");
  Seen seen = Deliver("signal.duplicate", "queue", GetParam());
  EXPECT_EQ(seen.fields["handlers"], "2");
  EXPECT_EQ(seen.fields["sum"], "154");
}

TEST_P(OnArch, NewbornThread) {
  Expect("signal.newborn-thread", "thread", "1", "1", 1);
  Expect("signal.newborn-thread,send=USR1", "thread", "1", "1", 1);
  // Not handled, another thread's number, and no thread made at all.
  Expect("signal.newborn-thread,send=USR2", "thread", "1", "0", 0);
  Expect("signal.newborn-thread,thread=7", "thread", "1", "0", 0);
  Expect("signal.newborn-thread", "child", "1", "0", 0);
}

TEST_P(OnArch, WrongThread) {
  Expect("signal.wrong-thread", "thread", "0", "1", 1);
  // Nobody else can take it.
  Expect("signal.wrong-thread", "lone", "1", "0", 0);
  Expect("signal.wrong-thread", "self", "3", "0", 0);
  // Nobody's in particular.
  Expect("signal.wrong-thread", "process", "1", "0", 0);
  Expect("signal.wrong-thread,signal=PROF", "thread", "1", "0", 0);
}

TEST_P(OnArch, LostSigchld) {
  Expect("wait.lost-sigchld", "child", "0", "0", 1);
  EXPECT_EQ(Deliver("wait.lost-sigchld", "child", GetParam()).fields["waited"], "1");
  Expect("wait.lost-sigchld", "self", "3", "0", 0);
}

}  // namespace
}  // namespace faultline::suites
