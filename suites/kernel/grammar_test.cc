// How faults are written, and what is said of those that are written wrongly.

#include "kernel/fault/grammar.h"

#include <gtest/gtest.h>

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
                    Wrong{"signal.sibling,signal=65", 23, "1 to 64"}));

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
  for (const char* text : {"restart.fast-return",
                           "restart.fast-return,mode=handlerless,registers=rsi+r10,call=wait4+read",
                           "restart.fast-return,spare=none,nth=3,every=1,p=0.5,wake=none",
                           "signal.sibling,signal=CHLD+SIGURG+SIGRTMIN+14"})
    EXPECT_NO_THROW(Rule(text, 1, 0)) << text;
}

std::vector<uint64_t> Firing(const char* text, uint64_t seed, size_t index = 0) {
  Rule rule(text, seed, index);
  std::vector<uint64_t> numbers;
  for (int i = 0; i < 1000; ++i)
    if (auto number = rule.Take()) numbers.push_back(*number);
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
  EXPECT_FALSE(rule.Take());
  EXPECT_EQ(rule.Take(), 2u);
  EXPECT_TRUE(rule.IsSpent());
  rule.GiveBack(2);
  EXPECT_FALSE(rule.IsSpent());
  EXPECT_EQ(rule.Take(), 2u);
  EXPECT_FALSE(rule.Take());
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
