// Windows structures on amd64. Sources: winnt.h and winternl.h of mingw-w64 10; fields of the TEB
// beyond NT_TIB from Wine 8's winternl.h.
#ifndef FAULTLINE_ABI_WINDOWS_AMD64_STRUCTS_H_
#define FAULTLINE_ABI_WINDOWS_AMD64_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/windows/constants.h"

namespace faultline::abi::windows_amd64 {

using namespace windows_common;  // NOLINT(google-build-using-namespace): this arch has them too.

struct alignas(16) Context {  // winnt.h, CONTEXT
  uint64_t home[6];
  uint32_t flags, mxcsr;
  uint16_t cs, ds, es, fs, gs, ss;
  uint32_t eflags;
  uint64_t dr[6];
  uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rip;
  struct {
    uint8_t head[160];
    uint64_t xmm[16][2];
    uint8_t rest[96];
  } fxsave;
  uint64_t vector[26][2];
  uint64_t vectorcontrol, debugcontrol, lastbranchto, lastbranchfrom, lastexceptionto,
      lastexceptionfrom;
};
static_assert(sizeof(Context) == 1232 && offsetof(Context, flags) == 0x30 &&
              offsetof(Context, eflags) == 0x44 && offsetof(Context, rax) == 0x78 &&
              offsetof(Context, rsp) == 0x98 && offsetof(Context, rip) == 0xf8 &&
              offsetof(Context, fxsave.xmm) == 0x1a0 && offsetof(Context, vector) == 0x300);

struct ExceptionRecord {  // winnt.h, EXCEPTION_RECORD
  uint32_t code;
  uint32_t flags;
  ExceptionRecord* record;
  uint64_t address;
  uint32_t parameters;
  uint64_t information[15];
};
static_assert(sizeof(ExceptionRecord) == 0x98 && offsetof(ExceptionRecord, information) == 0x20);

// Offsets into the TEB, which GS:0 is.
struct Teb {
  static constexpr uintptr_t kStackBase = 0x08;
  static constexpr uintptr_t kSelf = 0x30;
  static constexpr uintptr_t kDeallocationStack = 0x1478;
  static constexpr uintptr_t kTlsSlots = 0x1480;
  static constexpr uintptr_t kGuaranteedStackBytes = 0x1748;
};

}  // namespace faultline::abi::windows_amd64

#endif  // FAULTLINE_ABI_WINDOWS_AMD64_STRUCTS_H_
