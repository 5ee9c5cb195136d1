// signal.sibling: who takes a signal, and what becomes of the call that it interrupts.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

using Map = std::map<std::string, std::string>;

Map Route(const Words& faults, const Words& how, const std::string& arch = "amd64",
          const std::string& log = "") {
  Words options;
  for (const std::string& fault : faults) options.insert(options.end(), {"--fault", fault});
  if (!log.empty()) options.insert(options.end(), {"--log", log});
  Words program = {Tracee("sibling", arch)};
  program.insert(program.end(), how.begin(), how.end());
  Ended ended = RunToEnd(Inject(options, program));
  EXPECT_EQ(ended.exit, 0) << ended.out << ended.err;
  return Fields(ended.out);
}

constexpr const char* kSibling = "signal.sibling";
constexpr const char* kHandlerless = "restart.fast-return,mode=handlerless";
constexpr const char* kLostR10 = "fa17fa17fa17000a";
constexpr const char* kKeptR10 = "4a4";

class OnArch : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Arches, OnArch, testing::Values("amd64", "386"));

// In this situation the kernel prefers the main thread; the absence of the fault is what it does by
// itself.
TEST_P(OnArch, MainThreadTakesItWithoutTheFault) {
  Map seen = Route({}, {"process"}, GetParam());
  EXPECT_EQ(seen["on_main"], "1");
  EXPECT_EQ(seen["on_other"], "0");
}

TEST_P(OnArch, OtherThreadTakesItAsItWasSent) {
  Map seen = Route({kSibling}, {"process"}, GetParam());
  EXPECT_EQ(seen["on_main"], "0");
  EXPECT_EQ(seen["on_other"], "1");
  EXPECT_EQ(seen["code"], "0");  // SI_USER
  EXPECT_EQ(seen["sender"], "self");
  EXPECT_EQ(seen["result"], "1");
}

TEST_P(OnArch, QueuedValueTravelsAlong) {
  Map seen = Route({kSibling}, {"queue"}, GetParam());
  EXPECT_EQ(seen["on_other"], "1");
  EXPECT_EQ(seen["code"], "-1");  // SI_QUEUE
  EXPECT_EQ(seen["value"], "77");
  EXPECT_EQ(seen["sender"], "self");
}

TEST_P(OnArch, SignalForAThreadStays) {
  Map seen = Route({kSibling}, {"thread"}, GetParam());
  EXPECT_EQ(seen["on_main"], "1");
  EXPECT_EQ(seen["code"], "-6");  // SI_TKILL
}

TEST_P(OnArch, ThreadThatBlocksItIsNotAsked) {
  Map seen = Route({kSibling}, {"blocked"}, GetParam());
  EXPECT_EQ(seen["on_main"], "1");
  EXPECT_EQ(seen["handlers"], "1");
}

TEST_P(OnArch, LoneThreadTakesItItself) {
  Map seen = Route({kSibling}, {"alone"}, GetParam());
  EXPECT_EQ(seen["on_main"], "1");
  EXPECT_EQ(seen["handlers"], "1");
  EXPECT_EQ(seen["sender"], "child");
}

TEST_P(OnArch, NoneOf500IsLost) {
  Map seen = Route({kSibling, kHandlerless}, {"storm", "500"}, GetParam());
  EXPECT_EQ(seen["handlers"], "500");
  EXPECT_EQ(seen["sum"], "125250");
}

TEST(Sibling, OnlyNamedSignals) {
  EXPECT_EQ(Route({"signal.sibling,signal=USR2+CHLD"}, {"process"})["on_main"], "1");
  EXPECT_EQ(Route({"signal.sibling,signal=USR2+USR1"}, {"process"})["on_other"], "1");
}

TEST(Sibling, MakesTheFirstThreadsCallRestartWithoutAHandler) {
  Map seen = Route({kSibling, kHandlerless}, {"process"});
  EXPECT_EQ(seen["on_other"], "1");
  EXPECT_EQ(seen["r10"], kLostR10);
  EXPECT_EQ(Route({kHandlerless}, {"process"})["r10"], kKeptR10);
  EXPECT_EQ(Route({kSibling}, {"process"})["r10"], kKeptR10);
}

TEST(Sibling, WakesASleeperWhenTheTakerWasInNoCall) {
  Map seen = Route({kSibling, kHandlerless}, {"awake"});
  EXPECT_EQ(seen["on_main"], "1");
  EXPECT_EQ(seen["result"], "1");
  EXPECT_EQ(seen["r10"], kLostR10);
  EXPECT_EQ(Route({kHandlerless}, {"awake"})["r10"], kKeptR10);
}

TEST(ModeAny, WakesASleeperUnlessToldNotTo) {
  EXPECT_EQ(Route({"restart.fast-return"}, {"awake"})["r10"], kLostR10);
  EXPECT_EQ(Route({"restart.fast-return,wake=none"}, {"awake"})["r10"], kKeptR10);
}

TEST(Sibling, IsLogged) {
  std::string log = ScratchFile("log");
  Route({kSibling}, {"process"}, "amd64", log);
  std::istringstream lines(ReadLies(log));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  auto lie = nlohmann::json::parse(line);
  EXPECT_EQ(lie["fault"], "signal.sibling");
  EXPECT_EQ(lie["signal"], "SIGUSR1");
  EXPECT_EQ(lie["call"], "read");
  EXPECT_EQ(lie["before"]["tid"], lie["tid"]);
  EXPECT_NE(lie["after"]["tid"], lie["tid"]);
  EXPECT_FALSE(std::getline(lines, line));
}

}  // namespace
}  // namespace faultline::suites
