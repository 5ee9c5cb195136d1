// Programs: read from a file, mapped into memory that the caller provides. Most systems' are ELF,
// Darwin's Mach-O.
#ifndef FAULTLINE_KERNEL_LOAD_ELF_H_
#define FAULTLINE_KERNEL_LOAD_ELF_H_

#include <cstdint>
#include <string>
#include <vector>

namespace faultline::kernel::load {

struct Segment {
  uint64_t offset;  // in the file
  uint64_t file_size;
  uint64_t address;
  uint64_t size;  // in memory
  int prot;       // PROT_READ | PROT_WRITE | PROT_EXEC
};

struct Note {
  std::string name;
  uint32_t type;
  std::string data;
  uint64_t end;  // where its segment ends in the file
};

enum class Form : uint8_t { kElf, kMachO };

// What a Mach-O program wants in its registers at the start; 0 in rsp: a stack of the system's.
struct ThreadState {
  uint64_t rax = 0, rbx = 0, rcx = 0, rdx = 0, rdi = 0, rsi = 0, rbp = 0, rsp = 0;
  uint64_t r8 = 0, r9 = 0, r10 = 0, r11 = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
};

struct Image {
  Form form = Form::kElf;
  int bits = 0;     // 32 or 64
  int machine = 0;  // as ELF numbers them
  int type = 0;     // ET_EXEC, ET_DYN
  int os_abi = 0;
  std::string ident_text;  // the bytes of e_ident from 8 on
  uint64_t entry = 0;
  uint64_t headers_address = 0;  // where the program headers are in memory
  uint64_t headers_end = 0;      // where they end in the file
  int header_size = 0;
  int headers = 0;
  std::vector<Segment> segments;  // those to load, in the file's order
  std::vector<Note> notes;
  std::string interpreter;
  bool has_stack_header = false;  // PT_GNU_STACK
  bool stack_is_executable = false;
  ThreadState registers;  // Mach-O
};

// Reads the headers of a program. False and `why` if it is none, or is broken.
bool ReadImage(int fd, Image* image, std::string* why);

// Memory to map an image into. Addresses and sizes are whole pages.
class Memory {
 public:
  virtual ~Memory() = default;
  // Private mappings at fixed places; 0 or -errno.
  virtual int64_t MapFile(uint64_t address, uint64_t size, int prot, uint64_t offset) = 0;
  virtual int64_t MapZeros(uint64_t address, uint64_t size, int prot) = 0;
  // Fills with zeros what is already mapped writable.
  virtual bool Clear(uint64_t address, uint64_t size) = 0;
};

// Maps the segments, moved by `bias`; the end of the highest one. 0 or -errno.
int64_t MapImage(const Image& image, uint64_t bias, Memory* memory, uint64_t* end);

}  // namespace faultline::kernel::load

#endif  // FAULTLINE_KERNEL_LOAD_ELF_H_
