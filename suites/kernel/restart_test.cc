// The restart faults: what is lost or goes wrong, when, and when not.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

constexpr const char* kLostR8 = "fa17fa17fa170008";
constexpr const char* kLostR9 = "fa17fa17fa170009";
constexpr const char* kLostR10 = "fa17fa17fa17000a";
constexpr const char* kLostEsi = "fffffa16";

using Map = std::map<std::string, std::string>;

// What the tracee says of its call, and what the log says of the lies that concern this call.
struct Seen {
  Map fields;
  std::vector<nlohmann::json> lies;
};

Seen Interrupt(const std::string& fault, const std::string& arch, const std::string& call,
               const std::string& how, const std::string& times = "1") {
  std::string log = ScratchFile("log");
  Words options = {"--log", log};
  if (!fault.empty()) options.insert(options.end(), {"--fault", fault});
  Ended ended = RunToEnd(Inject(options, {Tracee("restart", arch), call, how, times}));
  EXPECT_EQ(ended.exit, 0) << ended.out << ended.err;
  Seen seen = {.fields = Fields(ended.out), .lies = {}};
  std::istringstream lines(ReadLies(log));
  std::string name = call.substr(call.find('-') + 1);  // int80-wait4 is wait4
  for (std::string line; std::getline(lines, line);) {
    auto lie = nlohmann::json::parse(line);
    // The tracee's other threads make calls that are interrupted, too; they are not what is asked
    // here.
    if (std::to_string(lie["tid"].get<int>()) != seen.fields["tid"]) continue;
    if (lie.contains("withdrawn"))
      std::erase_if(seen.lies, [&](const auto& other) { return other["n"] == lie["n"]; });
    else if (lie.value("call", "") == name)
      seen.lies.push_back(lie);
  }
  return seen;
}

void ExpectUntouched(const Seen& seen, const std::string& call, const std::string& result) {
  Map fields = seen.fields;
  EXPECT_EQ(fields["result"], result);
  if (call == "wait4") EXPECT_EQ(fields["a3"], fields["rusage"]);
  if (call == "read") EXPECT_EQ(fields["a3"], "4a4");
  if (call == "recvfrom") {
    EXPECT_EQ(fields["a4"], fields["address"]);
    EXPECT_EQ(fields["a5"], fields["size"]);
  } else {
    EXPECT_EQ(fields["a4"], "5a5");
    EXPECT_EQ(fields["a5"], "6a6");
  }
  EXPECT_TRUE(seen.lies.empty());
}

void ExpectLost(const Seen& seen, const std::string& result) {
  Map fields = seen.fields;
  EXPECT_EQ(fields["result"], result);
  EXPECT_EQ(fields["a3"], kLostR10);
  EXPECT_EQ(fields["a4"], kLostR8);
  EXPECT_EQ(fields["a5"], kLostR9);
  ASSERT_GE(seen.lies.size(), 1u);
  EXPECT_EQ(seen.lies[0]["after"]["r10"], std::string("0x") + kLostR10);
}

// ---- Every call, every way of being restarted: mode=any
// --------------------------------------------

struct CallResult {
  const char* call;
  const char* clean;  // its result when all is well
  const char* lost;   // with junk in the 4th to 6th argument
};
constexpr CallResult kCalls[] = {{"wait4", "1", "-14"},     // EFAULT: rusage
                                 {"read", "1", "1"},        // three arguments
                                 {"recvfrom", "1", "-14"},  // address and its size
                                 {"futex", "0", "-14"}};    // timeout

class EachCall : public testing::TestWithParam<std::tuple<CallResult, const char*>> {
 protected:
  [[nodiscard]] CallResult call() const { return std::get<0>(GetParam()); }
  [[nodiscard]] const char* how() const { return std::get<1>(GetParam()); }
};

std::string NameOf(const testing::TestParamInfo<std::tuple<CallResult, const char*>>& info) {
  return std::string(std::get<0>(info.param).call) + "_" + std::get<1>(info.param);
}

class Restarted : public EachCall {};
INSTANTIATE_TEST_SUITE_P(Calls, Restarted,
                         testing::Combine(testing::ValuesIn(kCalls),
                                          testing::Values("restart", "plain", "altstack", "two",
                                                          "ignored", "stop", "mixed")),
                         NameOf);

TEST_P(Restarted, LosesNothingWithoutTheFault) {
  ExpectUntouched(Interrupt("", "amd64", call().call, how()), call().call, call().clean);
}

TEST_P(Restarted, LosesR8R9R10) {
  std::string fault = std::string("restart.fast-return,call=") + call().call;
  ExpectLost(Interrupt(fault, "amd64", call().call, how()), call().lost);
}

TEST_P(Restarted, LosesNothingIn386Code) {
  Seen seen = Interrupt("restart.fast-return,spare=none", "386", call().call, how());
  ExpectUntouched(seen, call().call, call().clean);
}

class NotRestarted : public EachCall {};
INSTANTIATE_TEST_SUITE_P(Calls, NotRestarted,
                         testing::Combine(testing::ValuesIn(kCalls),
                                          testing::Values("eintr", "nothing")),
                         NameOf);

TEST_P(NotRestarted, KeepsItsRegisters) {
  std::string result = std::string(how()) == "eintr" ? "-4" : call().clean;
  ExpectUntouched(Interrupt("restart.fast-return,spare=none", "amd64", call().call, how()),
                  call().call, result);
}

// ---- What the handler sees
// -------------------------------------------------------------------------

TEST(Handler, SeesInItsFrameWhatTheCallWillGet) {
  Seen seen = Interrupt("restart.fast-return", "amd64", "wait4", "restart");
  EXPECT_EQ(seen.fields["rewound"], "1");
  EXPECT_EQ(seen.fields["saved_a3"], kLostR10);
}

TEST(Handler, SeesTheTruthWithoutTheFault) {
  Seen seen = Interrupt("", "amd64", "wait4", "restart");
  EXPECT_EQ(seen.fields["rewound"], "1");
  EXPECT_EQ(seen.fields["saved_a3"], seen.fields["rusage"]);
}

// ---- mode=handlerless
// ------------------------------------------------------------------------------

TEST(Handlerless, SparesCallsWhoseThreadRanAHandler) {
  for (const char* how : {"restart", "plain", "altstack", "two"})
    ExpectUntouched(Interrupt("restart.fast-return,mode=handlerless", "amd64", "wait4", how),
                    "wait4", "1");
}

TEST(Handlerless, HitsCallsWhoseThreadRanNone) {
  for (const char* how : {"ignored", "stop"})
    ExpectLost(Interrupt("restart.fast-return,mode=handlerless", "amd64", "wait4", how), "-14");
}

// Several signals before the call is made again: what looked like a restart with no handler becomes
// one with a handler, and whatever was told on the way has to be taken back.
TEST(Handlerless, TakesBackWhatAHandlerOvertakes) {
  for (int i = 0; i < 5; ++i) {
    Seen seen = Interrupt("restart.fast-return,mode=handlerless", "amd64", "wait4", "mixed");
    ExpectUntouched(seen, "wait4", "1");
    EXPECT_EQ(seen.fields["rewound"], "1");
    EXPECT_EQ(seen.fields["saved_a3"], seen.fields["rusage"]);
  }
  Seen seen = Interrupt("restart.fast-return,thread=main,nth=1", "amd64", "wait4", "mixed");
  ExpectLost(seen, "-14");
  EXPECT_EQ(seen.lies.size(), 1u);
}

// ---- Which registers, on which path
// ----------------------------------------------------------------

TEST(RegistersParameter, LosesThoseAndNoOthers) {
  Seen seen = Interrupt("restart.fast-return,registers=r9", "amd64", "wait4", "restart");
  EXPECT_EQ(seen.fields["result"], "1");
  EXPECT_EQ(seen.fields["a3"], seen.fields["rusage"]);
  EXPECT_EQ(seen.fields["a4"], "5a5");
  EXPECT_EQ(seen.fields["a5"], kLostR9);
}

TEST(RegistersParameter, ReachesArgumentsOf386Calls) {
  // Both kinds of frame, and none.
  for (const char* how : {"restart", "plain", "altstack", "stop", "ignored"}) {
    for (const char* name : {"rsi", "esi"}) {
      Seen seen =
          Interrupt(std::string("restart.fast-return,registers=") + name, "386", "wait4", how);
      EXPECT_EQ(seen.fields["result"], "-14") << how;
      EXPECT_EQ(seen.fields["a3"], kLostEsi) << how;
      EXPECT_EQ(seen.fields["a4"], "5a5") << how;
    }
  }
}

TEST(Int80From64BitCode, KeepsR8ToR10) {
  Seen seen = Interrupt("restart.fast-return", "amd64", "int80-wait4", "restart");
  EXPECT_EQ(seen.fields["result"], "1");
  EXPECT_EQ(seen.fields["r8"], "8a8");
  EXPECT_EQ(seen.fields["r9"], "9a9");
  EXPECT_EQ(seen.fields["r10"], "aaa");
  EXPECT_TRUE(seen.lies.empty());
}

TEST(Int80From64BitCode, LosesArgumentsThatAreNamed) {
  Seen seen = Interrupt("restart.fast-return,registers=rsi+r10", "amd64", "int80-wait4", "restart");
  EXPECT_EQ(seen.fields["result"], "-14");
  EXPECT_EQ(seen.fields["a3"], "fa17fa17fa170006");
  EXPECT_EQ(seen.fields["r10"], "aaa");
}

TEST(Spare, FutexByDefault) {
  ExpectUntouched(Interrupt("restart.fast-return", "amd64", "futex", "restart"), "futex", "0");
}

TEST(Spare, NamedCalls) {
  ExpectUntouched(Interrupt("restart.fast-return,spare=wait4+read", "amd64", "wait4", "restart"),
                  "wait4", "1");
  ExpectLost(Interrupt("restart.fast-return,spare=read", "amd64", "wait4", "restart"), "-14");
}

// ---- The call ends, or becomes another: eintr, leak-errno, arg0, wrong-number, wrong-pc
// -----------

struct Effect {
  const char* name;
  const char* fault;
  // By call: wait4, read, recvfrom, futex.
  const char* results[4];
};
constexpr Effect kEffects[] = {
    {"eintr", "restart.eintr,spare=none", {"-4", "-4", "-4", "-4"}},
    {"leak_errno", "restart.leak-errno,spare=none", {"-512", "-512", "-512", "-512"}},
    // No such process group, no such descriptor, no such address.
    {"arg0", "restart.arg0,spare=none", {"-10", "-9", "-9", "-14"}},
    {"wrong_number", "restart.wrong-number,spare=none", {"-38", "-38", "-38", "-38"}},
    // The call's own number; wait4's is shown as 1, being positive.
    {"wrong_pc", "restart.wrong-pc,offset=2,spare=none", {"1", "0", "45", "202"}},
};

class Faulty : public testing::TestWithParam<std::tuple<Effect, int, const char*>> {};
INSTANTIATE_TEST_SUITE_P(Calls, Faulty,
                         testing::Combine(testing::ValuesIn(kEffects), testing::Range(0, 4),
                                          testing::Values("restart", "plain", "altstack", "two",
                                                          "ignored", "stop", "eintr", "nothing")),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  kCalls[std::get<1>(info.param)].call + "_" +
                                  std::get<2>(info.param);
                         });

TEST_P(Faulty, ChangesRestartsAndNothingElse) {
  auto [effect, index, how] = GetParam();
  const char* call = kCalls[index].call;
  Seen seen = Interrupt(effect.fault, "amd64", call, how);
  if (std::string(how) == "eintr" || std::string(how) == "nothing") {
    ExpectUntouched(seen, call, std::string(how) == "eintr" ? "-4" : kCalls[index].clean);
    return;
  }
  EXPECT_EQ(seen.fields["result"], effect.results[index]);
  ASSERT_EQ(seen.lies.size(), 1u);
  // What the fault does not speak of is whole.
  seen.lies.clear();
  ExpectUntouched(seen, call, effect.results[index]);
}

TEST(Eintr, In386Code) {
  for (const char* how : {"restart", "plain", "stop"}) {
    Seen seen = Interrupt("restart.eintr", "386", "wait4", how);
    EXPECT_EQ(seen.fields["result"], "-4") << how;
    EXPECT_EQ(seen.lies.size(), 1u) << how;
  }
}

TEST(LeakErrno, In386Code) {
  for (const char* how : {"restart", "plain", "stop"})
    EXPECT_EQ(Interrupt("restart.leak-errno", "386", "read", how).fields["result"], "-512") << how;
}

TEST(Arg0, In386Code) {
  for (const char* how : {"restart", "plain", "stop"})
    EXPECT_EQ(Interrupt("restart.arg0", "386", "recvfrom", how).fields["result"], "-9") << how;
}

TEST(Arg0, OfInt80IsEbx) {
  Seen seen = Interrupt("restart.arg0", "amd64", "int80-wait4", "restart");
  EXPECT_EQ(seen.fields["result"], "-10");
  ASSERT_EQ(seen.lies.size(), 1u);
  EXPECT_TRUE(seen.lies[0]["after"].contains("rbx"));
}

TEST(WrongNumber, CanBeChosen) {
  // 39 is getpid on amd64; the call is read, whose own result would be 1.
  for (const char* how : {"restart", "stop"}) {
    Seen seen = Interrupt("restart.wrong-number,number=39", "amd64", "read", how);
    EXPECT_GT(std::stol(seen.fields["result"]), 1) << how;
  }
}

TEST(WrongNumber, HitsRestartBlocks) {
  EXPECT_EQ(Interrupt("", "amd64", "nanosleep", "ignored").fields["result"], "0");
  EXPECT_EQ(Interrupt("restart.wrong-number", "amd64", "nanosleep", "ignored").fields["result"],
            "-38");
}

TEST(WrongPc, MovesThePcByTheOffset) {
  std::string log = ScratchFile("log");
  // Into the middle of the instruction: whatever comes of it, the log tells where.
  RunToEnd(Inject({"--log", log, "--fault", "restart.wrong-pc,call=read,offset=-1"},
                  {Tracee("restart"), "read", "restart"}));
  auto lie = nlohmann::json::parse(ReadLies(log).substr(0, ReadLies(log).find('\n')));
  EXPECT_EQ(std::stoull(lie["after"]["rip"].get<std::string>(), nullptr, 16) + 1,
            std::stoull(lie["before"]["rip"].get<std::string>(), nullptr, 16));
}

TEST(Mode, HandlerAndHandlerless) {
  for (const char* fault : {"restart.eintr", "restart.leak-errno", "restart.arg0",
                            "restart.wrong-number", "restart.wrong-pc,offset=2"}) {
    std::string with = std::string(fault) + ",call=recvfrom,mode=handler";
    std::string without = std::string(fault) + ",call=recvfrom,mode=handlerless";
    ExpectUntouched(Interrupt(with, "amd64", "recvfrom", "ignored"), "recvfrom", "1");
    ExpectUntouched(Interrupt(without, "amd64", "recvfrom", "restart"), "recvfrom", "1");
    EXPECT_EQ(Interrupt(with, "amd64", "recvfrom", "restart").lies.size(), 1u) << fault;
    EXPECT_EQ(Interrupt(without, "amd64", "recvfrom", "ignored").lies.size(), 1u) << fault;
  }
}

TEST(EndOfCall, IsReachedOnce) {
  // The second rule has nothing left to act on.
  std::string log = ScratchFile("log");
  Ended ended =
      RunToEnd(Inject({"--log", log, "--fault", "restart.eintr", "--fault", "restart.leak-errno"},
                      {Tracee("restart"), "read", "restart"}));
  EXPECT_EQ(Fields(ended.out)["result"], "-4");
  EXPECT_EQ(ReadLies(log).find("leak-errno"), std::string::npos);
}

// ---- restart.full-timeout
// --------------------------------------------------------------------------

TEST(FullTimeout, SleepsAnew) {
  for (const char* arch : {"amd64", "386"}) {
    Seen seen = Interrupt("restart.full-timeout", arch, "nanosleep", "ignored");
    EXPECT_EQ(seen.fields["result"], "0") << arch;
    EXPECT_GE(std::stol(seen.fields["elapsed"]), 1700) << arch;
    EXPECT_EQ(seen.lies.size(), 1u) << arch;
  }
}

TEST(FullTimeout, WithoutItSleepsWhatIsLeft) {
  Seen seen = Interrupt("", "amd64", "nanosleep", "ignored");
  EXPECT_EQ(seen.fields["result"], "0");
  EXPECT_LT(std::stol(seen.fields["elapsed"]), 1700);
}

TEST(FullTimeout, LeavesCallsAloneThatAreJustRestarted) {
  ExpectUntouched(Interrupt("restart.full-timeout", "amd64", "read", "stop"), "read", "1");
  ExpectUntouched(Interrupt("restart.full-timeout", "amd64", "nanosleep", "eintr"), "", "-4");
}

// ---- When
// ----------------------------------------------------------------------------------------

// read's 4th to 6th register are lost once and for all, so the number of the first lie tells when.
TEST(When, NthAlone) {
  Seen seen = Interrupt("restart.fast-return,call=read,nth=3", "amd64", "read", "restart", "5");
  ASSERT_EQ(seen.lies.size(), 1u);
  EXPECT_EQ(seen.lies[0]["n"], 3);
  EXPECT_EQ(seen.fields["rewound"], "5");
}

TEST(When, NthBeyondTheLast) {
  Seen seen = Interrupt("restart.fast-return,call=read,nth=6", "amd64", "read", "restart", "5");
  ExpectUntouched(seen, "read", "1");
}

TEST(When, EveryFourth) {
  Seen seen = Interrupt("restart.fast-return,call=read,every=4", "amd64", "read", "restart", "5");
  ASSERT_EQ(seen.lies.size(), 1u);
  EXPECT_EQ(seen.lies[0]["n"], 4);
}

TEST(When, OnlyTheNamedCall) {
  ExpectUntouched(Interrupt("restart.fast-return,call=wait4", "amd64", "read", "restart"), "read",
                  "1");
}

TEST(When, ProbabilityZeroIsNever) {
  ExpectUntouched(Interrupt("restart.fast-return,p=0", "amd64", "read", "restart", "5"), "read",
                  "1");
}

// ---- The log
// ---------------------------------------------------------------------------------------

TEST(Log, TellsOfTheLie) {
  Seen seen = Interrupt("restart.fast-return", "amd64", "wait4", "restart");
  ASSERT_EQ(seen.lies.size(), 1u);
  const nlohmann::json& lie = seen.lies[0];
  EXPECT_EQ(lie["fault"], "restart.fast-return");
  EXPECT_EQ(lie["call"], "wait4");
  EXPECT_EQ(lie["n"], 1);
  EXPECT_EQ(lie["rule"], 1);
  EXPECT_GT(lie["t"].get<int64_t>(), 0);
  EXPECT_GT(lie["tid"].get<int>(), 0);
  EXPECT_EQ(lie["before"]["r10"], "0x" + seen.fields["rusage"]);
  EXPECT_EQ(lie["before"]["r8"], "0x5a5");
  EXPECT_EQ(lie["before"]["r9"], "0x6a6");
  EXPECT_EQ(lie["after"]["r8"], std::string("0x") + kLostR8);
  EXPECT_EQ(lie["after"]["r9"], std::string("0x") + kLostR9);
}

}  // namespace
}  // namespace faultline::suites
