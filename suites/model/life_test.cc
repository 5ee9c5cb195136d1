// How a run begins and ends: statuses, streams, programs that cannot be run, kills.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "suites/model/run.h"

namespace faultline::suites {
namespace {

constexpr const char* kSystem = "freebsd-9.1";

Ended OnModel(const Words& program, const Words& options = {}) {
  return RunToEnd(Model(kSystem, options, program));
}

TEST(Status, IsTheProgramsOwn) {
  EXPECT_EQ(OnModel({Facts("amd64"), "leave", "0"}).exit, 0);
  EXPECT_EQ(OnModel({Facts("amd64"), "leave", "3"}).exit, 3);
  EXPECT_EQ(OnModel({Facts("386"), "leave", "7"}).exit, 7);
}

TEST(Status, IsTheSignalThatKills) {
  EXPECT_EQ(OnModel({Facts("amd64"), "die", "15"}).signal, SIGTERM);
  EXPECT_EQ(OnModel({Facts("amd64"), "die", "9"}).signal, SIGKILL);
  // FreeBSD's SIGBUS is 10, the host's 7.
  EXPECT_EQ(OnModel({Facts("386"), "die", "10"}).signal, SIGBUS);
  EXPECT_EQ(OnModel({Facts("386"), "die", "30"}).signal, SIGUSR1);
}

TEST(Programs, ThatAreNotThere) {
  Ended ended = OnModel({"/does/not/exist"});
  EXPECT_EQ(ended.exit, 127);
  EXPECT_NE(ended.err.find("No such file"), std::string::npos) << ended.err;
}

TEST(Programs, OfThisSystem) {
  Ended ended = OnModel({"/bin/true"});
  EXPECT_EQ(ended.exit, 126);
  EXPECT_NE(ended.err.find("a Linux program"), std::string::npos) << ended.err;
}

TEST(Programs, ThatAreNone) {
  std::string text = ScratchFile("text");
  WriteFile(text, "no program at all\n");
  chmod(text.c_str(), 0755);
  Ended ended = OnModel({text});
  EXPECT_EQ(ended.exit, 126);
  EXPECT_NE(ended.err.find("not an ELF file"), std::string::npos) << ended.err;
}

// Every length that a file can be cut to is refused or run, and none of them hurts.
TEST(Programs, ThatAreCutOff) {
  std::string whole = ReadFile(Facts("amd64"));
  std::string part = ScratchFile("part");
  for (size_t size : {size_t{4}, size_t{63}, size_t{64}, size_t{100}, size_t{300}, size_t{4096}}) {
    WriteFile(part, whole.substr(0, size));
    chmod(part.c_str(), 0755);
    Ended ended = OnModel({part, "leave", "0"});
    EXPECT_EQ(ended.exit, 126) << size << ended.err;
    EXPECT_FALSE(ended.err.empty());
  }
}

TEST(Systems, ThatAreNotThere) {
  Ended ended = RunToEnd(Model("plan9", {}, {Facts("amd64"), "leave", "0"}));
  EXPECT_EQ(ended.exit, 125);
  EXPECT_NE(ended.err.find("freebsd-9.1"), std::string::npos) << ended.err;
  EXPECT_EQ(RunToEnd({kModel, "--", Facts("amd64")}).exit, 125);
  EXPECT_EQ(RunToEnd({kModel, "--system", kSystem}).exit, 125);
  EXPECT_EQ(RunToEnd({kModel, "--system", kSystem, "--nonsense"}).exit, 125);
}

TEST(Systems, AreListed) {
  Ended ended = RunToEnd({kModel, "--list"});
  EXPECT_EQ(ended.exit, 0);
  for (const char* each :
       {"freebsd-7.4", "freebsd-8.1", "freebsd-9.1", "freebsd-10.4", "freebsd-13"})
    EXPECT_NE(ended.out.find(each), std::string::npos) << ended.out;
}

TEST(Evidence, CountsMissingCalls) {
  std::string log = ScratchFile("log");
  OnModel({Facts("amd64"), "missing"}, {"--log", log});
  std::istringstream lines(ReadFile(log));
  int missing = 0;
  nlohmann::json end;
  for (std::string line; std::getline(lines, line);) {
    auto event = nlohmann::json::parse(line);
    if (event["event"] == "missing") ++missing;
    if (event["event"] == "end") end = event;
  }
  EXPECT_EQ(missing, 2);
  EXPECT_EQ(end["missing"]["quotactl"], 2);
}

TEST(Evidence, PostmortemShowsTheRegistersOfTheFault) {
  std::string death = ScratchFile("death");
  Ended ended = OnModel({Facts("amd64"), "die", "6"}, {"--postmortem", death});
  EXPECT_EQ(ended.signal, SIGABRT);
  auto report = nlohmann::json::parse(ReadFile(death));
  EXPECT_FALSE(report["threads"].empty());
}

// A program that is asleep, and one that never makes a call.
class Killed : public testing::TestWithParam<const char*> {};

TEST_P(Killed, FrontTakesAllWithIt) {
  Words command = Model(kSystem, {}, {Facts("amd64"), GetParam(), Mark()});
  {
    Child child(command);
    child.AwaitOutput("ready");
    kill(child.pid(), SIGKILL);
    child.Wait();
    EXPECT_EQ(child.signal, SIGKILL);
  }
  EXPECT_TRUE(NoneDo(Mark()));
}

TEST_P(Killed, SignalsReachTheProgram) {
  Child child(Model(kSystem, {}, {Facts("amd64"), GetParam(), Mark()}));
  child.AwaitOutput("ready");
  kill(child.pid(), SIGTERM);
  child.Wait();
  EXPECT_EQ(child.signal, SIGTERM);
}

TEST_P(Killed, TracerTakesAllWithIt) {
  Child child(Model(kSystem, {}, {Facts("amd64"), GetParam(), Mark()}));
  child.AwaitOutput("ready");
  std::vector<pid_t> tracers = ChildrenOf(child.pid());
  ASSERT_EQ(tracers.size(), 1u);
  std::vector<pid_t> guests = ChildrenOf(tracers[0]);
  ASSERT_EQ(guests.size(), 1u);
  kill(tracers[0], SIGKILL);
  child.Wait();
  EXPECT_EQ(child.exit, 125);
  EXPECT_NE(child.err.find("was killed"), std::string::npos) << child.err;
  for (int i = 0; i < 2000 && kill(guests[0], 0) == 0; ++i) usleep(1000);
  EXPECT_NE(kill(guests[0], 0), 0) << "the guest is still there";
}

TEST_P(Killed, GuestEndsTheRun) {
  Child child(Model(kSystem, {}, {Facts("amd64"), GetParam(), Mark()}));
  child.AwaitOutput("ready");
  std::vector<pid_t> tracers = ChildrenOf(child.pid());
  ASSERT_EQ(tracers.size(), 1u);
  std::vector<pid_t> guests = ChildrenOf(tracers[0]);
  ASSERT_EQ(guests.size(), 1u);
  kill(guests[0], SIGKILL);
  child.Wait();
  EXPECT_EQ(child.signal, SIGKILL);
}

INSTANTIATE_TEST_SUITE_P(AsleepOrBusy, Killed, testing::Values("sleep", "spin"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace faultline::suites
