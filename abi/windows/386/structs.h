// Windows structures on 386. Sources: winnt.h and winternl.h of mingw-w64 10; fields of the TEB
// beyond NT_TIB from Wine 8's winternl.h.
#ifndef FAULTLINE_ABI_WINDOWS_386_STRUCTS_H_
#define FAULTLINE_ABI_WINDOWS_386_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/windows/constants.h"

namespace faultline::abi::windows_386 {

using namespace windows_common;  // NOLINT(google-build-using-namespace): this arch has them too.

struct Context {  // winnt.h, CONTEXT
  uint32_t flags;
  uint32_t dr[6];
  uint8_t floatsave[112];
  uint32_t gs, fs, es, ds;
  uint32_t edi, esi, ebx, edx, ecx, eax;
  uint32_t ebp, eip, cs, eflags, esp, ss;
  uint8_t extended[512];
};
static_assert(sizeof(Context) == 716 && offsetof(Context, gs) == 0x8c &&
              offsetof(Context, edi) == 0x9c && offsetof(Context, eip) == 0xb8 &&
              offsetof(Context, esp) == 0xc4 && offsetof(Context, extended) == 0xcc);

struct ExceptionRecord {  // winnt.h, EXCEPTION_RECORD
  uint32_t code;
  uint32_t flags;
  ExceptionRecord* record;
  uint32_t address;
  uint32_t parameters;
  uint32_t information[15];
};
static_assert(offsetof(ExceptionRecord, information) == 0x14);

// Offsets into the TEB, which FS:0 is.
struct Teb {
  static constexpr uintptr_t kStackBase = 0x04;
  static constexpr uintptr_t kSelf = 0x18;
  static constexpr uintptr_t kDeallocationStack = 0xe0c;
  static constexpr uintptr_t kTlsSlots = 0xe10;
  static constexpr uintptr_t kGuaranteedStackBytes = 0xf78;
};

}  // namespace faultline::abi::windows_386

#endif  // FAULTLINE_ABI_WINDOWS_386_STRUCTS_H_
