// Each fact of FreeBSD's ABI that the model keeps, on each release and both arches. The facts'
// sources stand where the model keeps them; what is expected here was read in or measured on real
// kernels, and is written down apart from the model's own tables.

#include <gtest/gtest.h>

#include <tuple>

#include "suites/model/run.h"

namespace faultline::suites {
namespace {

using Map = std::map<std::string, std::string>;

// What a release and an arch are expected to do.
struct Kernel {
  const char* release;
  const char* arch;

  [[nodiscard]] bool amd64() const { return std::string(arch) == "amd64"; }
  [[nodiscard]] bool is(const char* name) const { return std::string(release) == name; }
};

void PrintTo(const Kernel& kernel, std::ostream* out) { *out << kernel.release << kernel.arch; }

std::string NameOf(const testing::TestParamInfo<Kernel>& info) {
  std::string name = std::string(info.param.release) + "_" + info.param.arch;
  for (char& c : name)
    if (c == '.') c = '_';
  return name;
}

class Fact : public testing::TestWithParam<Kernel> {
 protected:
  Map See(const std::string& fact, const std::string& argument = "", int exit = 0) {
    Words program = {Facts(GetParam().arch), fact};
    if (!argument.empty()) program.push_back(argument);
    Ended ended = RunToEnd(Model(std::string("freebsd-") + GetParam().release, {}, program));
    EXPECT_EQ(ended.exit, exit) << ended.out << ended.err;
    error = ended.err;
    return Fields(ended.out);
  }
  [[nodiscard]] bool amd64() const { return GetParam().amd64(); }
  [[nodiscard]] bool is(const char* release) const { return GetParam().is(release); }
  std::string error;
};

// ---- The start ----------------------------------------------------------------------------------

TEST_P(Fact, WhatAProgramFindsAtItsStart) {
  Map seen = See("start", "argument");
  if (amd64()) EXPECT_EQ(seen["sp_mod_16"], "8");
  EXPECT_EQ(seen["others"], "0");
  EXPECT_EQ(seen["argc"], "3");
  EXPECT_EQ(seen["last"], "argument");
  const std::string date = is("7.4")    ? "704000"
                           : is("8.1")  ? "801000"
                           : is("9.1")  ? "901000"
                           : is("10.4") ? "1004000"
                                        : "1302001";
  EXPECT_EQ(seen["osreldate"], date);
  EXPECT_EQ(seen["sysctl_osreldate"], date);
  EXPECT_EQ(seen["ncpus"], "2");
  EXPECT_EQ(seen["execpath"], Facts(GetParam().arch));
  EXPECT_EQ(seen["ps_strings_below"], amd64() ? "20" : "10");
  EXPECT_EQ(seen["ps_argc"], "3");
  EXPECT_EQ(seen["ps_argv_is_ours"], "1");
  if (amd64())
    EXPECT_EQ(seen["usrstack"], "7ffffffff000");
  else
    EXPECT_EQ(seen["usrstack"], is("7.4") || is("8.1") ? "bfc00000" : "bfbff000");
}

// ---- Registers over a call ----------------------------------------------------------------------

TEST_P(Fact, RegistersThatEveryCallKeeps) {
  Map seen = See("kept");
  EXPECT_EQ(seen["brief"], "0");
  EXPECT_EQ(seen["switched"], "0");
}

TEST_P(Fact, ErrorsAreTheCarryFlag) {
  Map seen = See("failing");
  EXPECT_EQ(seen["rax"], "9");
  EXPECT_EQ(seen["carry"], "1");
  EXPECT_EQ(See("plain")["carry"], "0");
}

bool IsKernelAddress(const std::string& text) {
  return text.size() == 16 && text.starts_with("fff");
}

// A call that did not switch: sysretq, but on 8.1.
TEST_P(Fact, RegistersAfterAFastReturn) {
  if (!amd64()) GTEST_SKIP() << "386 has no fast return";
  Map seen = See("plain");
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

TEST_P(Fact, BriefCallsLeaveTheRegistersAlone) {
  if (!is("9.1") && !is("10.4")) GTEST_SKIP();
  if (!amd64()) GTEST_SKIP();
  Map seen = See("brief");
  EXPECT_EQ(seen["r8"], "5a5");
  EXPECT_EQ(seen["r9"], "6a6");
  EXPECT_EQ(seen["r10"], "4a4");
}

// A call in which the CPU did something else: iretq on every release.
TEST_P(Fact, RegistersAfterAFullReturn) {
  if (!amd64()) GTEST_SKIP() << "386 has no other";
  Map seen = See("switched");
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

TEST_P(Fact, Int80KeepsAll) {
  if (!amd64()) GTEST_SKIP();
  Map seen = See("interrupt");
  EXPECT_EQ(seen["rcx"], "4a4");
  EXPECT_EQ(seen["r8"], "5a5");
  EXPECT_EQ(seen["r9"], "6a6");
  EXPECT_EQ(seen["r10"], "aaa");
  EXPECT_EQ(seen["r11"], "bbb");
}

TEST_P(Fact, TwoResults) {
  Map seen = See("second");
  // 0 to 3 are what the test hands down.
  EXPECT_EQ(seen["read_end"], "4");
  EXPECT_EQ(seen["write_end"], "5");
  EXPECT_EQ(seen["got"], std::to_string('x'));
  EXPECT_EQ(seen["parent_second"], "0");
  EXPECT_EQ(seen["waited_right"], "1");
  EXPECT_EQ(seen["status"], "2c00") << "the child found something else than 0 and 1";
}

TEST_P(Fact, NumbersAsArguments) {
  Map seen = See("indirect");
  EXPECT_EQ(seen["syscall"], "1");
  EXPECT_EQ(seen["quad"], "1");
}

// ---- Signals ------------------------------------------------------------------------------------

TEST_P(Fact, AHandlersFrame) {
  Map seen = See("frame");
  EXPECT_EQ(seen["count"], "1");
  EXPECT_EQ(seen["signal"], "30");
  EXPECT_EQ(seen["sp_mod_16"], amd64() ? "8" : "12");
  // Behind the return address: struct sigframe.
  EXPECT_EQ(seen["context_from_sp"], amd64() ? "24" : "36");
  EXPECT_EQ(seen["info_from_sp"], amd64() ? "904" : "740");
  EXPECT_EQ(seen["code"], std::to_string(0x10001));
  EXPECT_EQ(seen["pid_is_ours"], "1");
  EXPECT_EQ(seen["mask"], "20000000");
  EXPECT_EQ(seen["mask_after"], "0");
  EXPECT_EQ(seen["code_below_stack_end"], is("7.4") || is("8.1") ? "1" : "0");
  EXPECT_EQ(See("plain-frame")["second"], "10001");
}

TEST_P(Fact, WhatAHandlerBlocks) {
  Map seen = See("masks");
  EXPECT_EQ(seen["inside"], "60004000");
  EXPECT_EQ(seen["saved"], "4000");
  EXPECT_EQ(seen["after"], "4000");
  EXPECT_EQ(seen["not_deferred"], "40004000");
  EXPECT_EQ(seen["reset"], "1");
}

TEST_P(Fact, TheAlternateStack) {
  Map seen = See("alt-stack");
  EXPECT_EQ(seen["too_small"], "-12");
  EXPECT_EQ(seen["set"], "0");
  EXPECT_EQ(seen["on_alt"], "1");
  EXPECT_EQ(See("frame")["on_alt"], "0");
}

TEST_P(Fact, ASignalForAThread) {
  Map seen = See("thread-signal");
  EXPECT_EQ(seen["self"], "1");
  EXPECT_EQ(seen["code"], std::to_string(0x10007));
}

TEST_P(Fact, EverySignalIsQueued) {
  Map seen = See("queue");
  EXPECT_EQ(seen["pending"], "20000000");
  EXPECT_EQ(seen["count"], "3");
}

TEST_P(Fact, Sigchld) {
  Map seen = See("child");
  EXPECT_EQ(seen["code"], "1");
  EXPECT_EQ(seen["status"], "5");
  EXPECT_EQ(seen["pid_is_childs"], "1");
  seen = See("taken-back");
  EXPECT_EQ(seen["waited_right"], "1");
  EXPECT_EQ(seen["pending"], "0");
}

TEST_P(Fact, Faults) {
  struct {
    const char* kind;
    const char* signal;
    const char* code;
    const char* trap;
  } faults[] = {
      {"null", "11", "1", "12"}, {"text", "11", "2", "12"}, {"divide", "8", "2", "18"},
      {"ud2", "4", "5", "1"},    {"int3", "5", "1", "3"},   {"hlt", "10", "3", "9"},
  };
  for (const auto& fault : faults) {
    Map seen = See("fault", fault.kind);
    EXPECT_EQ(seen["count"], "1") << fault.kind;
    EXPECT_EQ(seen["signal"], fault.signal) << fault.kind;
    EXPECT_EQ(seen["code"], fault.code) << fault.kind;
    EXPECT_EQ(seen["trap"], fault.trap) << fault.kind;
    if (seen.contains("addr_is_pc")) EXPECT_EQ(seen["addr_is_pc"], "1");
    if (seen.contains("addr_is_null")) EXPECT_EQ(seen["addr_is_null"], "1");
  }
}

TEST_P(Fact, AFaultInItsHandlerKills) { EXPECT_EQ(See("fault-twice")["killed_by"], "11"); }

// ---- Restarts -----------------------------------------------------------------------------------

TEST_P(Fact, ACallThatSleptIsRestartedOverAHandler) {
  Map seen = See("restart");
  EXPECT_EQ(seen["result"], "1");
  EXPECT_EQ(seen["carry"], "0");
  EXPECT_EQ(seen["count"], "1");
  if (!amd64()) return;
  EXPECT_EQ(seen["frame_rcx_is_fourth"], "1");
  EXPECT_EQ(seen["frame_r10_is_fourth"], "1");
}

TEST_P(Fact, WithoutSaRestartItFails) {
  Map seen = See("no-restart");
  EXPECT_EQ(seen["result"], "4");
  EXPECT_EQ(seen["carry"], "1");
  if (!amd64()) return;
  EXPECT_EQ(seen["kept"], "1");
  EXPECT_EQ(seen["rcx_is_fourth"], "1");
  EXPECT_EQ(seen["frame_r10_is_fourth"], "0");
}

// The one restart without a handler and without a switch that needs one thread and one CPU alone.
TEST_P(Fact, ARestartWithNeitherHandlerNorSwitch) {
  bool loses = amd64() && is("9.1");
  EXPECT_EQ(See("self-wake")["result"], loses ? "-14" : "0");
}

TEST_P(Fact, AnExecThatFailsRestartsSleepers) {
  Map seen = See("failed-exec", "read");
  EXPECT_EQ(seen["exec"], "-2");
  EXPECT_EQ(seen["done_before"], "0");
  EXPECT_EQ(seen["result"], "1");
  seen = See("failed-exec", "umtx");
  EXPECT_EQ(seen["done_before"], "1");
  EXPECT_EQ(seen["result"], "-4");
}

TEST_P(Fact, ForkStopsTheOtherThreadsOnlyIn7) {
  Map seen = See("fork-beside");
  EXPECT_EQ(seen["woken"], is("7.4") ? "1" : "0");
  EXPECT_EQ(seen["result"], is("7.4") ? "-4" : "0");
}

TEST_P(Fact, AStopAndAContinueRestartNothing) {
  Map seen = See("stop-and-go");
  EXPECT_EQ(seen["stopped"], "117f");
  EXPECT_EQ(seen["continued"], "13");
  EXPECT_EQ(seen["status"], "1500");
}

// ---- CPUs, time, and what is not there
// -----------------------------------------------------------

TEST_P(Fact, SleepsAndPollsEndWithEintr) {
  Map seen = See("timers");
  EXPECT_EQ(seen["sleep"], "-4");
  EXPECT_EQ(seen["rest"], "99");
  EXPECT_EQ(seen["count"], "1");
  EXPECT_EQ(seen["poll"], "0");
  EXPECT_EQ(seen["poll_interrupted"], "-4");
}

TEST_P(Fact, APosixTimer) {
  Map seen = See("posix-timer");
  EXPECT_EQ(seen["made"], "0");
  EXPECT_EQ(seen["set"], "0");
  EXPECT_EQ(seen["sleep"], "-4");
  EXPECT_EQ(seen["count"], "1");
  EXPECT_EQ(seen["code"], std::to_string(0x10003));
  EXPECT_EQ(seen["value"], "1234");
  EXPECT_EQ(seen["overrun"], "0");
  EXPECT_EQ(seen["delete"], "0");
  EXPECT_EQ(seen["delete_again"], "-22");
}

TEST_P(Fact, CpuSets) {
  Map seen = See("cpus");
  EXPECT_EQ(seen["get"], "0");
  EXPECT_EQ(seen["all"], "3");
  EXPECT_EQ(seen["set"], "0");
  EXPECT_EQ(seen["set_none"], "-11");  // EDEADLK
  EXPECT_EQ(seen["after"], "2");
  EXPECT_EQ(seen["childs"], "200");
}

TEST_P(Fact, AMissingCallIsNamedOnce) {
  Map seen = See("missing");
  EXPECT_EQ(seen["quotactl"], "-78");
  EXPECT_EQ(seen["again"], "-78");
  const std::string said = "the call quotactl (148) is not modelled: quotactl(0x1, 0x2, 0x3,";
  size_t at = error.find(said);
  ASSERT_NE(at, std::string::npos) << error;
  EXPECT_EQ(error.find(said, at + 1), std::string::npos) << error;
}

TEST_P(Fact, ACallOfALaterReleaseRaisesSigsys) {
  Map seen = See("not-in-release");
  EXPECT_EQ(seen["close_range"], is("13") ? "0" : "-78");
  EXPECT_EQ(seen["signals"], is("13") ? "0" : "1");
}

INSTANTIATE_TEST_SUITE_P(OnEach, Fact,
                         testing::Values(Kernel{"7.4", "amd64"}, Kernel{"8.1", "amd64"},
                                         Kernel{"9.1", "amd64"}, Kernel{"10.4", "amd64"},
                                         Kernel{"13", "amd64"}, Kernel{"7.4", "386"},
                                         Kernel{"8.1", "386"}, Kernel{"9.1", "386"},
                                         Kernel{"10.4", "386"}, Kernel{"13", "386"}),
                         NameOf);

}  // namespace
}  // namespace faultline::suites
