#include "kernel/load/elf.h"

#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/load/macho.h"

namespace faultline::kernel::load {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMostHeaders = 512;
constexpr uint64_t kMostNoteBytes = 64 * 1024;
// No address above user memory of any 64-bit guest.
constexpr uint64_t kEndOfMemory = 1ull << 47;

bool ReadAt(int fd, uint64_t offset, void* to, size_t size) {
  return pread64(fd, to, size, static_cast<off64_t>(offset)) == static_cast<ssize_t>(size);
}

bool Fail(std::string* why, const char* what) {
  *why = what;
  return false;
}

void ReadNotes(int fd, uint64_t offset, uint64_t size, uint64_t align, Image* image) {
  std::string data(std::min(size, kMostNoteBytes), '\0');
  if (!ReadAt(fd, offset, data.data(), data.size())) return;
  if (align < 4) align = 4;
  size_t at = 0;
  while (at + sizeof(Elf32_Nhdr) <= data.size()) {
    Elf32_Nhdr note;
    memcpy(&note, data.data() + at, sizeof note);
    at += sizeof note;
    size_t name_size = (note.n_namesz + 3ull) & ~3ull;
    size_t data_size = (note.n_descsz + align - 1) / align * align;
    if (at + name_size > data.size() || at + name_size + note.n_descsz > data.size()) return;
    std::string name = data.substr(at, note.n_namesz);
    name = name.c_str();  // without the zero
    image->notes.push_back({.name = name,
                            .type = note.n_type,
                            .data = data.substr(at + name_size, note.n_descsz),
                            .end = offset + size});
    at += name_size + data_size;
  }
}

template <typename Ehdr, typename Phdr>
bool ReadHeaders(int fd, uint64_t file_size, Image* image, std::string* why) {
  Ehdr header;
  if (!ReadAt(fd, 0, &header, sizeof header)) return Fail(why, "the file ends in its ELF header");
  image->machine = header.e_machine;
  image->type = header.e_type;
  image->os_abi = header.e_ident[EI_OSABI];
  image->ident_text.assign(reinterpret_cast<const char*>(header.e_ident) + 8, EI_NIDENT - 8);
  image->entry = header.e_entry;
  if (header.e_version != EV_CURRENT) return Fail(why, "an unknown version of ELF");
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
    return Fail(why, "an ELF file, but no program");
  if (header.e_phentsize != sizeof(Phdr)) return Fail(why, "program headers of a wrong size");
  if (header.e_phnum == 0 || header.e_phnum > kMostHeaders)
    return Fail(why, "no program headers, or too many");
  std::vector<Phdr> headers(header.e_phnum);
  if (header.e_phoff > file_size ||
      !ReadAt(fd, header.e_phoff, headers.data(), headers.size() * sizeof(Phdr)))
    return Fail(why, "the file ends in its program headers");
  image->headers = header.e_phnum;
  image->header_size = sizeof(Phdr);
  image->headers_end = header.e_phoff + headers.size() * sizeof(Phdr);
  uint64_t previous = 0;
  for (const Phdr& each : headers) {
    switch (each.p_type) {
      case PT_LOAD: {
        if (each.p_memsz == 0) break;
        if (each.p_filesz > each.p_memsz || each.p_offset > file_size ||
            each.p_filesz > file_size - each.p_offset)
          return Fail(why, "a segment that the file does not hold: it is cut off, or broken");
        if (each.p_vaddr > kEndOfMemory || each.p_memsz > kEndOfMemory - each.p_vaddr)
          return Fail(why, "a segment beyond the end of memory");
        if (each.p_filesz != 0 && each.p_vaddr % kPage != each.p_offset % kPage)
          return Fail(why, "a segment whose address does not fit its place in the file");
        if (each.p_vaddr < previous) return Fail(why, "segments that are not in order");
        previous = each.p_vaddr;
        int prot = (each.p_flags & PF_R ? PROT_READ : 0) | (each.p_flags & PF_W ? PROT_WRITE : 0) |
                   (each.p_flags & PF_X ? PROT_EXEC : 0);
        image->segments.push_back({.offset = each.p_offset,
                                   .file_size = each.p_filesz,
                                   .address = each.p_vaddr,
                                   .size = each.p_memsz,
                                   .prot = prot});
        if (header.e_phoff >= each.p_offset && image->headers_end <= each.p_offset + each.p_filesz)
          image->headers_address = each.p_vaddr + (header.e_phoff - each.p_offset);
        break;
      }
      case PT_NOTE:
        ReadNotes(fd, each.p_offset, each.p_filesz, each.p_align, image);
        break;
      case PT_INTERP: {
        std::string text(std::min<uint64_t>(each.p_filesz, kPage), '\0');
        if (!ReadAt(fd, each.p_offset, text.data(), text.size()))
          return Fail(why, "an interpreter that the file does not hold");
        image->interpreter = text.c_str();
        break;
      }
      case PT_GNU_STACK:
        image->has_stack_header = true;
        image->stack_is_executable = (each.p_flags & PF_X) != 0;
        break;
      default:
        break;
    }
  }
  if (image->segments.empty()) return Fail(why, "nothing to load");
  return true;
}

uint64_t Down(uint64_t address) { return address & ~(kPage - 1); }
uint64_t Up(uint64_t address) { return Down(address + kPage - 1); }

}  // namespace

bool ReadImage(int fd, Image* image, std::string* why) {
  *image = {};
  struct stat file;
  if (fstat(fd, &file) != 0) return Fail(why, "its size cannot be told");
  uint32_t magic;
  if (ReadAt(fd, 0, &magic, sizeof magic) && IsMachO(magic))
    return ReadMachO(fd, static_cast<uint64_t>(file.st_size), image, why);
  unsigned char ident[EI_NIDENT];
  if (!ReadAt(fd, 0, ident, sizeof ident) || memcmp(ident, ELFMAG, SELFMAG) != 0)
    return Fail(why, "not an ELF file");
  if (ident[EI_DATA] != ELFDATA2LSB) return Fail(why, "not for a little-endian processor");
  if (ident[EI_VERSION] != EV_CURRENT) return Fail(why, "an unknown version of ELF");
  auto size = static_cast<uint64_t>(file.st_size);
  switch (ident[EI_CLASS]) {
    case ELFCLASS32:
      image->bits = 32;
      return ReadHeaders<Elf32_Ehdr, Elf32_Phdr>(fd, size, image, why);
    case ELFCLASS64:
      image->bits = 64;
      return ReadHeaders<Elf64_Ehdr, Elf64_Phdr>(fd, size, image, why);
    default:
      return Fail(why, "neither a 32-bit nor a 64-bit ELF file");
  }
}

int64_t MapImage(const Image& image, uint64_t bias, Memory* memory, uint64_t* end) {
  *end = 0;
  for (const Segment& segment : image.segments) {
    uint64_t begin = segment.address + bias;
    uint64_t file_end = begin + segment.file_size;
    uint64_t memory_end = begin + segment.size;
    uint64_t zeros = Down(begin);
    if (segment.file_size != 0) {
      int64_t result = memory->MapFile(Down(begin), Up(file_end) - Down(begin), segment.prot,
                                       Down(segment.offset));
      if (result != 0) return result;
      zeros = Up(file_end);
      // What the last page holds of the file beyond the segment.
      uint64_t clear_end = std::min(zeros, Up(memory_end));
      if ((segment.prot & PROT_WRITE) && file_end < clear_end &&
          !memory->Clear(file_end, clear_end - file_end))
        return -EFAULT;
    }
    if (Up(memory_end) > zeros) {
      int64_t result = memory->MapZeros(zeros, Up(memory_end) - zeros, segment.prot);
      if (result != 0) return result;
    }
    *end = std::max(*end, memory_end);
  }
  return 0;
}

}  // namespace faultline::kernel::load
