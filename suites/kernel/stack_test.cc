// The stack faults: limits that are said and guards that guard, with each and without.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

using Map = std::map<std::string, std::string>;

class EachArch : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] Map Take(const std::string& fault, const std::string& how) const {
    Words options;
    if (!fault.empty()) options = {"--fault", fault};
    Ended ended = RunToEnd(Inject(options, {Tracee("stack", GetParam()), how}));
    EXPECT_EQ(ended.exit, 0) << ended.out << ended.err;
    return Fields(ended.out);
  }
  [[nodiscard]] Map Untraced(const std::string& how) const {
    return Fields(RunToEnd({Tracee("stack", GetParam()), how}).out);
  }
  [[nodiscard]] bool wide() const { return GetParam() == std::string("amd64"); }
};
INSTANTIATE_TEST_SUITE_P(Stacks, EachArch, testing::Values("amd64", "386"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(EachArch, LimitIsTrueWithoutFaults) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
  Map fields = Take("", "limit");
  EXPECT_EQ(fields, Untraced("limit"));
  if (limit.rlim_cur != RLIM_INFINITY) {
    EXPECT_EQ(fields["prlimit"], std::to_string(limit.rlim_cur));
  }
}

TEST_P(EachArch, RlimitLie) {
  for (const char* size : {"65536", "infinity"}) {
    Map fields = Take(std::string("stack.rlimit-lie,size=") + size, "limit");
    Map expected = Untraced("limit");
    ASSERT_NE(expected["prlimit"], "65536");
    expected["getrlimit"] = expected["prlimit"] = size;
    if (!wide()) expected["old"] = size;
    if (size == std::string("infinity")) expected["hard"] = "infinity";
    EXPECT_EQ(fields, expected);
  }
  // One of the calls alone; and none, when the resource is another one.
  Map fields = Take("stack.rlimit-lie,call=prlimit64,size=65536", "limit");
  EXPECT_EQ(fields["prlimit"], "65536");
  EXPECT_NE(fields["getrlimit"], "65536");
  EXPECT_EQ(Take("stack.rlimit-lie,arg0=7", "limit"), Untraced("limit"));
}

TEST_P(EachArch, RlimitLieSaysMoreThanAWordHolds) {
  if (wide()) return;
  Map fields = Take("stack.rlimit-lie,size=8589934592", "limit");
  EXPECT_EQ(fields["old"], "infinity");
  EXPECT_EQ(fields["getrlimit"], "infinity");
  EXPECT_EQ(fields["prlimit"], "8589934592");
}

TEST_P(EachArch, GuardsGuardWithoutFaults) {
  Map fields = Take("", "guard");
  EXPECT_EQ(fields, Untraced("guard"));
  for (const char* name : {"mprotect", "mmap", "large", "thread", "readonly"})
    EXPECT_EQ(fields[name], "closed") << name;
}

TEST_P(EachArch, GuardMissing) {
  Map expected = Untraced("guard");
  expected["mprotect"] = expected["mmap"] = expected["thread"] = "open";
  if (expected["madvise"] == "closed") expected["madvise"] = "open";
  EXPECT_EQ(Take("stack.guard-missing", "guard"), expected);

  // The large region counts too, or nothing but the thread's stack does.
  expected["large"] = "open";
  EXPECT_EQ(Take("stack.guard-missing,size=1048576", "guard"), expected);
  expected = Untraced("guard");
  expected["thread"] = "open";
  EXPECT_EQ(Take("stack.guard-missing,size=1", "guard"), expected);
  EXPECT_EQ(Take("stack.guard-missing,call=mprotect", "guard")["mmap"], "closed");
}

}  // namespace
}  // namespace faultline::suites
