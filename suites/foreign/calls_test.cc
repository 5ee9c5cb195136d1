// The calls that real foreign programs make, on each release and arch that has them: guests ask,
// and what they are told is held against what the host says of the same.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

const char* const kSystems[] = {"freebsd-7.4", "freebsd-8.1", "freebsd-9.1", "freebsd-10.4",
                                "freebsd-13",  "netbsd-7",    "netbsd-8"};
const char* const kArches[] = {"amd64", "386"};

class Calls : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  void SetUp() override {
    folder_ = ScratchFile("folder");
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] static std::string system() { return std::get<0>(GetParam()); }
  [[nodiscard]] static bool IsFreeBsd() { return system().starts_with("freebsd-"); }
  // Whether it has the structures of FreeBSD 12 and later, or others of their kind; and those
  // before.
  [[nodiscard]] static bool IsNew() { return system() == "freebsd-13" || !IsFreeBsd(); }
  [[nodiscard]] static bool IsOld() { return IsFreeBsd(); }
  Ended Run(const std::string& job, const std::string& argument, const Words& options = {}) {
    Words command = {"kernel/model/model", "--system", system()};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(),
                   {"--",
                    "suites/foreign/guest." + system().substr(0, system().find('-') + 1) +
                        std::get<1>(GetParam()),
                    job, argument});
    return RunToEnd(command);
  }
  // A job that holds something true by itself.
  void Holds(const std::string& job, const std::string& argument) {
    for (const char* schedule : {"natural", "hostile"}) {
      Ended ended = Run(job, argument, {"--schedule", schedule});
      EXPECT_EQ(ended.exit, 0) << job << " " << argument << ", " << schedule << ": " << ended.out
                               << ended.err;
      EXPECT_EQ(ended.out, "done\n");
      EXPECT_EQ(ended.err, "");
    }
  }

  std::string folder_;
};

std::string NameOf(const testing::TestParamInfo<Calls::ParamType>& info) {
  std::string name = std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param);
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
}

// A line as a guest tells a file's status.
std::string Described(const std::string& of, const struct stat& s, bool old) {
  std::ostringstream line;
  line << of << " ino=" << (old ? static_cast<uint32_t>(s.st_ino) : s.st_ino)
       << " mode=" << s.st_mode << " nlink=" << s.st_nlink << " uid=" << s.st_uid
       << " size=" << s.st_size << " blocks=" << s.st_blocks << " blksize=" << s.st_blksize
       << " mtime=" << s.st_mtim.tv_sec << " mnsec=" << s.st_mtim.tv_nsec << " \n";
  return line.str();
}

TEST_P(Calls, Status) {
  std::string file = folder_ + "/file", link = folder_ + "/link";
  WriteFile(file, std::string(5000, 'x'));
  ASSERT_EQ(chmod(file.c_str(), 04751), 0);
  ASSERT_EQ(symlink("file", link.c_str()), 0);
  timespec times[2] = {{.tv_sec = 1, .tv_nsec = 2}, {.tv_sec = 1234567890, .tv_nsec = 123456789}};
  ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  struct stat of_file, of_link;
  ASSERT_EQ(stat(file.c_str(), &of_file), 0);
  ASSERT_EQ(lstat(link.c_str(), &of_link), 0);
  for (bool old : {true, false}) {
    if (old ? !IsOld() : !IsNew()) continue;
    Ended ended = Run(old ? "old-status" : "status", folder_);
    EXPECT_EQ(ended.exit, 0) << ended.err;
    EXPECT_EQ(ended.out, Described("file", of_file, old) + Described("followed", of_file, old) +
                             Described("link", of_link, old) + "done\n");
  }
}

// What a release does not have yet ends the program (nosys).
TEST_P(Calls, LaterOnesAreUnknown) {
  if (IsNew()) GTEST_SKIP() << "it has them";
  WriteFile(folder_ + "/file", "");
  EXPECT_EQ(Run("status", folder_).signal, SIGSYS);
  EXPECT_EQ(Run("entries", folder_).signal, SIGSYS);
  EXPECT_EQ(Run("level", "new").signal, SIGSYS);
}

TEST_P(Calls, Entries) {
  for (int i = 0; i < 100; ++i)
    WriteFile(folder_ + "/" + std::string(static_cast<size_t>(i % 40), 'n') + std::to_string(i),
              "");
  std::filesystem::create_directory(folder_ + "/folder");
  std::filesystem::create_symlink("nowhere", folder_ + "/link");
  for (bool old : {true, false}) {
    if (old ? !IsOld() : !IsNew()) continue;
    std::multiset<std::string> wanted = {"done"};
    DIR* listing = opendir(folder_.c_str());
    while (dirent* entry = readdir(listing)) {
      uint64_t ino = old ? static_cast<uint32_t>(entry->d_ino) : entry->d_ino;
      wanted.insert(std::string(entry->d_name) + " type=" + std::to_string(entry->d_type) +
                    " ino=" + std::to_string(ino) + " ");
    }
    closedir(listing);
    Ended ended = Run(old ? "old-entries" : "entries", folder_);
    EXPECT_EQ(ended.exit, 0) << ended.out << ended.err;
    std::multiset<std::string> told;
    std::istringstream lines(ended.out);
    for (std::string line; std::getline(lines, line);) told.insert(line);
    EXPECT_EQ(told, wanted);
  }
}

TEST_P(Calls, TimesLinksAndSizes) {
  Ended ended = Run("change", folder_);
  ASSERT_EQ(ended.exit, 0) << ended.out << ended.err;
  struct stat status;
  ASSERT_EQ(stat((folder_ + "/second").c_str(), &status), 0);
  EXPECT_EQ(status.st_nlink, 2u);
  EXPECT_EQ(status.st_size, 70000);
  EXPECT_EQ(status.st_atim.tv_sec, 1000);
  EXPECT_EQ(status.st_atim.tv_nsec, 250000000);
  EXPECT_EQ(status.st_mtim.tv_sec, 2000);
  if (!IsNew()) return;
  WriteFile(folder_ + "/file", "");
  timespec times[2] = {{.tv_sec = 5, .tv_nsec = 6}, {.tv_sec = 7, .tv_nsec = 8}};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder_ + "/file").c_str(), times, 0), 0);
  ended = Run("times", folder_);
  ASSERT_EQ(ended.exit, 0) << ended.out << ended.err;
  ASSERT_EQ(stat((folder_ + "/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_atim.tv_sec, 5);
  EXPECT_EQ(status.st_mtim.tv_sec, 3000);
  EXPECT_EQ(status.st_mtim.tv_nsec, 7);
}

TEST_P(Calls, Events) {
  for (const char* job :
       {"level", "clear", "flags", "errors", "closed", "user", "timer", "signal", "child"}) {
    if (!IsFreeBsd() && std::string(job) == "user") continue;  // there is no such filter
    if (IsOld()) Holds(job, "old");
    if (IsNew()) Holds(job, "new");
  }
}

TEST_P(Calls, Sockets) {
  if (!IsFreeBsd()) GTEST_SKIP() << "its model has none";
  for (const char* job : {"internet", "sleep"}) Holds(job, "");
  for (const char* schedule : {"natural", "hostile"}) {
    std::filesystem::remove(folder_ + "/name");
    Ended ended = Run("local", folder_, {"--schedule", schedule});
    EXPECT_EQ(ended.out, "done\n") << schedule;
    EXPECT_EQ(ended.err, "");
  }
}

INSTANTIATE_TEST_SUITE_P(OnEach, Calls,
                         testing::Combine(testing::ValuesIn(kSystems), testing::ValuesIn(kArches)),
                         NameOf);

}  // namespace
}  // namespace faultline::suites
