// What inject writes down: the log, the postmortem, the snapshot.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>

#include <nlohmann/json.hpp>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

using nlohmann::json;

class OnArch : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] static std::string life() { return Tracee("life", GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Arches, OnArch, testing::Values("amd64", "386"));

// The frame of the function whose name holds `name`, of any thread; null if there is none.
json FindFrame(const json& report, const std::string& name) {
  for (const json& thread : report["threads"])
    for (const json& frame : thread.value("frames", json::array()))
      if (frame.value("function", "").find(name) != std::string::npos) return frame;
  return nullptr;
}

TEST_P(OnArch, PostmortemShowsEveryThread) {
  std::string path = ScratchFile("json");
  Ended ended = RunToEnd(Inject({"--postmortem", path}, {life(), "crash"}));
  EXPECT_EQ(ended.signal, SIGSEGV);
  json report = json::parse(ReadFile(path));
  EXPECT_EQ(report["schema"], "faultline.postmortem/1");
  EXPECT_EQ(report["signal"]["name"], "SIGSEGV");
  EXPECT_EQ(report["signal"]["code"], 1);  // SEGV_MAPERR
  EXPECT_EQ(report["signal"]["address"], "0x0");
  ASSERT_EQ(report["threads"].size(), 2u);
  for (const json& thread : report["threads"]) {
    EXPECT_EQ(thread["arch"], GetParam());
    EXPECT_FALSE(thread["stack"]["words"].empty());
    EXPECT_TRUE(thread["registers"].contains(std::string(GetParam()) == "386" ? "eip" : "r10"));
  }
  EXPECT_EQ(report["tid"], report["pid"]);  // the main thread crashed
  json crash = FindFrame(report, "CrashHere");
  ASSERT_FALSE(crash.is_null()) << report.dump(1);
  EXPECT_NE(crash["file"].get<std::string>().find("life.cc"), std::string::npos);
  EXPECT_GT(crash["line"].get<int>(), 0);
  EXPECT_FALSE(FindFrame(report, "SleepHere").is_null());
  bool mapped = false;
  for (const json& line : report["maps"])
    mapped |= line.get<std::string>().find("[stack]") != std::string::npos;
  EXPECT_TRUE(mapped);
}

TEST(Postmortem, OfADeathThatNothingAnnounces) {
  std::string path = ScratchFile("json");
  RunToEnd(Inject({"--postmortem", path}, {Tracee("life"), "die", "9"}));
  EXPECT_EQ(json::parse(ReadFile(path))["signal"]["name"], "SIGKILL");
}

TEST(Postmortem, IsNotWrittenForAnExit) {
  std::string path = ScratchFile("json");
  RunToEnd(Inject({"--postmortem", path}, {Tracee("life"), "exit", "1"}));
  EXPECT_EQ(access(path.c_str(), F_OK), -1);
}

TEST(Postmortem, PrefersTheProgramToItsChildren) {
  std::string path = ScratchFile("json");
  std::string life = Tracee("life");
  // A child's death is told as long as there is nothing better.
  RunToEnd(Inject({"--postmortem", path}, {"/bin/sh", "-c", life + " crash; exit 0"}));
  EXPECT_EQ(json::parse(ReadFile(path))["signal"]["name"], "SIGSEGV");
  RunToEnd(Inject({"--postmortem", path}, {"/bin/sh", "-c", life + " crash; kill -TERM $$"}));
  EXPECT_EQ(json::parse(ReadFile(path))["signal"]["name"], "SIGTERM");
}

json Snapshot(pid_t pid) {
  EXPECT_TRUE(AllSleepInRead(pid));
  Ended ended = RunToEnd({kInject, "--snapshot", std::to_string(pid)});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  return json::parse(ended.out);
}

void ExpectTwoSleepers(const json& report) {
  EXPECT_EQ(report["schema"], "faultline.snapshot/1");
  ASSERT_EQ(report["threads"].size(), 2u);
  for (const json& thread : report["threads"]) {
    EXPECT_EQ(thread["syscall"]["name"], "read");
    EXPECT_FALSE(thread["registers"].empty());
  }
  json frame = FindFrame(report, "SleepHere");
  ASSERT_FALSE(frame.is_null()) << report.dump(1);
  EXPECT_NE(frame["file"].get<std::string>().find("life.cc"), std::string::npos);
}

TEST_P(OnArch, SnapshotOfAnyProcess) {
  Child child({life(), "hang"});
  child.AwaitOutput("ready");
  for (int i = 0; i < 2; ++i) ExpectTwoSleepers(Snapshot(child.pid()));
  EXPECT_EQ(StatusField(child.pid(), "TracerPid"), "0");  // it goes on
}

TEST_P(OnArch, SnapshotOfATracedProcess) {
  Child child(Inject({"--fault", "restart.fast-return"}, {life(), "hang"}));
  child.AwaitOutput("ready");
  pid_t program = ChildrenOf(ChildrenOf(child.pid()).at(0)).at(0);
  for (int i = 0; i < 3; ++i) ExpectTwoSleepers(Snapshot(program));
  kill(child.pid(), SIGTERM);
  child.Wait();
  EXPECT_EQ(child.signal, SIGTERM);
}

TEST(Snapshot, AcrossPidNamespaces) {
  Child child({kJail, "--", kInject, "--", Tracee("life"), "hang"});
  child.AwaitOutput("ready");
  pid_t program = child.pid();
  for (std::vector<pid_t> below; !(below = ChildrenOf(program)).empty();) program = below[0];
  ExpectTwoSleepers(Snapshot(program));
}

// There can be only one tracer, and this one is no inject that could be asked.
TEST(Snapshot, OfAProcessThatAnotherTracerHas) {
  Child child({Tracee("life"), "hang"});
  child.AwaitOutput("ready");
  ASSERT_EQ(ptrace(PTRACE_SEIZE, child.pid(), nullptr, nullptr), 0);
  Ended ended = RunToEnd({kInject, "--snapshot", std::to_string(child.pid())});
  EXPECT_EQ(ended.exit, 125);
  EXPECT_NE(ended.err.find("no inject"), std::string::npos) << ended.err;
}

TEST(FullDisk, IsSaidAndTheProgramGoesOn) {
  Ended ended = RunToEnd(Inject({"--fault", "restart.fast-return", "--log", "/dev/full"},
                                {Tracee("restart"), "wait4", "restart"}));
  EXPECT_EQ(ended.exit, 0);
  EXPECT_EQ(Fields(ended.out)["result"], "-14");
  EXPECT_NE(ended.err.find("cannot write the log /dev/full: No space left"), std::string::npos)
      << ended.err;
}

TEST(FullDisk, PostmortemSaysSo) {
  Ended ended = RunToEnd(Inject({"--postmortem", "/dev/full"}, {Tracee("life"), "crash"}));
  EXPECT_EQ(ended.signal, SIGSEGV);
  EXPECT_NE(ended.err.find("cannot write the postmortem"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace faultline::suites
