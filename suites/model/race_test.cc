// The bug that happens by itself: wait4 restarted with its fourth argument lost, where the real
// kernel loses it and nowhere else. No fault is injected; the program is the catalogue's.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "suites/model/run.h"

namespace faultline::suites {
namespace {

struct Outcome {
  Ended ended;
  std::vector<nlohmann::json> restarts;
  std::map<std::string, std::string> hit;  // the first one's fields
};

Outcome Pair(const std::string& variant, const std::string& system, const Words& options,
             const std::string& opportunities, const std::string& hits = "1") {
  std::string log = ScratchFile("log");
  Words all = {"--log", log};
  all.insert(all.end(), options.begin(), options.end());
  Outcome outcome = {.ended = RunToEnd(Model(
                         system, all,
                         {"repro/wait4-restart/wait4-restart." + variant + ".freebsd-amd64",
                          "--case", "pair", "--opportunities", opportunities, "--hits", hits})),
                     .restarts = {},
                     .hit = {}};
  EXPECT_EQ(outcome.ended.exit, 0) << outcome.ended.out << outcome.ended.err;
  std::istringstream lines(ReadFile(log));
  for (std::string line; std::getline(lines, line);) {
    auto event = nlohmann::json::parse(line);
    if (event["event"] == "restart") outcome.restarts.push_back(event);
  }
  std::istringstream text(outcome.ended.out);
  for (std::string line; std::getline(text, line);)
    if (line.starts_with("hit") && outcome.hit.empty()) outcome.hit = Fields(line);
  return outcome;
}

// Every restart that the log tells of kept to the real condition: registers are lost only where no
// handler ran and the CPU did nothing else meanwhile.
void ExpectTheRealCondition(const Outcome& outcome) {
  for (const auto& restart : outcome.restarts) {
    if (restart["exit"] != "fast") continue;
    EXPECT_EQ(restart["handler"], false);
    EXPECT_EQ(restart["switched"], false);
  }
}

size_t Lost(const Outcome& outcome) {
  return static_cast<size_t>(
      std::count_if(outcome.restarts.begin(), outcome.restarts.end(),
                    [](const auto& restart) { return restart["exit"] == "fast"; }));
}

class Seed : public testing::TestWithParam<int> {};

TEST_P(Seed, HostileReproducesOn91) {
  Outcome outcome = Pair("syscall", "freebsd-9.1",
                         {"--schedule", "hostile", "--seed", std::to_string(GetParam())}, "2000");
  EXPECT_EQ(outcome.hit["what"], "result") << outcome.ended.out;
  EXPECT_EQ(outcome.hit["errno"], "14");
  EXPECT_EQ(outcome.hit["status_written"], "1");
  EXPECT_EQ(outcome.hit["reaped"], "1");
  EXPECT_GE(Lost(outcome), 1u);
  ExpectTheRealCondition(outcome);
}

INSTANTIATE_TEST_SUITE_P(Each, Seed, testing::Range(1, 9));

void ExpectClean(const Outcome& outcome) {
  EXPECT_TRUE(outcome.hit.empty()) << outcome.ended.out;
  EXPECT_EQ(Lost(outcome), 0u);
}

class Healthy : public testing::TestWithParam<const char*> {};

TEST_P(Healthy, ReleaseLosesNothing) {
  const std::string system = GetParam();
  // On 7.4 each fork restarts the other thread out of its sleep: few are told of a signal before.
  Outcome outcome =
      Pair("syscall", system, {"--schedule", "hostile"}, system == "freebsd-7.4" ? "4000" : "500");
  ExpectClean(outcome);
  // And the interleaving that would lose it did happen.
  bool met = std::any_of(outcome.restarts.begin(), outcome.restarts.end(), [](const auto& restart) {
    return !restart["handler"] && !restart["switched"];
  });
  EXPECT_TRUE(met);
}

INSTANTIATE_TEST_SUITE_P(Each, Healthy,
                         testing::Values("freebsd-7.4", "freebsd-8.1", "freebsd-10.4",
                                         "freebsd-13"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             if (c == '.' || c == '-') c = '_';
                           return name;
                         });

TEST(Never, OnOneCpu) {
  ExpectClean(Pair("syscall", "freebsd-9.1", {"--schedule", "hostile", "--cpus", "1"}, "500"));
}

TEST(Never, ByInt80) {
  ExpectClean(Pair("int80", "freebsd-9.1", {"--schedule", "hostile"}, "500"));
}

// A real kernel loses 0.15 % of these calls: 18 of 12,000.
TEST(Natural, LosesAsOftenAsARealKernel) {
  Outcome outcome = Pair("syscall", "freebsd-9.1", {}, "12000", "1000");
  ExpectTheRealCondition(outcome);
  EXPECT_GE(Lost(outcome), 6u);
  EXPECT_LE(Lost(outcome), 54u);
}

TEST(Natural, KeepsToTheRealCondition) {
  Outcome outcome = Pair("syscall", "freebsd-9.1", {}, "500");
  ExpectTheRealCondition(outcome);
  EXPECT_FALSE(outcome.restarts.empty());
}

}  // namespace
}  // namespace faultline::suites
