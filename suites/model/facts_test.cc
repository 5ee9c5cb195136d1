// The facts that all systems have, each in its way, on each release and arch.
#include "suites/model/facts.h"

namespace faultline::suites {
namespace {

// ---- The start ----------------------------------------------------------------------------------

TEST_P(Fact, WhatAProgramFindsAtItsStart) {
  Seen seen = See("start", "argument");
  if (amd64()) EXPECT_EQ(seen["sp_mod_16"], "8");
  EXPECT_EQ(seen["others"], "0");
  EXPECT_EQ(seen["argc"], "3");
  EXPECT_EQ(seen["last"], "argument");
  EXPECT_EQ(seen["pagesz"], "4096");
  EXPECT_EQ(seen["ncpus"], "2");
  EXPECT_EQ(seen["execpath"], Program());
  EXPECT_EQ(seen["ps_argc"], "3");
  EXPECT_EQ(seen["ps_argv_is_ours"], "1");
}

// ---- Registers over a call ----------------------------------------------------------------------

TEST_P(Fact, RegistersThatEveryCallKeeps) {
  Seen seen = See("kept");
  EXPECT_EQ(seen["brief"], "0");
  EXPECT_EQ(seen["switched"], "0");
}

TEST_P(Fact, ErrorsAreTheCarryFlag) {
  Seen seen = See("failing");
  EXPECT_EQ(seen["rax"], "9");
  EXPECT_EQ(seen["carry"], "1");
  EXPECT_EQ(See("plain")["carry"], "0");
}

TEST_P(Fact, TwoResults) {
  Seen seen = See("second");
  // 0 to 3 are what the test hands down.
  EXPECT_EQ(seen["read_end"], "4");
  EXPECT_EQ(seen["write_end"], "5");
  EXPECT_EQ(seen["got"], std::to_string('x'));
  EXPECT_EQ(seen["parent_second"], "0");
  EXPECT_EQ(seen["waited_right"], "1");
  EXPECT_EQ(seen["status"], "2c00") << "the child found something else than it should";
}

TEST_P(Fact, NumbersAsArguments) {
  Seen seen = See("indirect");
  EXPECT_EQ(seen["syscall"], "1");
  EXPECT_EQ(seen["quad"], "1");
}

// ---- Signals ------------------------------------------------------------------------------------

TEST_P(Fact, AHandlersFrame) {
  Seen seen = See("frame");
  EXPECT_EQ(seen["count"], "1");
  EXPECT_EQ(seen["signal"], "30");
  // On NetBSD's 386 it is aligned to nothing.
  if (amd64()) EXPECT_EQ(seen["sp_mod_16"], "8");
  // Behind the return address: struct sigframe, struct sigframe_siginfo.
  if (of("freebsd")) {
    if (!amd64()) EXPECT_EQ(seen["sp_mod_16"], "12");
    EXPECT_EQ(seen["context_from_sp"], amd64() ? "24" : "36");
    EXPECT_EQ(seen["info_from_sp"], amd64() ? "904" : "740");
    EXPECT_EQ(seen["code"], std::to_string(0x10001));
  } else {
    EXPECT_EQ(seen["context_from_sp"], amd64() ? "136" : "144");
    EXPECT_EQ(seen["info_from_sp"], amd64() ? "8" : "16");
    EXPECT_EQ(seen["code"], "0");
  }
  EXPECT_EQ(seen["pid_is_ours"], "1");
  EXPECT_EQ(seen["mask"], "20000000");
  EXPECT_EQ(seen["mask_after"], "0");
}

TEST_P(Fact, WhatAHandlerBlocks) {
  Seen seen = See("masks");
  EXPECT_EQ(seen["inside"], "60004000");
  EXPECT_EQ(seen["saved"], "4000");
  EXPECT_EQ(seen["after"], "4000");
  EXPECT_EQ(seen["not_deferred"], "40004000");
  EXPECT_EQ(seen["reset"], "1");
}

TEST_P(Fact, TheAlternateStack) {
  Seen seen = See("alt-stack");
  EXPECT_EQ(seen["too_small"], "-12");
  EXPECT_EQ(seen["set"], "0");
  EXPECT_EQ(seen["on_alt"], "1");
  EXPECT_EQ(See("frame")["on_alt"], "0");
}

// SS_DISABLE: FreeBSD up to 9 takes the first thread's away, whoever makes the call
// (golang.org/issue/15658).
TEST_P(Fact, TheAlternateStackAfterExec) {
  EXPECT_EQ(See("exec-with-stack", "first")["flags"], "4");
  bool keeps = of("freebsd") && !is("10.4") && !is("13");
  EXPECT_EQ(See("exec-with-stack", "second")["flags"], keeps ? "0" : "4");
}

TEST_P(Fact, ASignalForAThread) {
  Seen seen = See("thread-signal");
  EXPECT_EQ(seen["count"], "1");
  // FreeBSD's numbers of threads follow those of processes; NetBSD counts those of a process.
  if (of("freebsd"))
    EXPECT_GT(std::stol(seen["self"]), 99999);
  else
    EXPECT_EQ(seen["self"], "1");
  EXPECT_EQ(seen["code"], of("freebsd") ? std::to_string(0x10007) : "-5");
}

// FreeBSD keeps every signal that is sent, NetBSD one of each number.
TEST_P(Fact, SignalsThatWait) {
  Seen seen = See("queue");
  EXPECT_EQ(seen["pending"], "20000000");
  EXPECT_EQ(seen["count"], of("freebsd") ? "3" : "1");
}

TEST_P(Fact, Sigchld) {
  Seen seen = See("child");
  EXPECT_EQ(seen["code"], "1");
  // NetBSD tells what wait would.
  EXPECT_EQ(seen["status"], of("freebsd") ? "5" : std::to_string(0x500));
  EXPECT_EQ(seen["pid_is_childs"], "1");
  // FreeBSD alone takes back what a child that is reaped has sent.
  seen = See("taken-back");
  EXPECT_EQ(seen["waited_right"], "1");
  EXPECT_EQ(seen["pending"], of("freebsd") ? "0" : "80000");
}

TEST_P(Fact, Faults) {
  struct Told {
    const char* signal;
    const char* code;
    const char* trap;
  };
  struct {
    const char* kind;
    Told freebsd, netbsd;
  } faults[] = {
      {"null", {"11", "1", "12"}, {"11", "1", "6"}}, {"text", {"11", "2", "12"}, {"11", "2", "6"}},
      {"divide", {"8", "2", "18"}, {"8", "1", "8"}}, {"ud2", {"4", "5", "1"}, {"4", "5", "0"}},
      {"int3", {"5", "1", "3"}, {"5", "1", "1"}},    {"hlt", {"10", "3", "9"}, {"11", "2", "4"}},
  };
  for (const auto& fault : faults) {
    Seen seen = See("fault", fault.kind);
    const Told& told = of("freebsd") ? fault.freebsd : fault.netbsd;
    EXPECT_EQ(seen["count"], "1") << fault.kind;
    EXPECT_EQ(seen["signal"], told.signal) << fault.kind;
    EXPECT_EQ(seen["code"], told.code) << fault.kind;
    EXPECT_EQ(seen["trap"], told.trap) << fault.kind;
    // NetBSD has no address for hlt: see NetBsd.AFaultWithoutAnAddress.
    if (seen.contains("addr_is_pc")) EXPECT_EQ(seen["addr_is_pc"], of("freebsd") ? "1" : "0");
    if (seen.contains("addr_is_null")) EXPECT_EQ(seen["addr_is_null"], "1");
  }
}

TEST_P(Fact, AFaultInItsHandlerKills) { EXPECT_EQ(See("fault-twice")["killed_by"], "11"); }

// ---- Restarts -----------------------------------------------------------------------------------

TEST_P(Fact, ACallThatSleptIsRestartedOverAHandler) {
  Seen seen = See("restart");
  EXPECT_EQ(seen["result"], "1");
  EXPECT_EQ(seen["carry"], "0");
  EXPECT_EQ(seen["count"], "1");
  if (!amd64()) return;
  // NetBSD takes the fourth argument from r10, where it is all the time.
  EXPECT_EQ(seen["frame_rcx_is_fourth"], of("freebsd") ? "1" : "0");
  EXPECT_EQ(seen["frame_r10_is_fourth"], "1");
}

TEST_P(Fact, WithoutSaRestartItFails) {
  Seen seen = See("no-restart");
  EXPECT_EQ(seen["result"], "4");
  EXPECT_EQ(seen["carry"], "1");
  if (!amd64()) return;
  EXPECT_EQ(seen["kept"], "1");
  EXPECT_EQ(seen["rcx_is_fourth"], of("freebsd") ? "1" : "0");
  EXPECT_EQ(seen["frame_r10_is_fourth"], of("freebsd") ? "0" : "1");
}

TEST_P(Fact, AStopAndAContinueRestartNothing) {
  Seen seen = See("stop-and-go");
  EXPECT_EQ(seen["stopped"], "117f");
  // NetBSD 7 refuses to wait for that, and nothing is told.
  EXPECT_EQ(seen["continued"], of("freebsd") ? "13" : is("7") ? "117f" : "ffff");
  EXPECT_EQ(seen["status"], "1500");
}

// ---- Time, and what is not there ----------------------------------------------------------------

TEST_P(Fact, SleepsAndPollsEndWithEintr) {
  Seen seen = See("timers");
  EXPECT_EQ(seen["sleep"], "-4");
  EXPECT_EQ(seen["rest"], "99");
  EXPECT_EQ(seen["count"], "1");
  EXPECT_EQ(seen["poll"], "0");
  EXPECT_EQ(seen["poll_interrupted"], "-4");
}

TEST_P(Fact, APosixTimer) {
  Seen seen = See("posix-timer");
  EXPECT_EQ(seen["made"], "0");
  EXPECT_EQ(seen["set"], "0");
  EXPECT_EQ(seen["sleep"], "-4");
  EXPECT_EQ(seen["count"], "1");
  EXPECT_EQ(seen["code"], of("freebsd") ? std::to_string(0x10003) : "-2");
  EXPECT_EQ(seen["value"], "1234");
  EXPECT_EQ(seen["overrun"], "0");
  EXPECT_EQ(seen["delete"], "0");
  EXPECT_EQ(seen["delete_again"], "-22");
}

TEST_P(Fact, AMissingCallIsNamedOnce) {
  Seen seen = See("missing");
  EXPECT_EQ(seen["first"], "-78");
  EXPECT_EQ(seen["again"], "-78");
  const std::string call = of("freebsd") ? "quotactl" : "acct";
  const std::string number = of("freebsd") ? "148" : "51";
  const std::string said =
      "the call " + call + " (" + number + ") is not modelled: " + call + "(0x1, 0x2, 0x3,";
  size_t at = error.find(said);
  ASSERT_NE(at, std::string::npos) << error;
  EXPECT_EQ(error.find(said, at + 1), std::string::npos) << error;
}

INSTANTIATE_TEST_SUITE_P(FreeBsd, Fact, testing::ValuesIn(Kernels("freebsd")), NameOf);
INSTANTIATE_TEST_SUITE_P(NetBsd, Fact, testing::ValuesIn(Kernels("netbsd")), NameOf);

}  // namespace
}  // namespace faultline::suites
