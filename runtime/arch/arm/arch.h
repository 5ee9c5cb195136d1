// What the portable runtime asks of an arch, for arm (ARMv7, ARM code): inline pieces; the rest is
// asm.S.
#ifndef FAULTLINE_RUNTIME_ARCH_ARM_ARCH_H_
#define FAULTLINE_RUNTIME_ARCH_ARM_ARCH_H_

#include <stdint.h>

#include "runtime/nosplit.h"

namespace runtime {

struct G;
struct M;

// Where g and m stand from the thread pointer (TPIDRURO), in bytes: the linker's constants, which
// this arch has no instruction for (asm.S).
extern "C" {
extern const intptr_t runtime_goffset;
extern const intptr_t runtime_moffset;
}
GO_NOSPLIT inline intptr_t tlsgoffset() { return runtime_goffset; }
GO_NOSPLIT inline intptr_t tlsmoffset() { return runtime_moffset; }

// The word at an offset from the thread pointer. The latter is always read anew: a goroutine may go
// on on another thread after any call.
GO_NOSPLIT inline uintptr_t tlsload(intptr_t offset) {
  uintptr_t v;
  __asm__ volatile(
      "mrc p15, 0, %0, c13, c0, 3\n\t"
      "ldr %0, [%0, %1]"
      : "=&r"(v)
      : "r"(offset)
      : "memory");
  return v;
}
GO_NOSPLIT inline void tlsstore(intptr_t offset, const void* v) {
  uintptr_t at;
  __asm__ volatile(
      "mrc p15, 0, %0, c13, c0, 3\n\t"
      "str %2, [%0, %1]"
      : "=&r"(at)
      : "r"(offset), "r"(v)
      : "memory");
}

// g and m in thread-local storage.
GO_NOSPLIT inline G* tlsg() { return reinterpret_cast<G*>(tlsload(runtime_goffset)); }
GO_NOSPLIT inline M* tlsm() { return reinterpret_cast<M*>(tlsload(runtime_moffset)); }
GO_NOSPLIT inline void settlsg(G* g) { tlsstore(runtime_goffset, g); }
GO_NOSPLIT inline void settlsm(M* m) { tlsstore(runtime_moffset, m); }

GO_NOSPLIT inline void cpurelax() { __asm__ volatile("yield"); }

// The program's TLS image stands above the thread pointer and a control block of two words
// (variant I: Addenda to, and Errata in, the ABI for the Arm Architecture, 3.2).
inline constexpr bool kTlsAbove = true;
inline constexpr uintptr_t kTlsControl = 8;

// This arch has no red zone.
inline constexpr uintptr_t kRedZone = 0;

// From a frame's pointer (r11) to its record: the outer frame's pointer, then the return address
// (AAPCS32, 6.2.1.4).
inline constexpr intptr_t kFrameRecord = 0;

// What sigpanic takes the PC off: whole pairs, because SP stays 8-aligned.
inline constexpr uintptr_t kSigpanicSlot = 8;

// A division is a library's function on some of these processors, and by zero it is 0: what a
// language makes of it is its compiler's business.
inline constexpr bool kDivisionTraps = false;

// Room for what setjmp keeps: r4-r11, sp, lr, d8-d15.
inline constexpr int kJmpWords = 26;

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_ARCH_ARM_ARCH_H_
