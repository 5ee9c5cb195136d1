// How faults are written, and what is said of those that are written wrongly.

#include "kernel/fault/grammar.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "kernel/fault/fault.h"
#include "kernel/fault/rule.h"
#include "kernel/tracer/calls.h"
#include "kernel/tracer/registers.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

struct Wrong {
  const char* text;
  size_t column;
  const char* words;  // a part of what is said
};

class WrongRule : public testing::TestWithParam<Wrong> {};
INSTANTIATE_TEST_SUITE_P(
    Texts, WrongRule,
    testing::Values(Wrong{"", 1, "POINT.NAME"}, Wrong{"restart", 8, "expected '.'"},
                    Wrong{"restart.", 9, "name behind its point"},
                    Wrong{"Restart.fast-return", 1, "found 'R'"},
                    Wrong{"restart.fast-retrun", 1, "Near: restart.fast-return"},
                    Wrong{"fast-return.restart", 1, "there is no fault"},
                    Wrong{"restart.fast-return;mode=any", 20, "expected ','"},
                    Wrong{"restart.fast-return,", 21, "expected a parameter"},
                    Wrong{"restart.fast-return,mode", 25, "expected '='"},
                    Wrong{"restart.fast-return,mode=", 26, "expected a value"},
                    Wrong{"restart.fast-return,mode=some", 26, "any or handlerless"},
                    Wrong{"restart.fast-return,mode=any,mode=any", 30, "given twice"},
                    Wrong{"restart.fast-return,colour=red", 21, "no parameter 'colour'"},
                    Wrong{"restart.fast-return,registers=r8+r99", 34, "general registers"},
                    Wrong{"restart.fast-return,registers=r8++r9", 34, "joined by '+'"},
                    Wrong{"restart.fast-return,registers=rax", 31, "number"},
                    Wrong{"restart.fast-return,registers=esp", 31, "stack"},
                    Wrong{"restart.fast-return,spare=futx", 27, "Near: futex"},
                    Wrong{"restart.fast-return,call=wait4+raed", 32, "Near: read"},
                    Wrong{"restart.fast-return,nth=0", 25, "whole number from 1"},
                    Wrong{"restart.fast-return,every=-1", 27, "whole number from 1"},
                    Wrong{"restart.fast-return,p=1.5", 23, "from 0 to 1"},
                    Wrong{"restart.fast-return,p=nan", 23, "from 0 to 1"},
                    Wrong{"signal.sibling,signal=CHLD+FOO", 28, "signals by name or number"},
                    Wrong{"signal.sibling,signal=65", 23, "1 to 64"},
                    Wrong{"restart.eintr,arg6=1", 15, "no parameter 'arg6'"},
                    Wrong{"restart.eintr,arg0=3+x", 22, "numbers joined by '+'"},
                    Wrong{"restart.eintr,arg0=3..2", 20, "a range"},
                    Wrong{"restart.eintr,arg0=&0", 20, "bits that are set"},
                    Wrong{"restart.eintr,thread=0", 22, "'main', 'foreign' or"},
                    Wrong{"restart.eintr,pc=1..&2", 18, "a range"}));

TEST_P(WrongRule, NamesColumnAndExpectation) {
  try {
    Rule rule(GetParam().text, 1, 0);
    FAIL() << "accepted: " << GetParam().text;
  } catch (const SpecError& error) {
    EXPECT_EQ(error.column(), GetParam().column) << error.what();
    EXPECT_NE(std::string(error.what()).find(GetParam().words), std::string::npos) << error.what();
  }
}

TEST(RightRule, IsAccepted) {
  for (const char* text :
       {"restart.fast-return",
        "restart.fast-return,mode=handlerless,registers=rsi+r10,call=wait4+read",
        "restart.fast-return,spare=none,nth=3,every=1,p=0.5,wake=none",
        "signal.sibling,signal=CHLD+SIGURG+SIGRTMIN+14",
        "restart.eintr,arg0=3+0x40,arg5=&8,thread=main+3+foreign,pc=0x10..0x20+libc.so.6"})
    EXPECT_NO_THROW(Rule(text, 1, 0)) << text;
}

const Thread& Main() {
  static const Thread thread = {.tid = 1, .tgid = 1, .path = "1"};
  return thread;
}

Opportunity At(const Thread& thread, const std::string& call = "", int signal = 0) {
  return {.thread = &thread, .call = call, .signal = signal};
}

std::vector<uint64_t> Firing(const char* text, uint64_t seed, size_t index = 0) {
  Rule rule(text, seed, index);
  std::vector<uint64_t> numbers;
  for (int i = 0; i < 1000; ++i)
    if (auto ticket = rule.Take(At(Main()))) numbers.push_back(ticket->n);
  return numbers;
}

TEST(When, Always) { EXPECT_EQ(Firing("signal.sibling", 1).size(), 1000u); }
TEST(When, Nth) { EXPECT_EQ(Firing("signal.sibling,nth=7", 1), std::vector<uint64_t>{7}); }
TEST(When, Every) {
  EXPECT_EQ(Firing("signal.sibling,every=300", 1), (std::vector<uint64_t>{300, 600, 900}));
}
TEST(When, EveryAndNth) { EXPECT_TRUE(Firing("signal.sibling,every=2,nth=7", 1).empty()); }
TEST(When, Probability) {
  EXPECT_EQ(Firing("signal.sibling,p=1", 1).size(), 1000u);
  EXPECT_TRUE(Firing("signal.sibling,p=0", 1).empty());
  // Binomial(1000, 0.3): five standard deviations are 72. The draws are fixed by the seed.
  EXPECT_NEAR(static_cast<double>(Firing("signal.sibling,p=0.3", 1).size()), 300, 72);
}
TEST(When, SameSeedSameDraws) {
  EXPECT_EQ(Firing("signal.sibling,p=0.5", 7), Firing("signal.sibling,p=0.5", 7));
  EXPECT_NE(Firing("signal.sibling,p=0.5", 7), Firing("signal.sibling,p=0.5", 8));
}
TEST(When, RulesDrawApart) {
  EXPECT_NE(Firing("signal.sibling,p=0.5", 7, 0), Firing("signal.sibling,p=0.5", 7, 1));
}

TEST(When, WhatIsGivenBackIsTakenNext) {
  Rule rule("signal.sibling,nth=2", 1, 0);
  EXPECT_FALSE(rule.Take(At(Main())));
  Ticket ticket = rule.Take(At(Main())).value_or(Ticket{});
  EXPECT_EQ(ticket.n, 2u);
  EXPECT_TRUE(rule.IsSpent());
  rule.GiveBack(ticket);
  EXPECT_FALSE(rule.IsSpent());
  EXPECT_TRUE(rule.Take(At(Main())));
  EXPECT_FALSE(rule.Take(At(Main())));
}

TEST(When, ThreadsCountForThemselves) {
  Rule rule("signal.sibling", 1, 0);
  Thread other = {.tid = 2, .tgid = 1, .path = "1.1", .number = 2};
  rule.Take(At(Main()));
  Ticket ticket = rule.Take(At(other)).value_or(Ticket{});
  EXPECT_EQ(ticket.n, 2u);
  EXPECT_EQ(ticket.k, 1u);
  EXPECT_EQ(ticket.thread, "1.1");
}

// Those that look alike are counted for themselves.
TEST(When, OpportunitiesAreCountedByKind) {
  Rule rule("signal.sibling", 1, 0);
  rule.Take(At(Main(), "read", SIGUSR1));
  EXPECT_EQ(rule.Take(At(Main(), "read", SIGUSR2)).value_or(Ticket{}).k, 1u);
  EXPECT_EQ(rule.Take(At(Main(), "write", SIGUSR1)).value_or(Ticket{}).k, 1u);
  Ticket ticket = rule.Take(At(Main(), "read", SIGUSR1)).value_or(Ticket{});
  EXPECT_EQ(ticket.k, 2u);
  EXPECT_EQ(ticket.n, 4u);
  // What signal a handler's return shows may be another one in each run.
  for (const char* name : {"rt_sigreturn", "sigreturn"}) {
    rule.Take(At(Main(), name, SIGUSR1));
    EXPECT_EQ(rule.Take(At(Main(), name)).value_or(Ticket{}).k, 2u);
  }
}

TEST(When, ReplayFiresAtTheOpportunitiesOfTheLog) {
  constexpr int64_t kLong = 1000'000'000'000;  // not late within this test
  Rule rule("signal.sibling,nth=1", 1, 0);
  Thread other = {.tid = 2, .tgid = 1, .path = "1.1", .number = 2};
  rule.TellAgain({{.thread = "1", .call = "read", .signal = "SIGUSR1", .n = 40, .k = 2, .t = kLong},
                  {.thread = "1.1", .call = "", .signal = "SIGUSR1", .n = 70, .k = 1, .t = kLong}});
  EXPECT_EQ(rule.replay()->Outstanding(), 2u);
  EXPECT_FALSE(rule.Take(At(Main(), "read", SIGUSR1)));
  EXPECT_FALSE(rule.Take(At(Main(), "read", SIGUSR2)));
  EXPECT_FALSE(rule.Take(At(Main(), "write", SIGUSR1)));
  EXPECT_FALSE(rule.Take(At(other, "read", SIGUSR1)));
  Ticket ticket = rule.Take(At(Main(), "read", SIGUSR1)).value_or(Ticket{});
  EXPECT_EQ(ticket.k, 2u);
  EXPECT_EQ(rule.replay()->Outstanding(), 1u);
  rule.GiveBack(ticket);
  EXPECT_EQ(rule.replay()->Outstanding(), 2u);
  EXPECT_TRUE(rule.Take(At(Main(), "read", SIGUSR1)));
  EXPECT_FALSE(rule.IsSpent());
  EXPECT_TRUE(rule.Take(At(other, "", SIGUSR1)));
  EXPECT_TRUE(rule.IsSpent());
  EXPECT_EQ(rule.replay()->Outstanding(), 0u);
}

// ---- Where the places of a log's lies do not come (replay.h)
// --------------------------------------

constexpr int64_t kEarly = 1;                // long ago by now, but for what is too short to count
constexpr int64_t kLate = 1000'000'000'000;  // not in this test

Thread Other() { return {.tid = 2, .tgid = 1, .path = "1.1", .number = 2}; }

Opportunity Chance(const Thread& thread, const std::string& call, int signal = 0) {
  Opportunity opportunity = At(thread, call, signal);
  opportunity.by_chance = true;
  return opportunity;
}

// At which of the opportunities a lie is told that was told at the tenth of "1.1".
size_t TakenAt(const Opportunity& opportunity, const Opportunity& first) {
  Rule rule("signal.sibling,every=2", 1, 0);
  rule.TellAgain({{.thread = "1.1", .call = "read", .signal = "", .n = 10, .k = 10, .t = kLate}});
  rule.Take(first);
  for (size_t i = 2; i < 100; ++i)
    if (rule.Take(opportunity)) return i;
  return 0;
}

TEST(Late, ChanceIsTakenByTheThreadItselfAtOnce) {
  Thread other = Other();
  EXPECT_EQ(TakenAt(Chance(other, "read"), Chance(Main(), "read")), 10u);
}

TEST(Late, AThreadThatIsNotThereIsReplaced) {
  EXPECT_EQ(TakenAt(Chance(Main(), "read"), Chance(Main(), "write")), 8u);
  // Its own doing is waited for longer.
  EXPECT_EQ(TakenAt(At(Main(), "read"), At(Main(), "write")), 31u);
}

TEST(Late, AThreadThatIsThereIsWaitedFor) {
  Thread other = Other();
  EXPECT_EQ(TakenAt(Chance(Main(), "read"), Chance(other, "read")), 11u);
  EXPECT_EQ(TakenAt(At(Main(), "read"), At(other, "read")), 36u);
}

TEST(Late, ItHasToLookAlike) {
  EXPECT_EQ(TakenAt(Chance(Main(), "write"), Chance(Main(), "write")), 0u);
  EXPECT_EQ(TakenAt(Chance(Main(), "read", SIGUSR1), Chance(Main(), "write")), 0u);
}

TEST(Late, TimeCountsForChanceAlone) {
  Rule rule("signal.sibling,every=2", 1, 0);
  rule.TellAgain(
      {{.thread = "1.1", .call = "read", .signal = "", .n = 1000, .k = 10, .t = kEarly}});
  EXPECT_EQ(rule.replay()->FirstToMake(), nullptr);
  usleep(60'000);  // more than counts as the beginning
  EXPECT_NE(rule.replay()->FirstToMake(), nullptr);
  EXPECT_FALSE(rule.Take(At(Main(), "read")));
  EXPECT_TRUE(rule.Take(Chance(Main(), "read")));
  EXPECT_EQ(rule.replay()->FirstToMake(), nullptr);
}

TEST(Late, WhatIsGivenBackIsStillToBeTold) {
  Rule rule("signal.sibling,every=2", 1, 0);
  rule.TellAgain({{.thread = "1.1", .call = "read", .signal = "", .n = 2, .k = 2, .t = kLate}});
  rule.Take(Chance(Main(), "write"));
  Ticket ticket = rule.Take(Chance(Main(), "read")).value_or(Ticket{});
  EXPECT_EQ(ticket.n, 2u);
  EXPECT_EQ(rule.replay()->Outstanding(), 0u);
  rule.GiveBack(ticket);
  EXPECT_EQ(rule.replay()->Outstanding(), 1u);
  EXPECT_TRUE(rule.Take(Chance(Main(), "read")));
}

TEST(Replay, ARuleThatFiredAlwaysGoesOn) {
  Rule rule("signal.sibling", 1, 0);
  rule.TellAgain({{.thread = "1", .call = "read", .signal = "", .n = 1, .k = 1},
                  {.thread = "1", .call = "read", .signal = "", .n = 2, .k = 2}});
  EXPECT_EQ(rule.replay()->Outstanding(), 2u);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(rule.Take(At(Main(), "read")));
  // No lie was told about such a one.
  EXPECT_FALSE(rule.Take(At(Main(), "write")));
  EXPECT_FALSE(rule.Take(At(Main(), "read", SIGUSR1)));
  EXPECT_EQ(rule.replay()->Outstanding(), 0u);
  EXPECT_FALSE(rule.IsSpent());
}

TEST(Replay, ARuleThatFiredAlwaysKnowsSignals) {
  Rule rule("signal.drop", 1, 0);
  rule.TellAgain({{.thread = "1", .call = "read", .signal = "SIGCHLD", .n = 1, .k = 1}});
  EXPECT_TRUE(rule.Take(At(Main(), "poll", SIGCHLD)));
  EXPECT_FALSE(rule.Take(At(Main(), "read", SIGUSR1)));
}

TEST(Replay, ALogWithGapsIsFollowed) {
  Rule rule("signal.sibling", 1, 0);
  rule.TellAgain({{.thread = "1", .call = "", .signal = "", .n = 2, .k = 2, .t = kLate}});
  EXPECT_FALSE(rule.Take(At(Main())));
  EXPECT_TRUE(rule.Take(At(Main())));
  EXPECT_FALSE(rule.Take(At(Main())));
  Rule none("signal.sibling", 1, 0);
  none.TellAgain({});
  EXPECT_FALSE(none.Take(At(Main())));
}

bool IsFor(const char* text, const Opportunity& opportunity) {
  return Rule(text, 1, 0).Matches(opportunity);
}

TEST(For, Arguments) {
  Opportunity read = {.thread = &Main(), .call = "read", .arguments = {3, 0x1100, ~0ull}};
  Opportunity none = {.thread = &Main(), .call = {}};
  EXPECT_TRUE(IsFor("restart.eintr,arg0=3", read));
  EXPECT_TRUE(IsFor("restart.eintr,arg0=1+0x3,arg1=0x1000..0x1fff", read));
  EXPECT_FALSE(IsFor("restart.eintr,arg0=4", read));
  EXPECT_FALSE(IsFor("restart.eintr,arg0=3,arg1=0x1200..0x1fff", read));
  EXPECT_TRUE(IsFor("restart.eintr,arg1=&0x100", read));
  EXPECT_FALSE(IsFor("restart.eintr,arg1=&0x101", read));
  EXPECT_TRUE(IsFor("restart.eintr,arg2=-1", read));
  EXPECT_FALSE(IsFor("restart.eintr,arg0=0", none));
  // An int, either way extended, and a pointer whose lower half happens to look like it.
  read.arguments[0] = 0xffffffff;
  EXPECT_TRUE(IsFor("restart.eintr,arg0=-1", read));
  read.arguments[0] = 0x7f0000000003;
  EXPECT_FALSE(IsFor("restart.eintr,arg0=3", read));
}

TEST(For, Signals) {
  Opportunity child = {.thread = &Main(), .call = {}, .signal = 17};
  Opportunity none = {.thread = &Main(), .call = {}};
  EXPECT_TRUE(IsFor("restart.eintr,signal=CHLD", child));
  EXPECT_FALSE(IsFor("restart.eintr,signal=USR1", child));
  EXPECT_FALSE(IsFor("restart.eintr,signal=CHLD", none));
  EXPECT_TRUE(IsFor("restart.eintr", none));
}

TEST(For, Threads) {
  Thread runtimes = {.tid = 2, .tgid = 1, .path = "1.1", .number = 2, .foreign = false};
  Opportunity on_main = {.thread = &Main(), .call = {}};
  Opportunity on_second = {.thread = &runtimes, .call = {}};
  EXPECT_TRUE(IsFor("restart.eintr,thread=main", on_main));
  EXPECT_FALSE(IsFor("restart.eintr,thread=main", on_second));
  EXPECT_TRUE(IsFor("restart.eintr,thread=2+7", on_second));
  EXPECT_FALSE(IsFor("restart.eintr,thread=foreign", on_second));
  EXPECT_TRUE(IsFor("restart.eintr,thread=foreign", on_main));
}

TEST(For, Places) {
  Thread self = {.tid = getpid(), .tgid = getpid(), .path = "1"};
  auto here = reinterpret_cast<uint64_t>(&IsFor);
  Opportunity at = {.thread = &self, .call = {}, .signal = 0, .pc = here};
  EXPECT_TRUE(IsFor(fmt::format("restart.eintr,pc={:#x}", here).c_str(), at));
  EXPECT_TRUE(IsFor(fmt::format("restart.eintr,pc={:#x}..{:#x}", here - 1, here + 1).c_str(), at));
  EXPECT_FALSE(IsFor(fmt::format("restart.eintr,pc={:#x}", here + 1).c_str(), at));
  EXPECT_TRUE(IsFor("restart.eintr,pc=grammar_test", at));
  EXPECT_FALSE(IsFor("restart.eintr,pc=libc.so.6", at));
}

TEST(FaultCatalogue, IsComplete) {
  ASSERT_FALSE(Catalogue().empty());
  for (const FaultDescription& fault : Catalogue()) {
    EXPECT_NO_THROW(Rule(fault.id, 1, 0)) << fault.id;
    EXPECT_FALSE(fault.summary.empty() || fault.effect.empty() || fault.origin.empty() ||
                 fault.source.empty() || fault.harsher.empty())
        << fault.id;
    EXPECT_EQ(fault.summary.find('\n'), std::string_view::npos) << fault.id;
    EXPECT_EQ(FindFault(fault.id), &fault);
  }
}

TEST(Names, OfRegisters) {
  EXPECT_EQ(ParseReg("rsi"), Reg::kRsi);
  EXPECT_EQ(ParseReg("esi"), Reg::kRsi);
  EXPECT_EQ(ParseReg("rip"), std::nullopt);
  EXPECT_EQ(RegName(Reg::kRsi, Arch::k386), "esi");
}

TEST(Names, OfSignals) {
  EXPECT_EQ(ParseSignal("CHLD"), 17);
  EXPECT_EQ(ParseSignal("SIGCHLD"), 17);
  EXPECT_EQ(ParseSignal("17"), 17);
  EXPECT_EQ(ParseSignal("RTMIN+2"), 34);
  EXPECT_EQ(ParseSignal("0"), std::nullopt);
  for (int signal = 1; signal <= kLastSignal; ++signal)
    EXPECT_EQ(ParseSignal(SignalName(signal)), signal);
}

TEST(Names, OfCalls) {
  EXPECT_EQ(CallName(Arch::kAmd64, 61), "wait4");
  EXPECT_EQ(CallName(Arch::k386, 114), "wait4");
  EXPECT_EQ(CallName(Arch::kAmd64, 99999), "99999");
  EXPECT_TRUE(IsCallName("waitpid"));  // 386 alone has it
  EXPECT_FALSE(IsCallName("wait5"));
}

}  // namespace
}  // namespace faultline::kernel
