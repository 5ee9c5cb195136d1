// tls.fs-lost and tls.gs-lost: the segment bases in handlers, new threads and new programs.

#include <gtest/gtest.h>

#include "suites/kernel/lies.h"

namespace faultline::suites {
namespace {

using Map = std::map<std::string, std::string>;

class OnArch : public testing::TestWithParam<const char*> {
 protected:
  static bool wide() { return GetParam() == std::string("amd64"); }
  static Seen Run(const Words& faults, const std::string& how) {
    std::string program = Tracee("tls", GetParam());
    return Take(faults, {program, how, program});
  }
};
INSTANTIATE_TEST_SUITE_P(Arches, OnArch, testing::Values("amd64", "386"));

// Everything is right but for these; "!": wrong, whatever it is.
void ExpectRightBut(const Seen& seen, const Map& but) {
  EXPECT_FALSE(seen.fields.empty());
  for (const auto& [name, value] : seen.fields) {
    auto lie = but.find(name);
    if (lie != but.end() && lie->second == "!") {
      EXPECT_NE(value, "right") << name;
    } else {
      EXPECT_EQ(value, lie == but.end() ? "right" : lie->second) << name;
    }
  }
  for (const auto& [name, value] : but) EXPECT_TRUE(seen.fields.contains(name)) << name;
  EXPECT_EQ(seen.lies.size(), but.empty() ? 0u : 1u);
}

TEST_P(OnArch, RightWithoutFaults) {
  for (const char* how : {"signal", "clone", "exec"}) ExpectRightBut(Run({}, how), {});
}

TEST_P(OnArch, RightElsewhere) {
  for (const char* fault : {"tls.fs-lost", "tls.gs-lost"}) {
    std::string id = fault;
    ExpectRightBut(Run({id + ",signal=USR2", id + ",at=clone", id + ",at=exec,nth=3"}, "signal"),
                   {});
    ExpectRightBut(Run({id, id + ",at=clone,thread=3", id + ",at=exec,nth=3"}, "clone"), {});
    ExpectRightBut(Run({id, id + ",at=clone", id + ",at=exec,nth=3"}, "exec"), {});
  }
}

TEST_P(OnArch, FsAtSignal) {
  ExpectRightBut(Run({"tls.fs-lost"}, "signal"),
                 wide() ? Map{{"fs", "0"}, {"after_fs", "0"}} : Map{{"gs", "0"}});
}

TEST_P(OnArch, GsAtSignal) {
  ExpectRightBut(Run({"tls.gs-lost"}, "signal"),
                 wide() ? Map{{"gs", "0"}, {"after_gs", "0"}} : Map{});
}

TEST_P(OnArch, FsAtClone) {
  ExpectRightBut(Run({"tls.fs-lost,at=clone"}, "clone"), {{wide() ? "fs" : "gs", "creators"}});
}

TEST_P(OnArch, GsAtClone) {
  ExpectRightBut(Run({"tls.gs-lost,at=clone"}, "clone"), wide() ? Map{{"gs", "0"}} : Map{});
}

// The first exec is that of the program itself, by inject.
TEST_P(OnArch, FsAtExec) {
  ExpectRightBut(Run({"tls.fs-lost,at=exec,nth=2"}, "exec"), wide() ? Map{{"fs", "!"}} : Map{});
}

TEST_P(OnArch, GsAtExec) {
  ExpectRightBut(Run({"tls.gs-lost,at=exec"}, "exec"), wide() ? Map{{"gs", "!"}} : Map{});
}

// With so many registers changed that all are written at once, the base among them.
TEST(Several, TogetherWithOtherRegisters) {
  std::string program = Tracee("tls");
  Seen seen = Take({"tls.fs-lost", "handler.registers,registers=rdi+rsi+rdx+r8+rcx+rax"},
                   {program, "signal", program});
  EXPECT_EQ(seen.fields["fs"], "0");
  EXPECT_EQ(seen.lies.size(), 2u);
}

}  // namespace
}  // namespace faultline::suites
