// Function names from the program's own Mach-O file, for tracebacks: no allocation, no libc,
// nothing kept but one mapping.

#include "abi/macho.h"
#include "runtime/proc/panic.h"
#include "runtime/sys/print.h"
#include "runtime/sys/sys.h"

namespace runtime {

namespace {

namespace macho = faultline::abi::macho;

constexpr uintptr_t kNear = 4096;  // bytes

struct Names {
  const void* symbols = nullptr;
  size_t count = 0;
  const char* strings = nullptr;
};

struct Name {
  const char* text = nullptr;  // null: no function
  uintptr_t start = 0;
  uintptr_t size = 0;  // 0: the file does not say
};

GO_NOSPLIT Names readnames(const char* file, size_t size) {
  Names names;
  if (size < macho::kNativeHeaderBytes) return names;
  const auto* header = reinterpret_cast<const macho::Header64*>(file);
  size_t at = macho::kNativeHeaderBytes;
  for (uint32_t i = 0; i < header->ncmds && at + sizeof(macho::SymtabCommand) <= size; i++) {
    const auto* command = reinterpret_cast<const macho::SymtabCommand*>(file + at);
    if (command->cmd == macho::kLC_SYMTAB && command->stroff <= size &&
        command->symoff + command->nsyms * sizeof(macho::NativeNlist) <= size) {
      names.symbols = file + command->symoff;
      names.count = command->nsyms;
      names.strings = file + command->stroff;
    }
    at += command->cmdsize;
  }
  return names;
}

// What the writer puts into the table is functions (tools/macho).
GO_NOSPLIT Name nameat(const Names& names, size_t index) {
  const auto& s = static_cast<const macho::NativeNlist*>(names.symbols)[index];
  if ((s.type & macho::kN_SECT) != macho::kN_SECT) return {};
  return {names.strings + s.strx, static_cast<uintptr_t>(s.value), 0};
}

GO_NOSPLIT Names load() {
  Names names;
  const long fd = sys::open(sys::executable(), sys::kO_RDONLY | sys::kO_CLOEXEC);
  if (fd < 0) return names;
  const long size = sys::fstatsize(static_cast<int>(fd));
  const long at = size < 1 ? -1
                           : sys::mmap(nullptr, static_cast<size_t>(size), sys::kPROT_READ,
                                       sys::kMAP_PRIVATE, static_cast<int>(fd), 0);
  sys::close(static_cast<int>(fd));
  if (sys::iserror(at)) return names;
  return readnames(reinterpret_cast<const char*>(at), static_cast<size_t>(size));
}

}  // namespace

GO_NOSPLIT void symbolize(uintptr_t pc, char* buf, size_t size) {
  // Loaded once; who comes while another thread loads does without names.
  static Names table;
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
    const Name each = nameat(table, i);
    if (each.text == nullptr || each.start > pc || each.start < start) continue;
    // Assembly may leave the size out, and not every form of a program has one: then what lies
    // near.
    if (pc - each.start >= (each.size != 0 ? each.size : kNear)) continue;
    start = each.start;
    name = each.text;
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
