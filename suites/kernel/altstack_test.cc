// The sigaltstack and sigaction faults: who has an alternate stack, how large it is, and which
// flags of an action have an effect; with each and without.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

using Map = std::map<std::string, std::string>;

struct Seen {
  Map fields;
  std::vector<nlohmann::json> lies;
};

Seen Take(const std::string& fault, const std::string& arch, const std::string& how) {
  std::string log = ScratchFile("log");
  Words options = {"--log", log};
  if (!fault.empty()) options.insert(options.end(), {"--fault", fault});
  Ended ended = RunToEnd(Inject(options, {Tracee("altstack", arch), how}));
  EXPECT_EQ(ended.exit, 0) << fault << " " << how << ": " << ended.out << ended.err;
  Seen seen = {.fields = Fields(ended.out), .lies = {}};
  std::istringstream lines(ReadLies(log));
  for (std::string line; std::getline(lines, line);)
    seen.lies.push_back(nlohmann::json::parse(line));
  return seen;
}

// What a kernel without faults shows for each way.
Map Truth(const std::string& how) {
  Map truth = {{"flags", "onstack+restart"},
               {"action", "same"},
               {"error", "0"},
               {"struct", "same"},
               {"said", "65536"},
               {"on", "stack"},
               {"lower", "no"}};
  if (how == "same") truth["first"] = "none";
  if (how == "small") truth.insert_or_assign("said", "16384"), truth["lower"] = "yes";
  if (how == "thread" || how == "threads" || how == "context")
    truth["said"] = "none", truth["on"] = "other";
  if (how == "none") truth["flags"] = "", truth["on"] = "other";
  if (how == "vfork" || how == "restart") truth.erase("on"), truth.erase("lower");
  if (how == "restart") truth["read"] = "1";
  return truth;
}

void ExpectTrueBut(Seen seen, const std::string& how, const Map& but) {
  Map truth = Truth(how);
  for (const auto& [name, value] : but) truth[name] = value;
  for (const auto& [name, value] : truth)
    EXPECT_EQ(seen.fields[name], value) << name << " of " << how;
}

class EachArch : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] std::string arch() const { return GetParam(); }
  [[nodiscard]] Words Ways() const {
    Words ways = {"set",   "same", "thread", "context", "threads", "fork",
                  "vfork", "flag", "small",  "none",    "restart"};
    if (arch() == "386") ways.emplace_back("old");
    return ways;
  }
  // The fault does nothing in those ways that are not in `to`.
  void ExpectNothingBut(const std::string& fault, const Words& to) {
    for (const std::string& how : Ways()) {
      if (std::find(to.begin(), to.end(), how) != to.end()) continue;
      Seen seen = Take(fault, arch(), how);
      ExpectTrueBut(seen, how, {});
      EXPECT_TRUE(seen.lies.empty()) << fault << " " << how;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(AlternateStacks, EachArch, testing::Values("amd64", "386"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(EachArch, AreTrueWithoutFaults) { ExpectNothingBut("", {}); }

TEST_P(EachArch, Shrink) {
  const std::string fault = "sigaltstack.shrink,size=20480";
  for (const char* how : {"set", "same", "fork", "flag"}) {
    Seen seen = Take(fault, arch(), how);
    ExpectTrueBut(seen, how, {{"lower", "yes"}});
    ASSERT_FALSE(seen.lies.empty()) << how;
    EXPECT_EQ(seen.lies[0]["before"]["ss_size"], "0x10000");
    EXPECT_EQ(seen.lies[0]["after"]["ss_size"], "0x5000");
  }
  // No less than it is.
  ExpectTrueBut(Take(fault, arch(), "small"), "small", {});
  EXPECT_TRUE(Take(fault, arch(), "small").lies.empty());
  EXPECT_TRUE(Take("sigaltstack.shrink,nth=3", arch(), "set").lies.empty());
}

TEST_P(EachArch, Inherited) {
  const std::string fault = "sigaltstack.inherited";
  for (const char* how : {"thread", "threads"}) {
    Seen seen = Take(fault, arch(), how);
    ExpectTrueBut(seen, how, {{"said", "65536"}, {"on", "stack"}});
    EXPECT_EQ(seen.lies.size(), how == std::string("thread") ? 1u : 2u);
  }
  ExpectTrueBut(Take(fault, arch(), "context"), "context",
                {{"said", "32768"}, {"on", "stack"}, {"lower", "yes"}});
  ExpectNothingBut(fault, {"thread", "context", "threads", "restart"});
  // The second of two threads: the first has none for it then.
  ExpectTrueBut(Take(fault + ",nth=2", arch(), "threads"), "threads", {});
  ExpectTrueBut(Take(fault + ",thread=2", arch(), "thread"), "thread",
                {{"said", "65536"}, {"on", "stack"}});
  ExpectTrueBut(Take(fault + ",thread=3", arch(), "thread"), "thread", {});
}

TEST_P(EachArch, NotInherited) {
  const std::string fault = "sigaltstack.not-inherited";
  Seen seen = Take(fault, arch(), "fork");
  ExpectTrueBut(seen, "fork", {{"said", "none"}, {"on", "other"}});
  EXPECT_EQ(seen.lies.size(), 1u);
  ExpectTrueBut(Take(fault, arch(), "vfork"), "vfork", {{"said", "none"}});
  ExpectNothingBut(fault, {"fork", "vfork"});
}

TEST_P(EachArch, RefuseFlag) {
  Seen seen = Take("sigaltstack.refuse-flag", arch(), "flag");
  ExpectTrueBut(seen, "flag", {{"error", "22"}, {"said", "none"}, {"on", "other"}});
  EXPECT_EQ(seen.lies.size(), 1u);
  ExpectNothingBut("sigaltstack.refuse-flag", {"flag"});
}

TEST_P(EachArch, DropOnstack) {
  Words ways = {"set", "fork"};
  if (arch() == "386") ways.emplace_back("old");
  for (const std::string& how : ways) {
    Seen seen = Take("sigaction.drop-onstack", arch(), how);
    ExpectTrueBut(seen, how, {{"on", "other"}});
    EXPECT_FALSE(seen.lies.empty());
  }
  // Who does not ask for it, and other signals (SIGUSR1 is 10).
  ExpectTrueBut(Take("sigaction.drop-onstack", arch(), "none"), "none", {});
  Seen seen = Take("sigaction.drop-onstack,arg0=12", arch(), "set");
  ExpectTrueBut(seen, "set", {});
  EXPECT_TRUE(seen.lies.empty());
}

TEST_P(EachArch, DropRestart) {
  Seen seen = Take("sigaction.drop-restart", arch(), "restart");
  ExpectTrueBut(seen, "restart", {{"read", "-4"}});
  EXPECT_FALSE(seen.lies.empty());
  ExpectTrueBut(Take("sigaction.drop-restart", arch(), "set"), "set", {});
  ExpectTrueBut(Take("sigaction.drop-restart,arg0=12", arch(), "restart"), "restart", {});
}

// A new thread is no process: it is counted in its own, and main is the first.
TEST(Threads, AreNumberedInTheirProcess) {
  for (const char* thread : {"2", "3"}) {
    Seen seen = Take(std::string("handler.direction-flag,thread=") + thread, "amd64", "threads");
    EXPECT_EQ(seen.lies.size(), thread == std::string("3") ? 1u : 0u) << thread;
  }
}

}  // namespace
}  // namespace faultline::suites
