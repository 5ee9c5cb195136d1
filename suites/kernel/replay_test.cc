// Logs of lies: what they say of the run, and that their lies are told again.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "kernel/record/log_reader.h"
#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

using kernel::LogError;
using kernel::LoggedLie;
using kernel::LoggedRun;
using kernel::ParseLog;
using nlohmann::json;

constexpr const char* kHead =
    R"({"log":"faultline.log/1","seed":7,"rules":["signal.drop,nth=2","restart.eintr"],"program":["a","b c"]})"
    "\n";

std::string Line(const std::string& fault, int rule, int n, const std::string& more = "") {
  return R"({"t":5,"tid":9,"thread":"1.2","fault":")" + fault + R"(","rule":)" +
         std::to_string(rule) + R"(,"n":)" + std::to_string(n) + R"(,"k":3)" + more + "}\n";
}

// ---- The reader
// ------------------------------------------------------------------------------------

TEST(Reader, KnowsTheRun) {
  LoggedRun run =
      ParseLog(kHead + Line("signal.drop", 1, 2, R"(,"call":"read","signal":"SIGUSR1")"));
  EXPECT_EQ(run.seed, 7u);
  EXPECT_EQ(run.program, (Words{"a", "b c"}));
  ASSERT_EQ(run.rules.size(), 2u);
  EXPECT_EQ(run.rules[0].text, "signal.drop,nth=2");
  ASSERT_EQ(run.rules[0].lies.size(), 1u);
  EXPECT_TRUE(run.rules[1].lies.empty());
  const LoggedLie& lie = run.rules[0].lies[0];
  EXPECT_EQ(lie.thread, "1.2");
  EXPECT_EQ(lie.call, "read");
  EXPECT_EQ(lie.signal, "SIGUSR1");
  EXPECT_EQ(lie.n, 2u);
  EXPECT_EQ(lie.k, 3u);
  EXPECT_FALSE(run.cut_off);
}

TEST(Reader, LeavesOutWhatWasWithdrawn) {
  std::string taken = Line("restart.eintr", 2, 4);
  std::string back = Line("restart.eintr", 2, 4, R"(,"withdrawn":true)");
  EXPECT_TRUE(ParseLog(kHead + taken + back).rules[1].lies.empty());
  // Its number was given again.
  EXPECT_EQ(ParseLog(kHead + taken + back + taken).rules[1].lies.size(), 1u);
  // Another rule's number.
  EXPECT_EQ(ParseLog(kHead + Line("signal.drop", 1, 4) + back).rules[0].lies.size(), 1u);
}

TEST(Reader, CountsALieOnce) {
  std::string lie = Line("restart.eintr", 2, 4);
  EXPECT_EQ(ParseLog(kHead + lie + lie).rules[1].lies.size(), 1u);
}

TEST(Reader, ToleratesALastLineThatIsCutOff) {
  std::string lie = Line("restart.eintr", 2, 4);
  LoggedRun run = ParseLog(kHead + lie + lie.substr(0, 20));
  EXPECT_TRUE(run.cut_off);
  EXPECT_EQ(run.rules[1].lies.size(), 1u);
}

TEST(Reader, SaysHowManyWereLeftOut) {
  EXPECT_EQ(ParseLog(kHead + std::string("{\"left out\": 31}\n")).left_out, 31u);
}

void ExpectError(const std::string& text, const std::string& what) {
  try {
    ParseLog(text);
    ADD_FAILURE() << "taken for a log: " << text;
  } catch (const LogError& error) {
    EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
  }
}

TEST(Reader, NamesLineAndMistake) {
  ExpectError("", "line 1: this is no log of lies");
  ExpectError("#!/bin/sh\n", "line 1: this is no log of lies");
  ExpectError("{\"log\":3}\n", "line 1: this is no log of lies");
  ExpectError("{\"log\":\"faultline.log/2\"}\n",
              "line 1: the log is of version \"faultline.log/2\"");
  ExpectError("{\"log\":\"faultline.log/1\",\"seed\":1,\"rules\":[]}\n",
              "line 1: expected \"program\"");
  ExpectError("{\"log\":\"faultline.log/1\",\"seed\":-1,\"rules\":[],\"program\":[\"a\"]}\n",
              "line 1: expected \"seed\"");
  ExpectError("{\"log\":\"faultline.log/1\",\"seed\":1,\"rules\":[1],\"program\":[\"a\"]}\n",
              "line 1: expected \"rules\"");
  ExpectError("{\"log\":\"faultline.log/1\",\"seed\":1,\"rules\":[],\"program\":[[97,0]]}\n",
              "line 1: expected \"program\"");
  // The first line is cut off.
  ExpectError(std::string(kHead).substr(0, 60), "line 1: this is no log of lies");
  std::string good = Line("signal.drop", 1, 2);
  ExpectError(kHead + good + "nothing\n", "line 3: expected a lie");
  ExpectError(kHead + good + Line("signal.drop", 3, 2), "line 3: there is no rule 3");
  ExpectError(kHead + good + Line("signal.drop", 2, 2),
              "line 3: fault signal.drop does not belong");
  ExpectError(kHead + good + Line("signal.drop", 1, 0), "line 3: expected \"n\"");
  ExpectError(kHead + std::string("{\"fault\":\"signal.drop\",\"rule\":1,\"n\":1,\"k\":1}\n"),
              "line 2: expected \"thread\"");
  // Of a kernel that has other calls and signals.
  ExpectError(kHead + good + Line("signal.drop", 1, 3, R"(,"call":"sysctl_npc")"),
              "line 3: there is no system call 'sysctl_npc'");
  ExpectError(kHead + good + Line("signal.drop", 1, 3, R"(,"call":"")"),
              "line 3: there is no system call ''");
  ExpectError(kHead + Line("signal.drop", 1, 3, R"(,"signal":"SIGEMT")"),
              "line 2: there is no signal 'SIGEMT'");
  ExpectError(kHead + Line("signal.drop", 1, 3, R"(,"signal":9)"), "line 2: expected \"signal\"");
}

TEST(Reader, TakesCallsByNumber) {
  EXPECT_EQ(ParseLog(kHead + Line("signal.drop", 1, 3, R"(,"call":"1000")")).rules[0].lies[0].call,
            "1000");
}

// ---- inject --replay
// -------------------------------------------------------------------------------

// The log of a run under faults.
std::string Record(const Words& faults, const Words& program) {
  std::string log = ScratchFile("log");
  Words options = {"--log", log};
  for (const std::string& fault : faults) options.insert(options.end(), {"--fault", fault});
  RunToEnd(Inject(options, program));
  return log;
}

// Each lie, but for what may differ: when, the thread's number, what the registers held.
std::vector<json> LiesOf(const std::string& log) {
  std::vector<json> lies;
  std::istringstream lines(ReadLies(log));
  for (std::string line; std::getline(lines, line);) {
    json lie = json::parse(line);
    lie.erase("t");
    for (const char* name : {"tid", "before", "after"}) lie.erase(name);
    lies.push_back(lie);
  }
  return lies;
}

TEST(Head, SaysWhatWasAskedFor) {
  std::string log = ScratchFile("log");
  std::string no_text = "\xff\xfe";
  RunToEnd(Inject({"--seed", "12", "--log", log, "--fault", "signal.drop,nth=2"},
                  {"/bin/true", "a \"b\"", no_text}));
  EXPECT_TRUE(LiesOf(log).empty());
  LoggedRun run = ParseLog(ReadFile(log));
  EXPECT_EQ(run.seed, 12u);
  ASSERT_EQ(run.rules.size(), 1u);
  EXPECT_EQ(run.rules[0].text, "signal.drop,nth=2");
  EXPECT_EQ(run.program, (Words{"/bin/true", "a \"b\"", no_text}));
}

class OnArch : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Arches, OnArch, testing::Values("amd64", "386"));

TEST_P(OnArch, TellsTheSameLies) {
  Words program = {Tracee("delivery", GetParam()), "self"};
  // The same opportunities for both: the third signal, and each.
  std::string log = Record({"signal.drop,nth=3", "handler.direction-flag,p=0.6"}, program);
  std::vector<json> lies = LiesOf(log);
  ASSERT_GE(lies.size(), 2u);
  std::string again = ScratchFile("again");
  Ended ended = RunToEnd({kInject, "--replay", log, "--log", again});
  EXPECT_EQ(ended.exit, 0);
  EXPECT_EQ(ended.err, "");
  EXPECT_EQ(Fields(ended.out)["handlers"], "2") << ended.out;
  EXPECT_EQ(LiesOf(again), lies);
  // A replay's log is one like any other, and the program can be named.
  std::string third = ScratchFile("third");
  RunToEnd(Inject({"--replay", again, "--log", third}, program));
  EXPECT_EQ(LiesOf(third), lies);
}

TEST_P(OnArch, TellsThemInChildrenAndAtCalls) {
  std::string delivery = Tracee("delivery", GetParam());
  std::string log =
      Record({"handler.direction-flag,nth=5", "syscall-exit.clobber-r8-r10,call=read+wait4,nth=3"},
             {"/bin/sh", "-c", delivery + " self; " + delivery + " self; exit 3"});
  std::vector<json> lies = LiesOf(log);
  ASSERT_EQ(lies.size(), 2u);
  std::string again = ScratchFile("again");
  EXPECT_EQ(RunToEnd({kInject, "--replay", log, "--log", again}).exit, 3);
  EXPECT_EQ(LiesOf(again), lies);
}

// What the program saw, not only what the log says: the same after each of several draws.
TEST_P(OnArch, BringsTheSymptomBack) {
  struct Case {
    const char* fault;
    Words program;
    const char* field;
    const char* sound;  // its value with no lie
  };
  const Case cases[] = {
      {"restart.eintr,p=0.1",
       {Tracee("restart", GetParam()), "read", "restart", "20"},
       "result",
       "1"},
      {"signal.drop,p=0.3", {Tracee("delivery", GetParam()), "self"}, "handlers", "3"}};
  std::string log = ScratchFile("log");
  for (const auto& [fault, program, field, sound] : cases) {
    int symptoms = 0;
    for (int seed = 1; seed <= 8; ++seed) {
      Words options = {"--log", log, "--seed", std::to_string(seed), "--fault", fault};
      std::string first = Fields(RunToEnd(Inject(options, program)).out)[field];
      std::string again = Fields(RunToEnd({kInject, "--replay", log}).out)[field];
      EXPECT_EQ(again, first) << fault << ", seed " << seed;
      if (first != sound) ++symptoms;
    }
    EXPECT_GT(symptoms, 0) << fault;
  }
}

// Lies can be struck out of a log to find the one that matters.
TEST(Replay, WithoutTheLiesItTellsNone) {
  std::string log = Record({"signal.drop,every=2"}, {Tracee("delivery"), "self"});
  ASSERT_EQ(LiesOf(log).size(), 1u);
  std::string text = ReadFile(log);
  WriteFile(log, text.substr(0, text.find('\n') + 1));
  Ended ended = RunToEnd({kInject, "--replay", log});
  EXPECT_EQ(Fields(ended.out)["handlers"], "3") << ended.out << ended.err;
}

TEST(Replay, SaysWhatFoundNoOpportunity) {
  std::string log = Record({"signal.drop"}, {Tracee("delivery"), "self"});
  Ended ended = RunToEnd(Inject({"--replay", log}, {"/bin/sh", "-c", "exit 5"}));
  EXPECT_EQ(ended.exit, 5);
  EXPECT_EQ(ended.err, "inject: 3 of 3 lies in " + log + " found no opportunity\n");
}

// The log of another program, or of the program on another arch: its lies find no opportunity.
TEST(Replay, OfAnotherProgram) {
  std::string log = ScratchFile("log");
  auto head = [](const std::string& program) {
    return R"({"log":"faultline.log/1","seed":1,"rules":["syscall-entry.refuse,call=waitpid"],)"
           R"("program":[")" +
           program + "\"]}\n";
  };
  // 64-bit code has no such call.
  WriteFile(log, head("/bin/true") + Line("syscall-entry.refuse", 1, 1, R"(,"call":"waitpid")"));
  Ended ended = RunToEnd(Inject({"--replay", log}, {Tracee("delivery", "amd64"), "self"}));
  EXPECT_EQ(ended.exit, 0);
  EXPECT_EQ(Fields(ended.out)["handlers"], "3");
  EXPECT_EQ(ended.err, "inject: 1 of 1 lies in " + log + " found no opportunity\n");
  WriteFile(log, head("/none"));
  ended = RunToEnd({kInject, "--replay", log});
  EXPECT_EQ(ended.exit, 127);
  EXPECT_NE(ended.err.find("/none"), std::string::npos) << ended.err;
}

TEST(Replay, ToleratesALastLineThatIsCutOff) {
  std::string log = Record({"signal.drop,nth=3"}, {Tracee("delivery"), "self"});
  WriteFile(log, ReadFile(log) + "{\"t\":");
  Ended ended = RunToEnd({kInject, "--replay", log});
  EXPECT_EQ(Fields(ended.out)["handlers"], "2");
  EXPECT_EQ(ended.err, "inject: " + log + ": the last line is cut off; its lie is left out\n");
}

void ExpectRefusal(const Words& options, const std::string& what) {
  Words command = {kInject};
  command.insert(command.end(), options.begin(), options.end());
  Ended ended = RunToEnd(command);
  EXPECT_EQ(ended.exit, 125);
  EXPECT_EQ(ended.out, "");
  EXPECT_NE(ended.err.find(what), std::string::npos) << ended.err;
}

TEST(Replay, RefusesWhatItCannotTell) {
  std::string log = ScratchFile("log");
  ExpectRefusal({"--replay", log}, "inject: cannot read the log " + log + ": No such file");
  ExpectRefusal({"--replay", "/tmp"}, "inject: cannot read the log /tmp: Is a directory");
  WriteFile(log, "no log\n");
  ExpectRefusal({"--replay", log}, "inject: " + log + ": line 1: this is no log");
  auto head = [](const std::string& rule) {
    return R"({"log":"faultline.log/1","seed":1,"rules":[")" + rule +
           R"("],"program":["/bin/true"]})"
           "\n";
  };
  WriteFile(log, head("signal.dorp"));
  ExpectRefusal({"--replay", log}, log + ":1: column 1: there is no fault 'signal.dorp'");
  WriteFile(log, head("signal.drop,nth=0"));
  ExpectRefusal({"--replay", log}, log + ":1: column 17: expected a whole number");
  WriteFile(log, head("signal.drop") + "{}\n");
  ExpectRefusal({"--replay", log}, log + ": line 2: expected \"rule\"");
}

TEST(Replay, HasItsRulesFromTheLog) {
  std::string log = Record({"signal.drop"}, {Tracee("delivery"), "self"});
  ExpectRefusal({"--replay", log, "--fault", "signal.drop"}, "excludes");
  ExpectRefusal({"--replay", log, "--rules", log}, "excludes");
  ExpectRefusal({"--replay", log, "--seed", "3"}, "excludes");
}

}  // namespace
}  // namespace faultline::suites
