// How processes are made and waited for: the clone and wait faults, and restart.fork-livelock.

#include <gtest/gtest.h>

#include "suites/kernel/lies.h"

namespace faultline::suites {
namespace {

using Map = std::map<std::string, std::string>;

// A child waits for its creator as long as this: in vain when the creator waits for the child.
const std::string kBriefly = "50";
const std::string kPatiently = "60000";

void Expect(const Seen& seen, const Map& expected) {
  for (const auto& [name, value] : expected) {
    auto field = seen.fields.find(name);
    EXPECT_EQ(field == seen.fields.end() ? "(nothing)" : field->second, value) << name;
  }
}

// What every call leaves, with a child that was waited for or not.
Map Made(bool waited, bool shared) {
  return {{"result", "right"},
          {"waited", waited ? "yes" : "no"},
          {"memory", shared ? "shared" : "copied"},
          {"args", "kept"},
          {"child_args", "kept"},
          {"sigchld", "yes"},
          {"wait", "right"},
          {"wall", "right"},
          {"status", "300"}};
}

class EachMaker : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  static std::string call() { return std::get<1>(GetParam()); }
  static bool vforks() { return call().ends_with("vfork"); }
  static Words Program(const std::string& patience) {
    return {Tracee("process", std::get<0>(GetParam())), "make", call(), patience};
  }
};
INSTANTIATE_TEST_SUITE_P(Makers, EachMaker,
                         testing::Combine(testing::Values("amd64", "386"),
                                          testing::Values("fork", "vfork", "clone", "clone-vfork",
                                                          "clone3", "clone3-vfork")),
                         [](const auto& info) {
                           std::string name =
                               std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param);
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

TEST_P(EachMaker, WithoutFaults) {
  Expect(Take({}, Program(vforks() ? kBriefly : kPatiently)), Made(vforks(), vforks()));
}

TEST_P(EachMaker, WhenTheRuleIsForAnotherThread) {
  Seen seen = Take({"clone.drop-vfork,thread=2", "clone.no-exit-signal,thread=2",
                    "clone.refuse-flags,thread=2", "restart.fork-livelock,thread=2"},
                   Program(vforks() ? kBriefly : kPatiently));
  Expect(seen, Made(vforks(), vforks()));
  EXPECT_TRUE(seen.lies.empty());
}

TEST_P(EachMaker, DropVfork) {
  Seen seen = Take({"clone.drop-vfork"}, Program(kPatiently));
  Expect(seen, Made(false, false));
  EXPECT_EQ(seen.lies.size(), vforks() ? 1u : 0u);
}

// After vfork itself both would run on one stack.
TEST_P(EachMaker, DropVforkWithSharedMemory) {
  if (call() == "vfork") return;
  Expect(Take({"clone.drop-vfork,memory=shared"}, Program(kPatiently)), Made(false, vforks()));
}

TEST_P(EachMaker, NoExitSignal) {
  Seen seen = Take({"clone.no-exit-signal"}, Program(vforks() ? kBriefly : kPatiently));
  Map expected = Made(vforks(), vforks());
  expected["sigchld"] = "no";
  expected["wait"] = "-10";
  Expect(seen, expected);
  ASSERT_EQ(seen.lies.size(), 1u);
  EXPECT_EQ(seen.lies[0]["before"]["exit_signal"], "0x11");
  EXPECT_EQ(seen.lies[0]["after"]["exit_signal"], "0x0");
}

TEST_P(EachMaker, RefuseFlags) {
  Seen seen = Take({"clone.refuse-flags"}, Program(kPatiently));
  if (vforks()) {
    Expect(seen, {{"result", "-22"}, {"args", "kept"}});
  } else {
    Expect(seen, Made(false, false));
    EXPECT_TRUE(seen.lies.empty());
  }
}

// All of them are there, or it is not refused.
TEST_P(EachMaker, RefuseFlagsOnlyTogether) {
  Seen seen =
      Take({"clone.refuse-flags,flags=VM+VFORK+THREAD"}, Program(vforks() ? kBriefly : kPatiently));
  Expect(seen, Made(vforks(), vforks()));
  EXPECT_TRUE(seen.lies.empty());
}

TEST_P(EachMaker, RefuseFlagsButNotWithOthers) {
  Seen seen = Take({"clone.refuse-flags,flags=VFORK,without=VM+THREAD"},
                   Program(vforks() ? kBriefly : kPatiently));
  Expect(seen, Made(vforks(), vforks()));
  EXPECT_TRUE(seen.lies.empty());
}

TEST_P(EachMaker, DropFlags) {
  Expect(Take({"clone.refuse-flags,flags=CLONE_VFORK+VM,how=drop"}, Program(kPatiently)),
         Made(false, false));
}

TEST_P(EachMaker, SlowFork) {
  Seen seen = Take({"restart.fork-livelock,ms=1"}, Program(vforks() ? kBriefly : kPatiently));
  Expect(seen, Made(vforks(), vforks()));
  EXPECT_EQ(seen.lies.size(), vforks() ? 0u : 1u);
}

class OnArch : public testing::TestWithParam<const char*> {
 protected:
  static Words Program(const Words& words) {
    Words program = {Tracee("process", GetParam())};
    program.insert(program.end(), words.begin(), words.end());
    return program;
  }
};
INSTANTIATE_TEST_SUITE_P(Arches, OnArch, testing::Values("amd64", "386"));

// What was changed at the entry is as it was, in the creator and in the new thread.
TEST_P(OnArch, ThreadsThatAreMadeOtherwise) {
  for (const char* call : {"clone-thread", "clone3-thread"}) {
    for (const char* fault : {"", "clone.refuse-flags,flags=SYSVSEM,how=drop"}) {
      Seen seen = Take(*fault ? Words{fault} : Words{}, Program({"make", call, kPatiently}));
      Expect(seen, {{"result", "right"}, {"args", "kept"}, {"child_args", "kept"}});
      EXPECT_EQ(seen.lies.size(), *fault ? 1u : 0u);
    }
  }
}

// Made with THREAD and SYSVSEM, as qemu wants it.
TEST_P(OnArch, ThreadsAreRefusedByTheirFlags) {
  Expect(Take({}, Program({"thread"})), {{"error", "0"}});
  Expect(Take({"clone.refuse-flags,flags=THREAD,without=SYSVSEM"}, Program({"thread"})),
         {{"error", "0"}});
  // What EINVAL becomes in the C library.
  Expect(Take({"clone.refuse-flags,flags=THREAD"}, Program({"thread"})), {{"error", "22"}});
}

// ms is longer than the test would bear: signals alone let the fork go on.
TEST_P(OnArch, ForkBeginsAnewWithEachSignal) {
  Expect(Take({}, Program({"livelock", "5"})),
         {{"handlers", "0"}, {"children", "1"}, {"result", "right"}, {"args", "kept"}});
  Seen seen =
      Take({"restart.fork-livelock,ms=600000,nth=1", "restart.fork-livelock,ms=600000,nth=2",
            "restart.fork-livelock,ms=600000,nth=3"},
           Program({"livelock", "3"}));
  Expect(seen, {{"handlers", "3"},
                {"children", "1"},
                {"result", "right"},
                {"args", "kept"},
                {"child_args", "kept"}});
  EXPECT_EQ(seen.lies.size(), 6u);  // each time the wait and its end
  EXPECT_EQ(seen.lies.back()["after"].begin().value(), "0xfffffffffffffdff");
}

// as=raw is for those that exited: a death by a signal is told as it is.
TEST_P(OnArch, WrongStatusLeavesDeathsAlone) {
  Seen seen = Take({"wait.wrong-status,nth=1,call=wait4"}, Program({"wait", "wait4", "kill"}));
  Expect(seen, {{"pid", "first"}, {"status", "9"}});
}

struct Waiting {
  const char* call;
  const char* end;
  const char* fault;
  Map expected;
};

// A code of 1 is CLD_EXITED, 2 CLD_KILLED; waitid's status is a code or a signal.
const Waiting kWaiting[] = {
    {"wait4", "exit", "", {{"pid", "first"}, {"last", "second"}, {"status", "300"}}},
    {"wait4", "kill", "", {{"pid", "first"}, {"status", "9"}}},
    {"waitid", "exit", "", {{"pid", "first"}, {"status", "3"}, {"code", "1"}}},
    {"waitid", "kill", "", {{"pid", "first"}, {"status", "9"}, {"code", "2"}}},
    {"wait4", "exit", "wait.wrong-status", {{"pid", "first"}, {"status", "3"}}},
    {"wait4", "kill", "wait.wrong-status,as=zero", {{"pid", "first"}, {"status", "0"}}},
    {"wait4", "exit", "wait.wrong-status,as=zero", {{"pid", "first"}, {"status", "0"}}},
    {"waitid", "kill", "wait.wrong-status", {{"pid", "first"}, {"status", "9"}, {"code", "1"}}},
    {"waitid", "kill", "wait.wrong-status,as=zero", {{"status", "0"}, {"code", "1"}}},
    {"wait4", "exit", "wait.wrong-pid", {{"pid", "second"}, {"last", "first"}, {"status", "300"}}},
    {"waitid", "exit", "wait.wrong-pid", {{"pid", "second"}, {"status", "3"}, {"code", "1"}}},
    {"wait4", "kill", "wait.wrong-pid,as=zero", {{"pid", "0"}, {"status", "9"}}},
    {"waitid", "kill", "wait.wrong-pid,as=zero", {{"pid", "0"}, {"status", "9"}, {"code", "2"}}},
};

TEST_P(OnArch, Wait) {
  for (const Waiting& each : kWaiting) {
    SCOPED_TRACE(std::string(each.call) + " " + each.end + " " + each.fault);
    Words faults;
    if (*each.fault != '\0') faults.emplace_back(each.fault);
    Seen seen = Take(faults, Program({"wait", each.call, each.end}));
    Expect(seen, each.expected);
    EXPECT_EQ(seen.lies.empty(), faults.empty());
    for (std::string& fault : faults)
      fault += ",call=" + std::string(each.call == std::string("wait4") ? "waitid" : "wait4");
    if (faults.empty()) continue;
    // Not the calls that the rule names: the truth, which is the first of its kind.
    Seen other = Take(faults, Program({"wait", each.call, each.end}));
    EXPECT_EQ(other.fields["pid"], "first");
  }
}

}  // namespace
}  // namespace faultline::suites
