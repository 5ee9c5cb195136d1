// Function names from the program's own file, a PE image with COFF's table of symbols, for
// tracebacks: no allocation but one, no libc.

#include "runtime/proc/panic.h"
#include "runtime/sys/print.h"
#include "runtime/sys/sys.h"

extern "C" const unsigned char __ImageBase[];

namespace runtime {

namespace {

namespace os = sys::os;

constexpr uintptr_t kNear = 1 << 16;  // bytes: COFF keeps no sizes

// The offsets are those of winnt.h's structures.
template <typename T>
GO_NOSPLIT T at(const char* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof(value));
  return value;
}

struct Table {
  const char* sections = nullptr;
  int sectioncount = 0;
  const char* symbols = nullptr;
  uint32_t count = 0;
  const char* strings = nullptr;
  uint32_t stringbytes = 0;
};
constexpr size_t kSection = 40;  // sizeof(IMAGE_SECTION_HEADER)
constexpr size_t kSymbol = 18;   // IMAGE_SIZEOF_SYMBOL

GO_NOSPLIT Table load() {
  Table table;
  os::Handle file = os::CreateFileA(sys::executable(), os::kGENERIC_READ, os::kFILE_SHARE_READ,
                                    nullptr, os::kOPEN_EXISTING, 0, nullptr);
  if (os::isinvalid(file)) return table;
  const uint32_t size = os::GetFileSize(file, nullptr);
  const intptr_t memory =
      sys::mmap(nullptr, size, sys::kPROT_READ | sys::kPROT_WRITE, sys::kMAP_PRIVATE, -1, 0);
  uint32_t got = 0;
  const bool read = !sys::iserror(memory) &&
                    os::ReadFile(file, reinterpret_cast<void*>(memory), size, &got, nullptr) != 0 &&
                    got == size;
  os::CloseHandle(file);
  if (!read) return table;
  const auto* image = reinterpret_cast<const char*>(memory);
  const auto header = at<uint32_t>(image + 0x3c);
  const auto symbols = at<uint32_t>(image + header + 12);
  const auto count = at<uint32_t>(image + header + 16);
  const uint64_t strings = symbols + uint64_t{count} * kSymbol;
  if (symbols == 0 || strings + 4 > size) return table;
  table.sectioncount = at<uint16_t>(image + header + 6);
  table.sections = image + header + 24 + at<uint16_t>(image + header + 20);
  table.symbols = image + symbols;
  table.count = count;
  table.strings = image + strings;
  table.stringbytes = size - static_cast<uint32_t>(strings);
  return table;
}

// The next character of a symbol's name, or 0.
GO_NOSPLIT char letter(const Table& table, const char* symbol, uint32_t i) {
  if (at<uint32_t>(symbol) != 0) return i < 8 ? symbol[i] : '\0';
  const uint64_t offset = uint64_t{at<uint32_t>(symbol + 4)} + i;
  return offset < table.stringbytes ? table.strings[offset] : '\0';
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
  const uint32_t count = __atomic_load_n(&state, __ATOMIC_SEQ_CST) == 2 ? table.count : 0;
  const uintptr_t base = reinterpret_cast<uintptr_t>(__ImageBase);
  constexpr uint16_t kFunction = 0x20;  // IMAGE_SYM_DTYPE_FUNCTION << N_BTSHFT
  const char* found = nullptr;
  uintptr_t start = 0;
  for (uint32_t i = 0; i < count; i++) {
    const char* symbol = table.symbols + i * kSymbol;
    const auto section = at<int16_t>(symbol + 12);
    i += static_cast<unsigned char>(symbol[17]);
    if (at<uint16_t>(symbol + 14) != kFunction || section < 1 || section > table.sectioncount) {
      continue;
    }
    const char* header = table.sections + (static_cast<size_t>(section) - 1) * kSection;
    const uintptr_t value = base + at<uint32_t>(header + 12) + at<uint32_t>(symbol + 8);
    if (value > pc || value < start || pc - value >= kNear) continue;
    start = value;
    found = symbol;
  }
  size_t n = 0;
  auto put = [&](char c) __attribute__((no_instrument_function)) {
    if (n + 1 < size) buf[n++] = c;
  };
  if (found == nullptr) {
    put('?');
  } else {
    // On 386 C's names have a line before them. Room is kept for the offset.
    uint32_t i = sizeof(uintptr_t) == 4 && letter(table, found, 0) == '_' ? 1 : 0;
    for (char c = 0; (c = letter(table, found, i)) != 0 && n + 20 < size; i++) put(c);
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
