// The facts that FreeBSD alone has, on each release and arch.
#include "suites/model/facts.h"

namespace faultline::suites {
namespace {

class FreeBsd : public Fact {};

TEST_P(FreeBsd, WhatItTellsAProgram) {
  Seen seen = See("start");
  const std::string date = is("7.4")    ? "704000"
                           : is("8.1")  ? "801000"
                           : is("9.1")  ? "901000"
                           : is("10.4") ? "1004000"
                                        : "1302001";
  EXPECT_EQ(seen["osreldate"], date);
  EXPECT_EQ(seen["sysctl_osreldate"], date);
  EXPECT_EQ(seen["ps_strings_below"], amd64() ? "20" : "10");
  if (amd64())
    EXPECT_EQ(seen["usrstack"], "7ffffffff000");
  else
    EXPECT_EQ(seen["usrstack"], is("7.4") || is("8.1") ? "bfc00000" : "bfbff000");
}

TEST_P(FreeBsd, WhereAHandlerReturnsTo) {
  EXPECT_EQ(See("frame")["code_below_stack_end"], is("7.4") || is("8.1") ? "1" : "0");
  // Without SA_SIGINFO a code stands in its place.
  EXPECT_EQ(See("plain-frame")["second"], "10001");
}

bool IsKernelAddress(const std::string& text) {
  return text.size() == 16 && text.starts_with("fff");
}

// A call that did not switch: sysretq, but on 8.1.
TEST_P(FreeBsd, RegistersAfterAFastReturn) {
  if (!amd64()) GTEST_SKIP() << "386 has no fast return";
  Seen seen = See("plain");
  EXPECT_EQ(seen["rdx_kept"], "1");
  if (is("8.1")) {
    EXPECT_EQ(seen["rcx"], "4a4");
    EXPECT_EQ(seen["r8"], "5a5");
    EXPECT_EQ(seen["r9"], "6a6");
    EXPECT_EQ(seen["r10"], "0");
    EXPECT_EQ(seen["r11"], "0");
    return;
  }
  EXPECT_NE(seen["rcx"], "4a4");
  EXPECT_NE(std::stoul(seen["r11"], nullptr, 16) & 2, 0u);  // the flags
  if (is("13")) {
    EXPECT_EQ(seen["r8"] + seen["r9"] + seen["r10"], "000");
    return;
  }
  EXPECT_TRUE(IsKernelAddress(seen["r8"])) << seen["r8"];
  EXPECT_TRUE(IsKernelAddress(seen["r10"])) << seen["r10"];
  if (is("7.4"))
    EXPECT_TRUE(seen["r9"].starts_with(seen["sp_near"])) << seen["r9"];  // the stack pointer
  else
    EXPECT_TRUE(IsKernelAddress(seen["r9"])) << seen["r9"];
}

TEST_P(FreeBsd, BriefCallsLeaveTheRegistersAlone) {
  if (!is("9.1") && !is("10.4")) GTEST_SKIP();
  if (!amd64()) GTEST_SKIP();
  Seen seen = See("brief");
  EXPECT_EQ(seen["r8"], "5a5");
  EXPECT_EQ(seen["r9"], "6a6");
  EXPECT_EQ(seen["r10"], "4a4");
}

// A call in which the CPU did something else: iretq on every release.
TEST_P(FreeBsd, RegistersAfterAFullReturn) {
  if (!amd64()) GTEST_SKIP() << "386 has no other";
  Seen seen = See("switched");
  EXPECT_EQ(seen["rcx"], "4a4");
  EXPECT_EQ(seen["r8"], "5a5");
  EXPECT_EQ(seen["r9"], "6a6");
  // Nothing of this process has entered by a full path yet.
  EXPECT_EQ(seen["r10"], "0");
  EXPECT_EQ(seen["r11"], "0");
  seen = See("stale");
  EXPECT_EQ(seen["r10"], "10a10a");
  EXPECT_EQ(seen["r11"], "11b11b");
  seen = See("stale-of-a-fault");
  EXPECT_EQ(seen["r10"], "10f10f");
  EXPECT_EQ(seen["r11"], "11f11f");
}

TEST_P(FreeBsd, Int80KeepsAll) {
  if (!amd64()) GTEST_SKIP();
  Seen seen = See("interrupt");
  EXPECT_EQ(seen["rcx"], "4a4");
  EXPECT_EQ(seen["r8"], "5a5");
  EXPECT_EQ(seen["r9"], "6a6");
  EXPECT_EQ(seen["r10"], "aaa");
  EXPECT_EQ(seen["r11"], "bbb");
}

// The one restart without a handler and without a switch that needs one thread and one CPU alone.
TEST_P(FreeBsd, ARestartWithNeitherHandlerNorSwitch) {
  bool loses = amd64() && is("9.1");
  EXPECT_EQ(See("self-wake")["result"], loses ? "-14" : "0");
}

TEST_P(FreeBsd, AnExecThatFailsRestartsSleepers) {
  Seen seen = See("failed-exec", "read");
  EXPECT_EQ(seen["exec"], "-2");
  EXPECT_EQ(seen["done_before"], "0");
  EXPECT_EQ(seen["result"], "1");
  seen = See("failed-exec", "umtx");
  EXPECT_EQ(seen["done_before"], "1");
  EXPECT_EQ(seen["result"], "-4");
}

TEST_P(FreeBsd, ForkStopsTheOtherThreadsOnlyIn7) {
  Seen seen = See("fork-beside");
  EXPECT_EQ(seen["woken"], is("7.4") ? "1" : "0");
  EXPECT_EQ(seen["result"], is("7.4") ? "-4" : "0");
}

TEST_P(FreeBsd, CpuSets) {
  Seen seen = See("cpus");
  EXPECT_EQ(seen["get"], "0");
  EXPECT_EQ(seen["all"], "3");
  EXPECT_EQ(seen["set"], "0");
  EXPECT_EQ(seen["set_none"], "-11");  // EDEADLK
  EXPECT_EQ(seen["after"], "2");
  EXPECT_EQ(seen["childs"], "200");
}

TEST_P(FreeBsd, ACallOfALaterReleaseRaisesSigsys) {
  Seen seen = See("not-in-release");
  EXPECT_EQ(seen["close_range"], is("13") ? "0" : "-78");
  EXPECT_EQ(seen["signals"], is("13") ? "0" : "1");
}

INSTANTIATE_TEST_SUITE_P(OnEach, FreeBsd, testing::ValuesIn(Kernels("freebsd")), NameOf);

}  // namespace
}  // namespace faultline::suites
