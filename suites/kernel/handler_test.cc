// The handler faults: what a signal handler finds on its first instruction, with each and without.

#include <gtest/gtest.h>

#include "suites/kernel/lies.h"

namespace faultline::suites {
namespace {

using Map = std::map<std::string, std::string>;

Seen Take(const std::string& fault, const std::string& arch, const std::string& how) {
  return suites::Take(fault.empty() ? Words{} : Words{fault}, {Tracee("handler", arch), how});
}

// What a kernel without faults shows for each way.
Map Truth(const std::string& arch, const std::string& how) {
  bool wide = arch == "amd64";
  bool fault = how == "fault";
  Map truth = {{"handlers", how == "nested" ? "2" : "1"},
               {"df", "0"},
               {"sp", wide ? "8" : "12"},
               {"signal", fault ? "11" : "10"},
               {"mask", fault ? "c00" : "a00"},
               {"mxcsr", "1f80"},
               {"x87", "37f"},
               {"zone", "128"},
               {"back", "9fc0"},
               {"after", "0"}};
  if (fault) {
    truth.insert({{"mask", "c00"},
                  {"addr", "1234"},
                  {"code", "1"},
                  {"trapno", "14"},
                  {"err", "4"},
                  {"cr2", "1234"}});
  } else if (how != "old") {
    truth.insert({{"sender", "self"}, {"code", "-6"}});
  }
  if (how != "old") truth.insert({{"info", "right"}, {"context", "right"}});
  return truth;
}

// That `seen` is the truth, but for what is in `but`.
void ExpectTrueBut(const Seen& seen, const std::string& arch, const std::string& how,
                   const Map& but) {
  Map fields = seen.fields;
  for (const auto& [name, value] : Truth(arch, how)) {
    auto lie = but.find(name);
    EXPECT_EQ(fields[name], lie == but.end() ? value : lie->second)
        << name << " of " << how << " on " << arch;
  }
  for (const auto& [name, value] : but) EXPECT_EQ(fields[name], value) << name;
}

class EachWay : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  [[nodiscard]] std::string arch() const { return std::get<0>(GetParam()); }
  [[nodiscard]] std::string how() const { return std::get<1>(GetParam()); }
  [[nodiscard]] bool wide() const { return arch() == "amd64"; }
  [[nodiscard]] size_t handlers() const { return how() == "nested" ? 2 : 1; }
};
INSTANTIATE_TEST_SUITE_P(Handlers, EachWay,
                         testing::Combine(testing::Values("amd64", "386"),
                                          testing::Values("plain", "altstack", "old", "fault",
                                                          "nested")),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)) + "_" +
                                  std::get<1>(info.param);
                         });

TEST_P(EachWay, SeesTheTruthWithoutFaults) {
  Seen seen = Take("", arch(), how());
  ExpectTrueBut(seen, arch(), how(), {});
  EXPECT_TRUE(seen.lies.empty());
}

TEST_P(EachWay, SeesTheTruthWhenTheFaultIsForAnotherSignal) {
  Seen seen = Take("handler.direction-flag,signal=USR2", arch(), how());
  ExpectTrueBut(seen, arch(), how(), {});
  EXPECT_TRUE(seen.lies.empty());
}

TEST_P(EachWay, DirectionFlag) {
  Seen seen = Take("handler.direction-flag", arch(), how());
  ExpectTrueBut(seen, arch(), how(), {{"df", "1"}});
  ASSERT_EQ(seen.lies.size(), handlers());
  EXPECT_EQ(seen.lies[0]["signal"], how() == "fault" ? "SIGSEGV" : "SIGUSR1");
}

TEST_P(EachWay, Misalign) {
  Seen seen = Take("handler.misalign", arch(), how());
  ExpectTrueBut(seen, arch(), how(), {{"sp", wide() ? "0" : "8"}});
  EXPECT_EQ(seen.lies.size(), handlers());
}

TEST_P(EachWay, RedZone) {
  Seen seen = Take("handler.red-zone", arch(), how());
  bool used =
      wide() && how() != "fault";  // by the code that Reader interrupts, it is not looked at
  ExpectTrueBut(seen, arch(), how(), {{"zone", used ? "0" : "128"}});
  EXPECT_EQ(seen.lies.size(), wide() ? handlers() : 0u);
}

TEST_P(EachWay, Mxcsr) {
  Seen seen = Take("handler.mxcsr", arch(), how());
  ExpectTrueBut(seen, arch(), how(), {{"mxcsr", "9fc0"}, {"x87", "27f"}});
  ASSERT_EQ(seen.lies.size(), handlers());
  EXPECT_EQ(seen.lies[0]["before"]["mxcsr"], "0x1f80");
}

TEST_P(EachWay, Registers) {
  if (!wide()) {
    // Its arguments are on the stack, and stay right.
    Seen seen = Take("handler.registers,registers=eax+edx+ecx", arch(), how());
    ExpectTrueBut(seen, arch(), how(), {});
    EXPECT_EQ(seen.lies.size(), handlers());
    return;
  }
  Seen seen = Take("handler.registers", arch(), how());
  Map fields = seen.fields;
  EXPECT_EQ(fields["info"], "wrong");
  EXPECT_EQ(fields["context"], "wrong");
  EXPECT_NE(fields["signal"], how() == "fault" ? "11" : "10");
  EXPECT_EQ(seen.lies.size(), handlers());
  ExpectTrueBut(seen, arch(), how(),
                {{"signal", fields["signal"]}, {"info", "wrong"}, {"context", "wrong"}});
}

TEST_P(EachWay, RegistersThatAreNamed) {
  if (!wide()) return;
  ExpectTrueBut(Take("handler.registers,registers=rsi", arch(), how()), arch(), how(),
                {{"info", "wrong"}});
}

TEST_P(EachWay, TrapNumber) {
  Seen seen = Take("handler.trapno", arch(), how());
  Map but;
  if (wide() || how() != "old") but = {{"trapno", "0"}, {"err", "0"}, {"cr2", "0"}};
  ExpectTrueBut(seen, arch(), how(), but);
}

TEST_P(EachWay, SigInfo) {
  Seen seen = Take("handler.siginfo", arch(), how());
  if (how() == "old") {
    ExpectTrueBut(seen, arch(), how(), {});
    EXPECT_TRUE(seen.lies.empty());
    return;
  }
  ExpectTrueBut(seen, arch(), how(), {{"code", "0"}, {"sender", "none"}, {"addr", "0"}});
  EXPECT_EQ(seen.lies.size(), handlers());
}

TEST_P(EachWay, MaskOfTheInterruptedCode) {
  // The second of two nested handlers interrupts the first, whose mask is empty too.
  ExpectTrueBut(Take("handler.mask", arch(), how()), arch(), how(), {{"mask", "0"}});
}

TEST_P(EachWay, MaskFull) {
  ExpectTrueBut(Take("handler.mask,mask=full", arch(), how()), arch(), how(),
                {{"mask", "fffffffffffbfeff"}});
}

TEST(SigInfo, OfTheKernel) {
  ExpectTrueBut(Take("handler.siginfo,code=kernel", "amd64", "fault"), "amd64", "fault",
                {{"code", "128"}, {"addr", "0"}});
}

TEST(Several, AllThatMatchFire) {
  std::string log = ScratchFile("log");
  Ended ended = RunToEnd(Inject({"--log", log, "--fault", "handler.registers", "--fault",
                                 "handler.misalign", "--fault", "handler.direction-flag"},
                                {Tracee("handler"), "plain"}));
  Map fields = Fields(ended.out);
  EXPECT_EQ(fields["df"], "1");
  EXPECT_EQ(fields["sp"], "0");
  EXPECT_EQ(fields["context"], "wrong");
}

TEST(When, NthHandler) {
  Seen seen = Take("handler.direction-flag,nth=2", "amd64", "nested");
  ASSERT_EQ(seen.lies.size(), 1u);
  EXPECT_EQ(seen.lies[0]["n"], 2);
}

// A restart rule and a handler rule look at the same stop.
TEST(When, WithARestartOverTheSameHandler) {
  std::string log = ScratchFile("log");
  Ended ended =
      RunToEnd(Inject({"--log", log, "--fault", "restart.eintr", "--fault", "handler.red-zone"},
                      {Tracee("restart"), "read", "restart"}));
  EXPECT_EQ(Fields(ended.out)["result"], "-4") << ended.out << ended.err;
  EXPECT_NE(ReadLies(log).find("handler.red-zone"), std::string::npos);
}

}  // namespace
}  // namespace faultline::suites
