// The fixture of all tests of a system's facts: a release, on an arch, and what its program tells.
// The facts' sources stand where the model keeps them; what is expected was read in or measured on
// real kernels, and is written down apart from the model's own tables.
//
// A system has its programs (tracees/os/SYSTEM/), its releases here, and SYSTEM_facts_test.cc with
// what it alone has. facts_test.cc has what all do, each in its way.
#ifndef FAULTLINE_SUITES_MODEL_FACTS_H_
#define FAULTLINE_SUITES_MODEL_FACTS_H_

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "suites/model/run.h"

namespace faultline::suites {

// A system's release on an arch.
struct Kernel {
  std::string system;
  std::string release;
  std::string arch;

  [[nodiscard]] std::string name() const { return system + "-" + release; }
};

inline void PrintTo(const Kernel& kernel, std::ostream* out) {
  *out << kernel.name() << " " << kernel.arch;
}

inline std::string NameOf(const testing::TestParamInfo<Kernel>& info) {
  std::string name = info.param.system + "_" + info.param.release + "_" + info.param.arch;
  for (char& c : name)
    if (c == '.') c = '_';
  return name;
}

// All of a system's releases, on both arches.
inline std::vector<Kernel> Kernels(const std::string& system) {
  static const std::map<std::string, std::vector<std::string>> kReleases = {
      {"freebsd", {"7.4", "8.1", "9.1", "10.4", "13"}},
      {"netbsd", {"7", "8"}},
  };
  std::vector<Kernel> kernels;
  for (const std::string& release : kReleases.at(system))
    for (const char* arch : {"amd64", "386"}) kernels.push_back({system, release, arch});
  return kernels;
}

class Fact : public testing::TestWithParam<Kernel> {
 protected:
  // What the program tells of a fact; it has to end with `exit`.
  std::map<std::string, std::string> See(const std::string& fact, const std::string& argument = "",
                                         int exit = 0) {
    Words program = {Program(), fact};
    if (!argument.empty()) program.push_back(argument);
    Ended ended = RunToEnd(Model(GetParam().name(), {}, program));
    EXPECT_EQ(ended.exit, exit) << ended.out << ended.err;
    error = ended.err;
    return Fields(ended.out);
  }
  [[nodiscard]] static std::string Program() { return Facts(GetParam().arch, GetParam().system); }
  [[nodiscard]] static bool amd64() { return GetParam().arch == "amd64"; }
  [[nodiscard]] static bool of(const char* system) { return GetParam().system == system; }
  [[nodiscard]] static bool is(const char* release) { return GetParam().release == release; }

  std::string error;  // what the last one's model said
};

using Seen = std::map<std::string, std::string>;

}  // namespace faultline::suites

#endif  // FAULTLINE_SUITES_MODEL_FACTS_H_
