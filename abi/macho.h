// The form of Darwin's programs, Mach-O: what is needed to load one and to name its functions.
// Source: EXTERNAL_HEADERS/mach-o/loader.h, nlist.h, osfmk/mach/i386/_structs.h and
// osfmk/mach/machine.h of xnu-2050.18.24 (apple/darwin-xnu).
#ifndef FAULTLINE_ABI_MACHO_H_
#define FAULTLINE_ABI_MACHO_H_

#include <stdint.h>

namespace faultline::abi::macho {

inline constexpr uint32_t kMH_MAGIC = 0xfeedface;
inline constexpr uint32_t kMH_MAGIC_64 = 0xfeedfacf;
inline constexpr int32_t kCPU_TYPE_X86 = 7;
inline constexpr int32_t kCPU_TYPE_X86_64 = 0x01000007;
inline constexpr int32_t kCPU_SUBTYPE_X86_ALL = 3;
inline constexpr uint32_t kMH_EXECUTE = 2;
inline constexpr uint32_t kMH_NOUNDEFS = 0x1;
inline constexpr uint32_t kMH_DYLDLINK = 0x4;
inline constexpr uint32_t kMH_PIE = 0x200000;

inline constexpr uint32_t kLC_SEGMENT = 0x1;
inline constexpr uint32_t kLC_SYMTAB = 0x2;
inline constexpr uint32_t kLC_THREAD = 0x4;
inline constexpr uint32_t kLC_UNIXTHREAD = 0x5;
inline constexpr uint32_t kLC_LOAD_DYLINKER = 0xe;
inline constexpr uint32_t kLC_SEGMENT_64 = 0x19;
inline constexpr uint32_t kLC_UUID = 0x1b;
inline constexpr uint32_t kLC_VERSION_MIN_MACOSX = 0x24;
inline constexpr uint32_t kLC_MAIN = 0x80000028;

inline constexpr int kVM_PROT_READ = 1;
inline constexpr int kVM_PROT_WRITE = 2;
inline constexpr int kVM_PROT_EXECUTE = 4;

struct Header64 {  // a 32-bit program's lacks the last word
  uint32_t magic;
  int32_t cputype;
  int32_t cpusubtype;
  uint32_t filetype;
  uint32_t ncmds;
  uint32_t sizeofcmds;
  uint32_t flags;
  uint32_t reserved;
};
inline constexpr uint32_t kHeader32Bytes = sizeof(Header64) - 4;

struct Command {
  uint32_t cmd;
  uint32_t cmdsize;
};

struct Segment32 {
  uint32_t cmd;
  uint32_t cmdsize;
  char segname[16];
  uint32_t vmaddr;
  uint32_t vmsize;
  uint32_t fileoff;
  uint32_t filesize;
  int32_t maxprot;
  int32_t initprot;
  uint32_t nsects;
  uint32_t flags;
};
struct Segment64 {
  uint32_t cmd;
  uint32_t cmdsize;
  char segname[16];
  uint64_t vmaddr;
  uint64_t vmsize;
  uint64_t fileoff;
  uint64_t filesize;
  int32_t maxprot;
  int32_t initprot;
  uint32_t nsects;
  uint32_t flags;
};
static_assert(sizeof(Segment32) == 56 && sizeof(Segment64) == 72);

struct SymtabCommand {
  uint32_t cmd;
  uint32_t cmdsize;
  uint32_t symoff;
  uint32_t nsyms;
  uint32_t stroff;
  uint32_t strsize;
};
struct Nlist32 {
  uint32_t strx;
  uint8_t type;
  uint8_t sect;
  int16_t desc;
  uint32_t value;
};
struct Nlist64 {
  uint32_t strx;
  uint8_t type;
  uint8_t sect;
  uint16_t desc;
  uint64_t value;
};
static_assert(sizeof(Nlist32) == 12 && sizeof(Nlist64) == 16);
inline constexpr uint8_t kN_EXT = 0x01;
inline constexpr uint8_t kN_SECT = 0x0e;

// LC_UNIXTHREAD: all registers of the first thread. What is 0 in it and has to be something is
// chosen by the kernel: the stack pointer.
struct Thread32 {
  uint32_t cmd;
  uint32_t cmdsize;
  uint32_t flavor;
  uint32_t count;  // words
  uint32_t eax, ebx, ecx, edx, edi, esi, ebp, esp, ss, eflags, eip, cs, ds, es, fs, gs;
};
struct Thread64 {
  uint32_t cmd;
  uint32_t cmdsize;
  uint32_t flavor;
  uint32_t count;
  uint64_t rax, rbx, rcx, rdx, rdi, rsi, rbp, rsp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags, cs, fs, gs;
};
inline constexpr uint32_t kThreadState32 = 1;
inline constexpr uint32_t kThreadState64 = 4;
static_assert(sizeof(Thread32) == 80 && sizeof(Thread64) == 184);

// Of the arch that this is compiled for.
#if defined(__x86_64__)
using NativeSegment = Segment64;
using NativeNlist = Nlist64;
inline constexpr uint32_t kNativeHeaderBytes = sizeof(Header64);
#elif defined(__i386__)
using NativeSegment = Segment32;
using NativeNlist = Nlist32;
inline constexpr uint32_t kNativeHeaderBytes = kHeader32Bytes;
#endif

}  // namespace faultline::abi::macho

#endif  // FAULTLINE_ABI_MACHO_H_
