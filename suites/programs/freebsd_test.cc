// Whether every program built for FreeBSD is one that its kernels take: the rules of
// kern/imgact_elf.c, the strictest of all releases for each; and whether the way into the kernel is
// the one that the variant promises.
//
//   freebsd_test PROGRAM…    (those of other systems are passed over)

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr size_t kPage = 4096;

struct Elf32 {
  using Ehdr = Elf32_Ehdr;
  using Phdr = Elf32_Phdr;
  using Shdr = Elf32_Shdr;
  using Sym = Elf32_Sym;
  static constexpr int kClass = ELFCLASS32;
  static constexpr int kMachine = EM_386;
};
struct Elf64 {
  using Ehdr = Elf64_Ehdr;
  using Phdr = Elf64_Phdr;
  using Shdr = Elf64_Shdr;
  using Sym = Elf64_Sym;
  static constexpr int kClass = ELFCLASS64;
  static constexpr int kMachine = EM_X86_64;
};

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A record at `offset` of the file; a failure and zeroes when it is not all there.
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

template <typename E>
std::vector<typename E::Phdr> Segments(const std::string& file) {
  const auto header = At<typename E::Ehdr>(file, 0);
  std::vector<typename E::Phdr> segments;
  segments.reserve(header.e_phnum);
  for (size_t i = 0; i < header.e_phnum; i++) {
    segments.push_back(At<typename E::Phdr>(file, header.e_phoff + i * sizeof(typename E::Phdr)));
  }
  return segments;
}

template <typename E>
void ExpectBrand(const std::string& file) {
  const auto header = At<typename E::Ehdr>(file, 0);
  EXPECT_EQ(header.e_ident[EI_CLASS], E::kClass);
  EXPECT_EQ(header.e_machine, E::kMachine);
  EXPECT_EQ(header.e_type, ET_EXEC);
  EXPECT_EQ(header.e_ident[EI_OSABI], ELFOSABI_FREEBSD);
  EXPECT_LE(header.e_phoff + size_t{header.e_phnum} * header.e_phentsize, kPage);
  EXPECT_EQ(header.e_phentsize, sizeof(typename E::Phdr));

  int notes = 0;
  for (const auto& s : Segments<E>(file)) {
    if (s.p_type != PT_NOTE) continue;
    notes++;
    EXPECT_LT(s.p_offset + s.p_filesz, kPage);
    struct Note {
      uint32_t namesz, descsz, type;
      char name[8];
      int32_t release;
    };
    const auto note = At<Note>(file, s.p_offset);
    EXPECT_EQ(note.namesz, 8u);
    EXPECT_EQ(note.descsz, 4u);
    EXPECT_EQ(note.type, 1u);
    EXPECT_EQ(std::string_view(note.name, 8), std::string_view("FreeBSD\0", 8));
    // A forbidden access is to be SIGSEGV on every release, and no flag of mmap to be refused.
    EXPECT_GE(note.release, 700004);
    EXPECT_LT(note.release, 1100036);
  }
  EXPECT_EQ(notes, 1);
}

template <typename E>
void ExpectSegments(const std::string& file) {
  const auto header = At<typename E::Ehdr>(file, 0);
  bool entry = false;
  bool writable = false;
  bool headers = false;
  for (const auto& s : Segments<E>(file)) {
    EXPECT_NE(s.p_type, uint32_t{PT_INTERP}) << "a static program has no interpreter";
    if (s.p_type == PT_GNU_STACK) EXPECT_EQ(s.p_flags & PF_X, 0u) << "an executable stack";
    if (s.p_type != PT_LOAD) continue;
    EXPECT_NE(s.p_flags & (PF_W | PF_X), uint32_t{PF_W | PF_X}) << "writable and executable";
    EXPECT_EQ((s.p_vaddr - s.p_offset) % kPage, 0u);
    EXPECT_LE(s.p_offset + s.p_filesz, file.size());
    writable |= (s.p_flags & PF_W) != 0;
    entry |= (s.p_flags & PF_X) != 0 && s.p_vaddr <= header.e_entry &&
             header.e_entry < s.p_vaddr + s.p_memsz;
    // AT_PHDR is an address in the first segment: the kernel takes it from there.
    headers |= s.p_offset == 0 &&
               header.e_phoff + size_t{header.e_phnum} * header.e_phentsize <= s.p_filesz;
  }
  EXPECT_TRUE(entry) << "the entry lies in no executable segment";
  EXPECT_TRUE(writable);
  EXPECT_TRUE(headers) << "the program headers are not loaded";
}

// The bytes of a function; empty when there is none of that name.
template <typename E>
std::string Function(const std::string& file, std::string_view name) {
  const auto header = At<typename E::Ehdr>(file, 0);
  const auto section = [&](size_t i) {
    return At<typename E::Shdr>(file, header.e_shoff + i * sizeof(typename E::Shdr));
  };
  for (size_t i = 0; i < header.e_shnum; i++) {
    const auto table = section(i);
    if (table.sh_type != SHT_SYMTAB) continue;
    const auto strings = section(table.sh_link);
    for (size_t at = 0; at < table.sh_size; at += sizeof(typename E::Sym)) {
      const auto symbol = At<typename E::Sym>(file, table.sh_offset + at);
      if (name != file.c_str() + strings.sh_offset + symbol.st_name) continue;
      for (const auto& s : Segments<E>(file)) {
        if (s.p_type != PT_LOAD || symbol.st_value < s.p_vaddr ||
            symbol.st_value >= s.p_vaddr + s.p_filesz) {
          continue;
        }
        return file.substr(s.p_offset + (symbol.st_value - s.p_vaddr), symbol.st_size);
      }
    }
  }
  return "";
}

// Each way into the kernel is a routine of a dozen instructions without an immediate that could be
// taken for one of these.
template <typename E>
void ExpectPath(const std::string& file, bool int80) {
  const std::string wanted = int80 ? "\xcd\x80" : "\x0f\x05";
  const std::string unwanted = int80 ? "\x0f\x05" : "\xcd\x80";
  for (const char* name :
       {"runtime_syscall", "runtime_fork", "runtime_pipe", "runtime_threadstart", "Wait4Stub"}) {
    const std::string code = Function<E>(file, name);
    // Only one of the bugs has a stub of its own.
    if (code.empty() && std::string_view(name) == "Wait4Stub") continue;
    ASSERT_FALSE(code.empty()) << name;
    EXPECT_NE(code.find(wanted), std::string::npos) << name;
    EXPECT_EQ(code.find(unwanted), std::string::npos) << name;
  }
}

class Program : public testing::Test {
 public:
  explicit Program(std::string path) : path_(std::move(path)) {}
  void TestBody() override {
    const std::string file = ReadFile(path_);
    ASSERT_GT(file.size(), kPage);
    ASSERT_EQ(file.compare(0, SELFMAG, ELFMAG), 0);
    if (path_.find(".freebsd-386") != std::string::npos) {
      ExpectBrand<Elf32>(file);
      ExpectSegments<Elf32>(file);
      ExpectPath<Elf32>(file, true);
    } else {
      ExpectBrand<Elf64>(file);
      ExpectSegments<Elf64>(file);
      ExpectPath<Elf64>(file, path_.find(".int80.") != std::string::npos);
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
    if (path.find(".freebsd-") == std::string::npos) continue;
    programs++;
    std::string name = path.substr(path.rfind('/') + 1);
    std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
    testing::RegisterTest("Program", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [=]() -> testing::Test* { return new Program(path); });
  }
  // Three bugs, each with several variants, on two arches.
  if (programs < 20) {
    std::fprintf(stderr, "freebsd_test: only %d programs for FreeBSD\n", programs);
    return 1;
  }
  return RUN_ALL_TESTS();
}
