// The facts that NetBSD alone has, on each release and arch.
#include "suites/model/facts.h"

namespace faultline::suites {
namespace {

class NetBsd : public Fact {};

// exec leaves by sysret: the entry is in rcx, the flags in r11; ps_strings in rbx.
TEST_P(NetBsd, WhatItTellsAProgram) {
  Seen seen = See("start");
  EXPECT_EQ(seen["osrevision"], is("7") ? "702000000" : "802000000");
  EXPECT_EQ(seen["stackbase"], amd64() ? "7f8000000000" : "bfc00000");
  if (!amd64()) return;
  EXPECT_EQ(seen["rcx_is_entry"], "1");
  EXPECT_EQ(seen["r11"], "202");
}

// Whatever the way in, the program counter is in rcx and the flags in r11; the second result is 0
// after every call that does not set it, and kept by one that fails.
TEST_P(NetBsd, RegistersAfterACall) {
  for (const char* call : {"plain", "switched", "interrupt"}) {
    Seen seen = See(call);
    EXPECT_EQ(seen["rdx"], "0") << call;
    if (!amd64()) continue;
    EXPECT_EQ(seen["r8"], "5a5") << call;
    EXPECT_EQ(seen["r9"], "6a6") << call;
    EXPECT_EQ(seen["r10"], "4a4") << call;
    EXPECT_TRUE(seen["rcx"].starts_with("20")) << call << " " << seen["rcx"];
    EXPECT_EQ(std::stoul(seen["r11"], nullptr, 16) & 0x203, 0x202u) << call;
  }
  EXPECT_EQ(See("failing")["rdx_kept"], "1");
}

// The parent is getpid's second result on amd64.
TEST_P(NetBsd, TheParentBesideTheProcess) {
  EXPECT_EQ(See("pids")["second"], amd64() ? "100" : "200");
}

TEST_P(NetBsd, ANumberWithoutACall) {
  Seen seen = See("unknown");
  EXPECT_EQ(seen["result"], "-78");
  EXPECT_EQ(seen["signals"], "1");
}

// ---- Signals ------------------------------------------------------------------------------------

TEST_P(NetBsd, AHandlerNeedsATrampoline) {
  Seen seen = See("actions");
  EXPECT_EQ(seen["none"], "-22");
  EXPECT_EQ(seen["two"], "0");
  EXPECT_EQ(seen["three"], "0");
  EXPECT_EQ(seen["four"], "-22");
  EXPECT_EQ(seen["default"], "0");
  EXPECT_EQ(seen["ignore"], "0");
  EXPECT_EQ(seen["unknown_flag"], "-22");
}

TEST_P(NetBsd, AFramesFlags) {
  const std::string flags = amd64() ? "a000d" : "e002d";
  Seen seen = See("frame");
  EXPECT_EQ(seen["flags"], flags);
  EXPECT_EQ(seen["trap"], "0");
  // With an alternate stack, but not on it; and without SA_SIGINFO the same frame.
  EXPECT_EQ(See("alt-stack")["flags"], flags);
  EXPECT_GT(See("plain-frame")["second"].size(), 5u);
}

// The context is in r15 for the trampoline; a call that is interrupted is left by sysret.
TEST_P(NetBsd, RegistersOfAHandler) {
  if (!amd64()) GTEST_SKIP() << "386 has its arguments on the stack";
  Seen seen = See("probe");
  EXPECT_EQ(seen["r15_is_context"], "1");
  EXPECT_EQ(seen["rcx_is_handler"], "1");
  EXPECT_EQ(seen["r11_has_flags"], "1");
}

TEST_P(NetBsd, AFaultWithoutAnAddress) {
  Seen seen = See("stale-address");
  EXPECT_EQ(seen["count"], "2");
  EXPECT_EQ(seen["addr"], "1238");
}

TEST_P(NetBsd, TheAlternateStackInUse) {
  Seen seen = See("stack-in-use");
  EXPECT_EQ(seen["before"], "4");
  EXPECT_EQ(seen["inside"], "1");
  EXPECT_EQ(seen["disabled"], "-22");
  EXPECT_EQ(seen["changed"], "0");
  EXPECT_EQ(seen["after"], "0");
  EXPECT_EQ(seen["after_a_jump"], "1");
  EXPECT_EQ(seen["on_alt"], "0");
}

TEST_P(NetBsd, Contexts) {
  Seen seen = See("contexts");
  EXPECT_EQ(seen["flags"], amd64() ? "8000f" : "8002f");
  EXPECT_EQ(seen["without_registers"], "-22");
  EXPECT_EQ(seen["thread_without_registers"], "-22");
  EXPECT_EQ(seen["private"], "1000");
  EXPECT_EQ(seen["mask"], "4000");
}

// ---- Threads ------------------------------------------------------------------------------------

TEST_P(NetBsd, ANewThread) {
  Seen seen = See("new-thread");
  EXPECT_EQ(seen["main"], "1");
  EXPECT_EQ(seen["second"], "2");
  EXPECT_EQ(seen["self"], "2");
  EXPECT_EQ(seen["third"], "3");
  // 7 gives it its creator's alternate stack and mask; 8 none, and its context's.
  EXPECT_EQ(seen["stack"], is("7") ? "0" : "4");
  EXPECT_EQ(seen["mask"], is("7") ? "0" : "4000");
  EXPECT_EQ(seen["wait_of_self"], "-11");
  EXPECT_EQ(seen["wait"], "0");
  EXPECT_EQ(seen["gone"], "2");
  EXPECT_EQ(seen["wait_again"], "-3");
  EXPECT_EQ(seen["kill_gone"], "-3");
}

TEST_P(NetBsd, Parking) {
  Seen seen = See("parking");
  EXPECT_EQ(seen["times_out"], "-60");
  EXPECT_EQ(seen["unpark"], "0");
  EXPECT_EQ(seen["has_token"], "-37");
  EXPECT_EQ(seen["token_is_gone"], "-60");
  EXPECT_EQ(seen["nobody"], "-3");
  EXPECT_EQ(seen["interrupted"], "-4");
  EXPECT_EQ(seen["wakes"], "-60");
  EXPECT_EQ(seen["woken"], "1");
}

TEST_P(NetBsd, TheMapOfAProcess) {
  Seen seen = See("map");
  EXPECT_EQ(seen["result"], is("7") ? "-2" : "0");
  EXPECT_EQ(seen["whole"], is("7") ? "0" : "1");
}

INSTANTIATE_TEST_SUITE_P(OnEach, NetBsd, testing::ValuesIn(Kernels("netbsd")), NameOf);

}  // namespace
}  // namespace faultline::suites
