// Whether every program built for a BSD is one that its kernels take, by the rules that abi/OS/
// brand.json has of them; and whether the way into the kernel is the one that the variant promises.
//
//   brand_test BRAND.json… PROGRAM…    (programs of other systems are passed over)

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
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

struct Note {
  uint32_t namesz, descsz, type;
  std::string name;  // with its padding
  uint32_t word;     // what it says
};

// The notes in file[at…at+size), each with a word of data.
std::vector<Note> Notes(const std::string& file, size_t at, size_t size) {
  std::vector<Note> notes;
  for (const size_t end = at + size; at < end;) {
    Note note = {At<uint32_t>(file, at), At<uint32_t>(file, at + 4), At<uint32_t>(file, at + 8), "",
                 0};
    const size_t name = (size_t{note.namesz} + 3) & ~size_t{3};
    note.name = file.substr(at + 12, name);
    note.word = At<uint32_t>(file, at + 12 + name);
    notes.push_back(note);
    EXPECT_EQ(note.descsz, 4u);
    at += 12 + name + 4;
  }
  return notes;
}

template <typename E>
void ExpectHeader(const std::string& file, int os_abi) {
  const auto header = At<typename E::Ehdr>(file, 0);
  EXPECT_EQ(header.e_ident[EI_CLASS], E::kClass);
  EXPECT_EQ(header.e_machine, E::kMachine);
  EXPECT_EQ(header.e_type, ET_EXEC);
  EXPECT_EQ(header.e_ident[EI_OSABI], os_abi);
  EXPECT_LE(header.e_phoff + size_t{header.e_phnum} * header.e_phentsize, kPage);
  EXPECT_EQ(header.e_phentsize, sizeof(typename E::Phdr));
}

// A note that has to be there, as the brand has it.
struct WantedNote {
  std::string name;  // with its padding
  uint32_t namesz, type, least, most;
};

// What a system's kernels ask of a program: abi/OS/brand.json.
struct Brand {
  std::string system;
  int os_abi;
  // Where they look for notes, the strictest of all releases; the others are to find them too.
  bool in_sections;
  bool in_first_page;
  std::vector<WantedNote> notes;
  // The routine of the runtime's that enters that kernel beside those that all have.
  std::string own_entry;
  // Types of segments that have to be there.
  std::vector<uint32_t> segments;

  explicit Brand(const nlohmann::json& from)
      : system(from.at("system")),
        os_abi(from.at("os_abi")),
        in_sections(from.at("notes_in") == "sections"),
        in_first_page(from.at("notes_in") == "first page"),
        own_entry(from.at("own_entry")),
        segments(from.value("segments", std::vector<uint32_t>{})) {
    for (const auto& note : from.at("notes")) {
      std::string name = note.at("name");
      const auto namesz = note.at("namesz").get<uint32_t>();
      name.resize((size_t{namesz} + 3) & ~size_t{3});
      notes.push_back({name, namesz, note.at("type"), note.at("least"), note.at("most")});
    }
  }
};

template <typename E>
void ExpectNotes(const std::string& file, const Brand& brand) {
  const auto header = At<typename E::Ehdr>(file, 0);
  constexpr size_t kMostSections = 32768;  // NetBSD: sys/exec_elf.h, ELF_MAXSHNUM
  constexpr size_t kMostBytes = 1024;      // NetBSD, OpenBSD: ELF_MAXNOTESIZE
  std::vector<Note> in_sections;
  std::vector<Note> in_segments;
  if (brand.in_sections) {
    EXPECT_GE(header.e_shnum, 1);
    EXPECT_LE(header.e_shnum, kMostSections);
    EXPECT_EQ(header.e_shentsize, sizeof(typename E::Shdr));
  }
  for (size_t i = 0; i < header.e_shnum; i++) {
    const auto s = At<typename E::Shdr>(file, header.e_shoff + i * sizeof(typename E::Shdr));
    if (s.sh_type != SHT_NOTE) continue;
    EXPECT_LE(s.sh_size, kMostBytes);
    for (Note& note : Notes(file, s.sh_offset, s.sh_size)) in_sections.push_back(std::move(note));
  }
  for (const auto& s : Segments<E>(file)) {
    if (s.p_type != PT_NOTE) continue;
    EXPECT_LE(s.p_filesz, kMostBytes);
    if (brand.in_first_page) EXPECT_LT(s.p_offset + s.p_filesz, kPage);
    for (Note& note : Notes(file, s.p_offset, s.p_filesz)) in_segments.push_back(std::move(note));
  }
  EXPECT_EQ(in_sections.size(), in_segments.size());
  const std::vector<Note>& notes = brand.in_sections ? in_sections : in_segments;
  EXPECT_EQ(notes.size(), brand.notes.size());
  for (const WantedNote& wanted : brand.notes) {
    const auto found = std::find_if(notes.begin(), notes.end(), [&](const Note& note) {
      return note.name == wanted.name && note.type == wanted.type;
    });
    ASSERT_NE(found, notes.end()) << wanted.name << " " << wanted.type;
    EXPECT_EQ(found->namesz, wanted.namesz) << wanted.name;
    EXPECT_GE(found->word, wanted.least) << wanted.name;
    EXPECT_LE(found->word, wanted.most) << wanted.name;
  }
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
void ExpectPath(const std::string& file, bool int80, const char* own) {
  const std::string wanted = int80 ? "\xcd\x80" : "\x0f\x05";
  const std::string unwanted = int80 ? "\x0f\x05" : "\xcd\x80";
  for (const char* name :
       {"runtime_syscall", "runtime_fork", own, "runtime_threadstart", "Wait4Stub"}) {
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
  Program(const Brand& brand, std::string path) : brand_(brand), path_(std::move(path)) {}
  void TestBody() override {
    const std::string file = ReadFile(path_);
    ASSERT_GT(file.size(), kPage);
    ASSERT_EQ(file.compare(0, SELFMAG, ELFMAG), 0);
    if (path_.find("." + brand_.system + "-386") != std::string::npos) {
      Expect<Elf32>(file, true);
    } else {
      Expect<Elf64>(file, path_.find(".int80.") != std::string::npos);
    }
  }

 private:
  template <typename E>
  void Expect(const std::string& file, bool int80) {
    ExpectHeader<E>(file, brand_.os_abi);
    ExpectNotes<E>(file, brand_);
    ExpectSegments<E>(file);
    for (const uint32_t wanted : brand_.segments) {
      const auto segments = Segments<E>(file);
      EXPECT_TRUE(std::any_of(segments.begin(), segments.end(),
                              [&](const auto& s) { return s.p_type == wanted; }))
          << "no segment of type 0x" << std::hex << wanted;
    }
    ExpectPath<E>(file, int80, brand_.own_entry.c_str());
  }

  const Brand& brand_;
  const std::string path_;
};

}  // namespace

// A field that is missing ends it: NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  static std::vector<Brand> brands;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; i++) {
    const std::string path = argv[i];
    if (path.ends_with(".json")) {
      const auto brand = nlohmann::json::parse(ReadFile(path), nullptr, false);
      if (brand.is_discarded()) {
        std::fprintf(stderr, "brand_test: %s is no JSON\n", path.c_str());
        return 1;
      }
      brands.emplace_back(brand);
    } else {
      paths.push_back(path);
    }
  }
  for (const Brand& brand : brands) {
    int programs = 0;
    for (const std::string& path : paths) {
      if (path.find("." + brand.system + "-") == std::string::npos) continue;
      programs++;
      std::string name = path.substr(path.rfind('/') + 1);
      std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
      testing::RegisterTest("Program", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [=, &brand]() -> testing::Test* { return new Program(brand, path); });
    }
    // Two bugs at the least, each with several variants, on two arches.
    constexpr int kLeastPrograms = 16;
    if (programs < kLeastPrograms) {
      std::fprintf(stderr, "brand_test: only %d programs for %s\n", programs, brand.system.c_str());
      return 1;
    }
  }
  return RUN_ALL_TESTS();
}
