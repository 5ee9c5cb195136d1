// The delivery faults: who takes a signal, and how often.

#include <gtest/gtest.h>

#include <algorithm>

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
