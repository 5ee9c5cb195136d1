// What the portable runtime asks of an arch, for arm64: inline pieces; the rest is asm.S.
#ifndef FAULTLINE_RUNTIME_ARCH_ARM64_ARCH_H_
#define FAULTLINE_RUNTIME_ARCH_ARM64_ARCH_H_

#include <stdint.h>

#include "runtime/nosplit.h"

namespace runtime {

struct G;
struct M;

// Where g and m stand from the thread pointer (TPIDR_EL0), in bytes: the linker's constants.
GO_NOSPLIT inline intptr_t tlsgoffset() {
  intptr_t v;
  __asm__(
      "movz %0, #:tprel_g1:runtime_g\n\t"
      "movk %0, #:tprel_g0_nc:runtime_g"
      : "=r"(v));
  return v;
}
GO_NOSPLIT inline intptr_t tlsmoffset() {
  intptr_t v;
  __asm__(
      "movz %0, #:tprel_g1:runtime_m\n\t"
      "movk %0, #:tprel_g0_nc:runtime_m"
      : "=r"(v));
  return v;
}

// g and m in thread-local storage. Always read anew: a goroutine may go on on another thread after
// any call, and a compiler that knew these as thread-local variables would keep their address
// across it.
GO_NOSPLIT inline G* tlsg() {
  G* g;
  __asm__ volatile(
      "mrs %0, tpidr_el0\n\t"
      "add %0, %0, #:tprel_hi12:runtime_g\n\t"
      "ldr %0, [%0, #:tprel_lo12_nc:runtime_g]"
      : "=r"(g)
      :
      : "memory");
  return g;
}
GO_NOSPLIT inline M* tlsm() {
  M* m;
  __asm__ volatile(
      "mrs %0, tpidr_el0\n\t"
      "add %0, %0, #:tprel_hi12:runtime_m\n\t"
      "ldr %0, [%0, #:tprel_lo12_nc:runtime_m]"
      : "=r"(m)
      :
      : "memory");
  return m;
}
GO_NOSPLIT inline void settlsg(G* g) {
  uintptr_t at;
  __asm__ volatile(
      "mrs %0, tpidr_el0\n\t"
      "add %0, %0, #:tprel_hi12:runtime_g\n\t"
      "str %1, [%0, #:tprel_lo12_nc:runtime_g]"
      : "=&r"(at)
      : "r"(g)
      : "memory");
}
GO_NOSPLIT inline void settlsm(M* m) {
  uintptr_t at;
  __asm__ volatile(
      "mrs %0, tpidr_el0\n\t"
      "add %0, %0, #:tprel_hi12:runtime_m\n\t"
      "str %1, [%0, #:tprel_lo12_nc:runtime_m]"
      : "=&r"(at)
      : "r"(m)
      : "memory");
}

GO_NOSPLIT inline void cpurelax() { __asm__ volatile("yield"); }

// The program's TLS image stands above the thread pointer and a control block of two words
// (variant I: ELF for the Arm 64-bit Architecture, 9.3).
inline constexpr bool kTlsAbove = true;
inline constexpr uintptr_t kTlsControl = 16;

// This arch has no red zone (AAPCS64, 6.4.5).
inline constexpr uintptr_t kRedZone = 0;

// From a frame's pointer to its record: the outer frame's pointer, then the return address
// (AAPCS64, 6.4.6).
inline constexpr intptr_t kFrameRecord = 0;

// What sigpanic takes the PC off: whole pairs, because SP stays 16-aligned.
inline constexpr uintptr_t kSigpanicSlot = 16;

// An integer divided by zero is 0: what a language makes of it is its compiler's business.
inline constexpr bool kDivisionTraps = false;

// Room for what setjmp keeps: x19-x30, sp, d8-d15.
inline constexpr int kJmpWords = 21;

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_ARCH_ARM64_ARCH_H_
