// The time faults: waits that end early, clocks that jump, programs without a vDSO.

#include <gtest/gtest.h>

#include "suites/kernel/lies.h"

namespace faultline::suites {
namespace {

// A wait that nothing would bear, of which a thousandth is waited, and one that is waited whole.
constexpr long kLongMs = 100000, kPartMs = 100, kShortMs = 60;
const char* const kThousandth = "time.short-sleep,part=0.001";
// /proc/uptime, by which the tracee measures, has hundredths.
constexpr long kResolutionMs = 10;

class EachWait : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  static Seen Wait(const Words& faults, long ms) {
    return Take(faults, {Tracee("time", std::get<0>(GetParam())), "wait", std::get<1>(GetParam()),
                         std::to_string(ms)});
  }
  static void ExpectTimeout(const Seen& seen) {
    bool futex = std::string(std::get<1>(GetParam())).starts_with("futex");
    EXPECT_EQ(seen.fields.at("result"), futex ? "-110" : "0");
    EXPECT_EQ(seen.fields.at("timeout"), "kept");
  }
};
INSTANTIATE_TEST_SUITE_P(Waits, EachWait,
                         testing::Combine(testing::Values("amd64", "386"),
                                          testing::Values("nanosleep", "until", "until64", "poll",
                                                          "select", "epoll", "futex", "futex-until",
                                                          "futex-lock")),
                         [](const auto& info) {
                           std::string name =
                               std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param);
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

TEST_P(EachWait, EndsEarly) {
  Seen seen = Wait({kThousandth}, kLongMs);
  ExpectTimeout(seen);
  long elapsed = std::stol(seen.fields["elapsed"]);
  EXPECT_GE(elapsed, kPartMs - kResolutionMs);
  EXPECT_LT(elapsed, kLongMs / 2);
  ASSERT_EQ(seen.lies.size(), 1u);
}

TEST_P(EachWait, LastsWithoutTheFault) {
  for (const char* fault : {"", "time.short-sleep,part=0,thread=2", "time.short-sleep,part=1"}) {
    Seen seen = Wait(*fault ? Words{fault} : Words{}, kShortMs);
    ExpectTimeout(seen);
    EXPECT_GE(std::stol(seen.fields["elapsed"]), kShortMs - kResolutionMs) << fault;
    EXPECT_TRUE(seen.lies.empty());
  }
}

class OnArch : public testing::TestWithParam<const char*> {
 protected:
  static Seen Clock(const Words& faults, const std::string& clock) {
    return Take(faults, {Tracee("time", GetParam()), "clock", clock});
  }
};
INSTANTIATE_TEST_SUITE_P(Arches, OnArch, testing::Values("amd64", "386"));

TEST_P(OnArch, ThreadsThatShareATimeout) {
  Seen seen = Take({kThousandth}, {Tracee("time", GetParam()), "two", std::to_string(kLongMs)});
  EXPECT_EQ(seen.fields["timeout"], "kept");
  EXPECT_GE(std::stol(seen.fields["elapsed"]), kPartMs - kResolutionMs);
  EXPECT_LT(std::stol(seen.fields["elapsed"]), kLongMs / 2);
}

TEST_P(OnArch, WhoWakesHasNoTimeout) {
  Seen seen = Take({kThousandth}, {Tracee("time", GetParam()), "wake"});
  EXPECT_EQ(seen.fields["timeout"], "kept");
  EXPECT_TRUE(seen.lies.empty());
}

TEST_P(OnArch, ClocksGoOnWithoutFaults) {
  for (const char* clock : {"realtime", "monotonic", "monotonic64", "cpu", "of-day", "time"}) {
    Seen seen = Clock({}, clock);
    EXPECT_EQ(seen.fields["hours"], "0,0,0") << clock;
    EXPECT_EQ(seen.fields["vdso"], "yes");
  }
}

TEST_P(OnArch, ClockSteps) {
  // Half a second more, so that the parts of seconds have to be right.
  for (const char* clock : {"realtime", "monotonic", "monotonic64", "of-day", "time"}) {
    Seen seen = Clock({"time.clock-step,by=-3600500,from=3"}, clock);
    EXPECT_EQ(seen.fields["hours"], "0,1,0") << clock;
    EXPECT_EQ(seen.fields["vdso"], "no");
    EXPECT_EQ(seen.lies.size(), 2u);
  }
}

TEST_P(OnArch, ASingleReadingIsOff) {
  for (const char* clock : {"realtime", "monotonic", "of-day", "time"}) {
    Seen seen = Clock({"time.clock-step,by=7200000,nth=2"}, clock);
    EXPECT_EQ(seen.fields["hours"], "-2,2,0") << clock;
    EXPECT_EQ(seen.lies.size(), 1u);
  }
}

TEST_P(OnArch, ClockStepsOfOneClock) {
  EXPECT_EQ(Clock({"time.clock-step,by=-3600000,nth=2,clock=realtime"}, "monotonic").lies.size(),
            0u);
  EXPECT_EQ(Clock({"time.clock-step,by=-3600000,nth=2,clock=monotonic"}, "monotonic").lies.size(),
            1u);
  EXPECT_EQ(Clock({"time.clock-step,by=-3600000,nth=2,clock=monotonic"}, "of-day").lies.size(), 0u);
  Seen cpu = Clock({"time.clock-step,by=-3600000,from=3"}, "cpu");
  EXPECT_EQ(cpu.fields["hours"], "0,0,0");
  EXPECT_TRUE(cpu.lies.empty());
}

TEST_P(OnArch, NoVdso) {
  Seen seen = Clock({"time.no-vdso"}, "realtime");
  EXPECT_EQ(seen.fields["vdso"], "no");
  EXPECT_EQ(seen.fields["hours"], "0,0,0");
  EXPECT_EQ(seen.lies.size(), 1u);
  EXPECT_EQ(Clock({"time.no-vdso,nth=2"}, "realtime").fields["vdso"], "yes");
}

}  // namespace
}  // namespace faultline::suites
