// Function names from the program's own ELF file, for tracebacks: no allocation, no libc, nothing
// kept but one mapping.

#include "abi/elf.h"
#include "runtime/proc/panic.h"
#include "runtime/sys/print.h"
#include "runtime/sys/sys.h"

namespace runtime {

namespace {

namespace elf = faultline::abi::elf;

constexpr uintptr_t kNear = 4096;  // bytes

struct Table {
  const elf::Sym* symbols = nullptr;
  size_t count = 0;
  const char* strings = nullptr;
};

GO_NOSPLIT Table load() {
  Table table;
  const long fd = sys::open(sys::executable(), sys::kO_RDONLY | sys::kO_CLOEXEC);
  if (fd < 0) return table;
  const long size = sys::fstatsize(static_cast<int>(fd));
  const intptr_t at = size < static_cast<long>(sizeof(elf::Ehdr))
                          ? -1
                          : sys::mmap(nullptr, static_cast<size_t>(size), sys::kPROT_READ,
                                      sys::kMAP_PRIVATE, static_cast<int>(fd), 0);
  sys::close(static_cast<int>(fd));
  if (sys::iserror(at)) return table;
  const char* file = reinterpret_cast<const char*>(at);
  const auto* header = reinterpret_cast<const elf::Ehdr*>(file);
  const auto* sections = reinterpret_cast<const elf::Shdr*>(file + header->shoff);
  if (header->shoff == 0 ||
      header->shoff + sizeof(elf::Shdr) * header->shnum > static_cast<size_t>(size))
    return table;
  for (int i = 0; i < header->shnum; i++) {
    const elf::Shdr& s = sections[i];
    if (s.type != elf::kSHT_SYMTAB || s.link >= header->shnum) continue;
    if (s.offset + s.size > static_cast<size_t>(size)) continue;
    table.symbols = reinterpret_cast<const elf::Sym*>(file + s.offset);
    table.count = static_cast<size_t>(s.size) / sizeof(elf::Sym);
    table.strings = file + sections[s.link].offset;
  }
  return table;
}

}  // namespace

GO_NOSPLIT void symbolize(uintptr_t pc, char* buf, size_t size) {
  // Loaded once; who comes while another thread loads does without names.
  static Table table;
  static uint32_t state;  // 0 not loaded, 1 being loaded, 2 loaded
  uint32_t none = 0;
  if (__atomic_compare_exchange_n(&state, &none, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    table = load();
    __atomic_store_n(&state, 2, __ATOMIC_SEQ_CST);
  }
  const size_t count = __atomic_load_n(&state, __ATOMIC_SEQ_CST) == 2 ? table.count : 0;
  const char* name = nullptr;
  uintptr_t start = 0;
  for (size_t i = 0; i < count; i++) {
    const elf::Sym& s = table.symbols[i];
    if ((s.info & 15) != elf::kSTT_FUNC || s.value > pc || s.value < start) continue;
    // Assembly may leave the size out: then what lies near.
    if (pc - s.value >= (s.size != 0 ? s.size : kNear)) continue;
    start = s.value;
    name = table.strings + s.name;
  }
  size_t n = 0;
  auto put = [&](char c) __attribute__((no_instrument_function)) {
    if (n + 1 < size) buf[n++] = c;
  };
  if (name == nullptr) {
    put('?');
  } else {
    // Room is kept for the offset.
    while (*name != 0 && n + 20 < size) put(*name++);
    put('+');
    put('0');
    put('x');
    const uintptr_t offset = pc - start;
    int shift = 2 * static_cast<int>(sizeof(uintptr_t)) * 4 - 4;
    while (shift > 0 && (offset >> shift) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[(offset >> shift) & 15]);
  }
  if (size > 0) buf[n] = 0;
}

}  // namespace runtime
