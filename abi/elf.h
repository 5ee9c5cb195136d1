// ELF, whatever the system: what a program needs to read its own file and headers. Source: the
// System V gABI (elf.h).
#ifndef FAULTLINE_ABI_ELF_H_
#define FAULTLINE_ABI_ELF_H_

#include <stdint.h>

namespace faultline::abi::elf64 {

struct Ehdr {
  unsigned char ident[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, phoff, shoff;
  uint32_t flags;
  uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct Phdr {
  uint32_t type, flags;
  uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
struct Shdr {
  uint32_t name, type;
  uint64_t flags, addr, offset, size;
  uint32_t link, info;
  uint64_t addralign, entsize;
};
struct Sym {
  uint32_t name;
  unsigned char info, other;
  uint16_t shndx;
  uint64_t value, size;
};
static_assert(sizeof(Ehdr) == 64 && sizeof(Phdr) == 56 && sizeof(Shdr) == 64 && sizeof(Sym) == 24);

}  // namespace faultline::abi::elf64

namespace faultline::abi::elf32 {

struct Ehdr {
  unsigned char ident[16];
  uint16_t type, machine;
  uint32_t version;
  uint32_t entry, phoff, shoff;
  uint32_t flags;
  uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct Phdr {
  uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
struct Shdr {
  uint32_t name, type, flags, addr, offset, size, link, info, addralign, entsize;
};
struct Sym {
  uint32_t name, value, size;
  unsigned char info, other;
  uint16_t shndx;
};
static_assert(sizeof(Ehdr) == 52 && sizeof(Phdr) == 32 && sizeof(Shdr) == 40 && sizeof(Sym) == 16);

}  // namespace faultline::abi::elf32

namespace faultline::abi::elf {

// The class of the arch this is compiled for.
#if defined(__LP64__)
using namespace elf64;  // NOLINT(google-build-using-namespace)
#else
using namespace elf32;  // NOLINT(google-build-using-namespace)
#endif

inline constexpr uint32_t kPT_LOAD = 1;
inline constexpr uint32_t kPT_NOTE = 4;
inline constexpr uint32_t kPT_TLS = 7;
inline constexpr uint32_t kSHT_SYMTAB = 2;
inline constexpr unsigned char kSTT_FUNC = 2;  // the low four bits of Sym::info

}  // namespace faultline::abi::elf

#endif  // FAULTLINE_ABI_ELF_H_
