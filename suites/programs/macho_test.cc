// Whether every program built for Darwin is one that its kernel takes: the rules of xnu's
// bsd/kern/mach_loader.c, the strictest of 10.6 to 10.14.
//
//   macho_test PROGRAM…    (those of other systems are passed over)

#include "abi/macho.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace macho = faultline::abi::macho;

constexpr uint64_t kPage = 4096;

struct Bits32 {
  static constexpr uint32_t kMagic = macho::kMH_MAGIC;
  static constexpr int32_t kCpu = macho::kCPU_TYPE_X86;
  static constexpr uint32_t kSegment = macho::kLC_SEGMENT;
  static constexpr uint32_t kHeader = macho::kHeader32Bytes;
  static constexpr uint32_t kFlavor = macho::kThreadState32;
  using Segment = macho::Segment32;
  using Thread = macho::Thread32;
  static uint64_t Pc(const Thread& thread) { return thread.eip; }
  static uint64_t Sp(const Thread& thread) { return thread.esp; }
};
struct Bits64 {
  static constexpr uint32_t kMagic = macho::kMH_MAGIC_64;
  static constexpr int32_t kCpu = macho::kCPU_TYPE_X86_64;
  static constexpr uint32_t kSegment = macho::kLC_SEGMENT_64;
  static constexpr uint32_t kHeader = sizeof(macho::Header64);
  static constexpr uint32_t kFlavor = macho::kThreadState64;
  using Segment = macho::Segment64;
  using Thread = macho::Thread64;
  static uint64_t Pc(const Thread& thread) { return thread.rip; }
  static uint64_t Sp(const Thread& thread) { return thread.rsp; }
};

template <typename T>
T At(const std::string& file, size_t offset) {
  T record = {};
  if (offset + sizeof(T) > file.size()) {
    ADD_FAILURE() << "the file ends before " << offset + sizeof(T);
  } else {
    std::memcpy(&record, file.data() + offset, sizeof(T));
  }
  return record;
}

template <typename Bits>
void Expect(const std::string& file) {
  const auto header = At<macho::Header64>(file, 0);
  EXPECT_EQ(header.magic, Bits::kMagic);
  EXPECT_EQ(header.cputype, Bits::kCpu);
  EXPECT_EQ(header.cpusubtype, macho::kCPU_SUBTYPE_X86_ALL);
  EXPECT_EQ(header.filetype, macho::kMH_EXECUTE);
  // Neither for a dynamic linker, nor at an address of the kernel's choice.
  EXPECT_EQ(header.flags, macho::kMH_NOUNDEFS);

  std::vector<typename Bits::Segment> segments;
  std::vector<typename Bits::Thread> threads;
  size_t at = Bits::kHeader;
  for (uint32_t i = 0; i < header.ncmds; i++) {
    const auto command = At<macho::Command>(file, at);
    ASSERT_GE(command.cmdsize, sizeof command);
    EXPECT_EQ(command.cmdsize % (sizeof(typename Bits::Segment) == 72 ? 8 : 4), 0u);
    EXPECT_NE(command.cmd, macho::kLC_LOAD_DYLINKER);
    EXPECT_NE(command.cmd, macho::kLC_MAIN);
    if (command.cmd == Bits::kSegment) segments.push_back(At<typename Bits::Segment>(file, at));
    if (command.cmd == macho::kLC_UNIXTHREAD) {
      threads.push_back(At<typename Bits::Thread>(file, at));
      EXPECT_EQ(command.cmdsize, sizeof(typename Bits::Thread));
    }
    at += command.cmdsize;
  }
  EXPECT_EQ(at, Bits::kHeader + header.sizeofcmds);

  // Page zero, the first.
  ASSERT_GE(segments.size(), 3u);
  EXPECT_STREQ(segments[0].segname, "__PAGEZERO");
  EXPECT_EQ(segments[0].vmaddr, 0u);
  EXPECT_GE(segments[0].vmsize, kPage);
  EXPECT_EQ(segments[0].filesize, 0u);
  EXPECT_EQ(segments[0].maxprot, 0);
  EXPECT_EQ(segments[0].initprot, 0);
  EXPECT_STREQ(segments[1].segname, "__TEXT");
  EXPECT_EQ(segments[1].fileoff, 0u) << "the header is to be in memory";
  EXPECT_LE(at, segments[1].filesize);

  ASSERT_EQ(threads.size(), 1u);
  EXPECT_EQ(threads[0].flavor, Bits::kFlavor);
  EXPECT_EQ(threads[0].count * 4 + 16, sizeof(typename Bits::Thread));
  EXPECT_EQ(Bits::Sp(threads[0]), 0u) << "a stack of its own";
  bool entry = false;
  bool writable = false;
  uint64_t end = 0;
  for (const auto& segment : segments) {
    EXPECT_EQ(segment.vmaddr % kPage, 0u) << segment.segname;
    EXPECT_EQ(segment.vmsize % kPage, 0u) << segment.segname;
    EXPECT_EQ(segment.fileoff % kPage, 0u) << segment.segname;
    EXPECT_GE(segment.vmaddr, end) << segment.segname << " lies over the one before";
    EXPECT_LE(segment.filesize, segment.vmsize) << segment.segname;
    EXPECT_LE(segment.fileoff + segment.filesize, file.size()) << segment.segname;
    EXPECT_EQ(segment.initprot & ~segment.maxprot, 0) << segment.segname;
    constexpr int kBoth = macho::kVM_PROT_WRITE | macho::kVM_PROT_EXECUTE;
    EXPECT_NE(segment.initprot & kBoth, kBoth) << segment.segname;
    end = uint64_t{segment.vmaddr} + segment.vmsize;
    writable |= (segment.initprot & macho::kVM_PROT_WRITE) != 0;
    const uint64_t pc = Bits::Pc(threads[0]);
    entry |= (segment.initprot & macho::kVM_PROT_EXECUTE) != 0 && segment.vmaddr <= pc &&
             pc < uint64_t{segment.vmaddr} + segment.filesize;
  }
  EXPECT_TRUE(entry) << "the first instruction lies in no executable segment";
  EXPECT_TRUE(writable);
  // Absolute addresses are 32 bits wide, and sign-extended.
  EXPECT_LT(end, uint64_t{1} << 31);
}

class Program : public testing::Test {
 public:
  explicit Program(std::string path) : path_(std::move(path)) {}
  void TestBody() override {
    std::ifstream in(path_, std::ios::binary);
    const std::string file = {std::istreambuf_iterator<char>(in), {}};
    ASSERT_GT(file.size(), kPage);
    if (path_.find(".darwin-386") != std::string::npos) {
      Expect<Bits32>(file);
    } else {
      Expect<Bits64>(file);
    }
  }

 private:
  const std::string path_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  int programs = 0;
  for (int i = 1; i < argc; i++) {
    const std::string path = argv[i];
    if (path.find(".darwin-") == std::string::npos) continue;
    programs++;
    std::string name = path.substr(path.rfind('/') + 1);
    std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
    testing::RegisterTest("Program", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [=]() -> testing::Test* { return new Program(path); });
  }
  constexpr int kLeastPrograms = 20;
  if (programs < kLeastPrograms) {
    std::fprintf(stderr, "macho_test: only %d programs for darwin\n", programs);
    return 1;
  }
  return RUN_ALL_TESTS();
}
