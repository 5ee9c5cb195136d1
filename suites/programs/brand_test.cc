// Whether every program built for a BSD is one that its kernels take: the rules of FreeBSD's
// kern/imgact_elf.c and NetBSD's kern/exec_elf.c, the strictest of all releases for each; and
// whether the way into the kernel is the one that the variant promises.
//
//   brand_test PROGRAM…    (those of other systems are passed over)

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

// FreeBSD looks among the segments, and in the first page alone up to 9.x.
template <typename E>
void ExpectFreeBsd(const std::string& file) {
  ExpectHeader<E>(file, ELFOSABI_FREEBSD);
  std::vector<Note> notes;
  for (const auto& s : Segments<E>(file)) {
    if (s.p_type != PT_NOTE) continue;
    EXPECT_LT(s.p_offset + s.p_filesz, kPage);
    for (Note& note : Notes(file, s.p_offset, s.p_filesz)) notes.push_back(std::move(note));
  }
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].namesz, 8u);
  EXPECT_EQ(notes[0].type, 1u);
  EXPECT_EQ(notes[0].name, std::string("FreeBSD\0", 8));
  // A forbidden access is to be SIGSEGV on every release, and no flag of mmap to be refused.
  EXPECT_GE(notes[0].word, 700004u);
  EXPECT_LT(notes[0].word, 1100036u);
}

// NetBSD looks among the sections, of which there may be neither none nor too many, and takes the
// program by the first note that names it; later tools look among the segments.
template <typename E>
void ExpectNetBsd(const std::string& file) {
  ExpectHeader<E>(file, ELFOSABI_NONE);
  const auto header = At<typename E::Ehdr>(file, 0);
  constexpr size_t kMostSections = 32768;  // sys/exec_elf.h, ELF_MAXSHNUM
  constexpr size_t kMostBytes = 1024;      // ELF_MAXNOTESIZE
  ASSERT_GE(header.e_shnum, 1);
  EXPECT_LE(header.e_shnum, kMostSections);
  EXPECT_EQ(header.e_shentsize, sizeof(typename E::Shdr));
  std::vector<Note> in_sections;
  for (size_t i = 0; i < header.e_shnum; i++) {
    const auto s = At<typename E::Shdr>(file, header.e_shoff + i * sizeof(typename E::Shdr));
    if (s.sh_type != SHT_NOTE) continue;
    EXPECT_LE(s.sh_size, kMostBytes);
    for (Note& note : Notes(file, s.sh_offset, s.sh_size)) in_sections.push_back(std::move(note));
  }
  size_t in_segments = 0;
  for (const auto& s : Segments<E>(file)) {
    if (s.p_type == PT_NOTE) in_segments += Notes(file, s.p_offset, s.p_filesz).size();
  }
  ASSERT_EQ(in_sections.size(), 2u);
  EXPECT_EQ(in_segments, 2u);
  int brands = 0;
  int fixed = 0;
  for (const Note& note : in_sections) {
    if (note.name == std::string("NetBSD\0\0", 8)) {
      brands++;
      EXPECT_EQ(note.namesz, 7u);
      EXPECT_EQ(note.type, 1u);
      // The x87 control word is the processor's own from 6.99.26 on; no release is older than 7.0.
      EXPECT_GE(note.word, 699002600u);
      EXPECT_LE(note.word, 700000000u);
    } else {
      fixed++;
      EXPECT_EQ(note.namesz, 4u);
      EXPECT_EQ(note.type, 3u);
      EXPECT_EQ(note.name, std::string("PaX\0", 4));
      EXPECT_EQ(note.word, 0x20u) << "addresses are to be the same in every run";
    }
  }
  EXPECT_EQ(brands, 1);
  EXPECT_EQ(fixed, 1);
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

// A system: the mark in its programs' names, what its kernel asks for, and its own way into it.
struct System {
  const char* mark;
  void (*expect32)(const std::string& file);
  void (*expect64)(const std::string& file);
  const char* own;
  // Three bugs, each with several variants, on two arches.
  static constexpr int kLeastPrograms = 20;
};
constexpr System kSystems[] = {
    {".freebsd-", ExpectFreeBsd<Elf32>, ExpectFreeBsd<Elf64>, "runtime_pipe"},
    {".netbsd-", ExpectNetBsd<Elf32>, ExpectNetBsd<Elf64>, "runtime_sigreturn"},
};

class Program : public testing::Test {
 public:
  Program(const System& system, std::string path) : system_(system), path_(std::move(path)) {}
  void TestBody() override {
    const std::string file = ReadFile(path_);
    ASSERT_GT(file.size(), kPage);
    ASSERT_EQ(file.compare(0, SELFMAG, ELFMAG), 0);
    if (path_.find(std::string(system_.mark) + "386") != std::string::npos) {
      system_.expect32(file);
      ExpectSegments<Elf32>(file);
      ExpectPath<Elf32>(file, true, system_.own);
    } else {
      system_.expect64(file);
      ExpectSegments<Elf64>(file);
      ExpectPath<Elf64>(file, path_.find(".int80.") != std::string::npos, system_.own);
    }
  }

 private:
  const System& system_;
  const std::string path_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (const System& system : kSystems) {
    int programs = 0;
    for (int i = 1; i < argc; i++) {
      const std::string path = argv[i];
      if (path.find(system.mark) == std::string::npos) continue;
      programs++;
      std::string name = path.substr(path.rfind('/') + 1);
      std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
      testing::RegisterTest("Program", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [=, &system]() -> testing::Test* { return new Program(system, path); });
    }
    if (programs < System::kLeastPrograms) {
      std::fprintf(stderr, "brand_test: only %d programs with %s in their names\n", programs,
                   system.mark);
      return 1;
    }
  }
  return RUN_ALL_TESTS();
}
