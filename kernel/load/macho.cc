// Mach-O programs. The rules are those of bsd/kern/mach_loader.c, xnu-2050.18.24.
#include "kernel/load/macho.h"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "abi/macho.h"

namespace faultline::kernel::load {
namespace {

namespace macho = abi::macho;

constexpr uint64_t kPage = 4096;
constexpr uint32_t kMostCommandBytes = 256 * 1024;
constexpr uint64_t kEndOfMemory = 1ull << 47;

bool Fail(std::string* why, const char* what) {
  *why = what;
  return false;
}

template <typename T>
bool Take(const std::string& commands, size_t at, T* to) {
  if (at > commands.size() || commands.size() - at < sizeof *to) return false;
  memcpy(to, commands.data() + at, sizeof *to);
  return true;
}

template <typename Command>
bool AddSegment(const Command& segment, uint64_t file_size, Image* image, bool* page_zero,
                bool* header, std::string* why) {
  if (segment.fileoff % kPage != 0 || segment.vmaddr % kPage != 0)
    return Fail(why, "a segment that begins on no page");
  if (segment.filesize > segment.vmsize)
    return Fail(why, "a segment that is larger in the file than in memory");
  if (segment.fileoff > file_size || segment.filesize > file_size - segment.fileoff)
    return Fail(why, "a segment that the file does not hold: it is cut off, or broken");
  if (segment.vmaddr > kEndOfMemory || segment.vmsize > kEndOfMemory - segment.vmaddr)
    return Fail(why, "a segment beyond the end of memory");
  if (segment.vmsize == 0) return true;
  if (segment.vmaddr == 0 && segment.filesize == 0 && segment.maxprot == 0) {
    *page_zero = true;
    return true;
  }
  if (segment.fileoff == 0 && segment.filesize != 0) *header = true;
  int prot = (segment.initprot & macho::kVM_PROT_READ ? PROT_READ : 0) |
             (segment.initprot & macho::kVM_PROT_WRITE ? PROT_WRITE : 0) |
             (segment.initprot & macho::kVM_PROT_EXECUTE ? PROT_EXEC : 0);
  image->segments.push_back({.offset = segment.fileoff,
                             .file_size = segment.filesize,
                             .address = segment.vmaddr,
                             .size = segment.vmsize,
                             .prot = prot});
  return true;
}

}  // namespace

bool IsMachO(uint32_t magic) { return magic == macho::kMH_MAGIC || magic == macho::kMH_MAGIC_64; }

bool ReadMachO(int fd, uint64_t file_size, Image* image, std::string* why) {
  macho::Header64 header = {};
  if (pread64(fd, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header))
    return Fail(why, "the file ends in its Mach-O header");
  bool wide = header.magic == macho::kMH_MAGIC_64;
  image->form = Form::kMachO;
  image->bits = wide ? 64 : 32;
  image->machine = wide ? EM_X86_64 : EM_386;
  image->type = ET_EXEC;
  if (header.cputype != (wide ? macho::kCPU_TYPE_X86_64 : macho::kCPU_TYPE_X86))
    return Fail(why, "a Mach-O file for another processor");
  if (header.filetype != macho::kMH_EXECUTE) return Fail(why, "a Mach-O file, but no program");
  uint64_t at_in_file = wide ? sizeof header : macho::kHeader32Bytes;
  if (header.sizeofcmds > kMostCommandBytes || at_in_file + header.sizeofcmds > file_size)
    return Fail(why, "the file ends in its load commands");
  std::string commands(header.sizeofcmds, '\0');
  if (pread64(fd, commands.data(), commands.size(), static_cast<off64_t>(at_in_file)) !=
      static_cast<ssize_t>(commands.size()))
    return Fail(why, "the file ends in its load commands");

  bool page_zero = false, has_header = false, has_thread = false;
  size_t at = 0;
  for (uint32_t i = 0; i < header.ncmds; ++i) {
    macho::Command command;
    if (!Take(commands, at, &command) || command.cmdsize < sizeof command ||
        command.cmdsize > commands.size() - at)
      return Fail(why, "a load command that is cut off");
    switch (command.cmd) {
      case macho::kLC_SEGMENT_64: {
        macho::Segment64 segment;
        if (!wide || !Take(commands, at, &segment))
          return Fail(why, "a segment of a program of another size");
        if (!AddSegment(segment, file_size, image, &page_zero, &has_header, why)) return false;
        break;
      }
      case macho::kLC_SEGMENT: {
        macho::Segment32 segment;
        if (wide || !Take(commands, at, &segment))
          return Fail(why, "a segment of a program of another size");
        if (!AddSegment(segment, file_size, image, &page_zero, &has_header, why)) return false;
        break;
      }
      case macho::kLC_UNIXTHREAD: {
        if (has_thread) return Fail(why, "two first threads");
        has_thread = true;
        ThreadState& to = image->registers;
        if (wide) {
          macho::Thread64 from;
          if (!Take(commands, at, &from) || from.flavor != macho::kThreadState64)
            return Fail(why, "a first thread without its registers");
          to = {from.rax, from.rbx, from.rcx, from.rdx, from.rdi, from.rsi, from.rbp, from.rsp,
                from.r8,  from.r9,  from.r10, from.r11, from.r12, from.r13, from.r14, from.r15};
          image->entry = from.rip;
        } else {
          macho::Thread32 from;
          if (!Take(commands, at, &from) || from.flavor != macho::kThreadState32)
            return Fail(why, "a first thread without its registers");
          to = {.rax = from.eax,
                .rbx = from.ebx,
                .rcx = from.ecx,
                .rdx = from.edx,
                .rdi = from.edi,
                .rsi = from.esi,
                .rbp = from.ebp,
                .rsp = from.esp};
          image->entry = from.eip;
        }
        break;
      }
      case macho::kLC_LOAD_DYLINKER: {
        constexpr size_t kNameAt = 12;
        image->interpreter = command.cmdsize > kNameAt
                                 ? commands.substr(at + kNameAt, command.cmdsize - kNameAt)
                                 : "a dynamic linker";
        image->interpreter = image->interpreter.c_str();
        break;
      }
      default:
        break;
    }
    at += command.cmdsize;
  }
  if (image->segments.empty()) return Fail(why, "nothing to load");
  if (!has_header) return Fail(why, "no segment that holds the header");
  if (!page_zero) return Fail(why, "no page zero");
  if (!has_thread && image->interpreter.empty()) return Fail(why, "no first thread");
  return true;
}

}  // namespace faultline::kernel::load
