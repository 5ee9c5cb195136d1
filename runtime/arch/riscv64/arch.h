// What the portable runtime asks of an arch, for riscv64: inline pieces; the rest is asm.S.
#ifndef FAULTLINE_RUNTIME_ARCH_RISCV64_ARCH_H_
#define FAULTLINE_RUNTIME_ARCH_RISCV64_ARCH_H_

#include <stdint.h>

#include "runtime/nosplit.h"

namespace runtime {

struct G;
struct M;

// Where g and m stand from the thread pointer (tp), in bytes: the linker's constants.
GO_NOSPLIT inline intptr_t tlsgoffset() {
  intptr_t v;
  __asm__(
      "lui %0, %%tprel_hi(runtime_g)\n\t"
      "addi %0, %0, %%tprel_lo(runtime_g)"
      : "=r"(v));
  return v;
}
GO_NOSPLIT inline intptr_t tlsmoffset() {
  intptr_t v;
  __asm__(
      "lui %0, %%tprel_hi(runtime_m)\n\t"
      "addi %0, %0, %%tprel_lo(runtime_m)"
      : "=r"(v));
  return v;
}

// g and m in thread-local storage. Always read anew: a goroutine may go on on another thread after
// any call, and a compiler that knew these as thread-local variables would keep their address
// across it.
GO_NOSPLIT inline G* tlsg() {
  G* g;
  __asm__ volatile(
      "lui %0, %%tprel_hi(runtime_g)\n\t"
      "add %0, %0, tp, %%tprel_add(runtime_g)\n\t"
      "ld %0, %%tprel_lo(runtime_g)(%0)"
      : "=r"(g)
      :
      : "memory");
  return g;
}
GO_NOSPLIT inline M* tlsm() {
  M* m;
  __asm__ volatile(
      "lui %0, %%tprel_hi(runtime_m)\n\t"
      "add %0, %0, tp, %%tprel_add(runtime_m)\n\t"
      "ld %0, %%tprel_lo(runtime_m)(%0)"
      : "=r"(m)
      :
      : "memory");
  return m;
}
GO_NOSPLIT inline void settlsg(G* g) {
  uintptr_t at;
  __asm__ volatile(
      "lui %0, %%tprel_hi(runtime_g)\n\t"
      "add %0, %0, tp, %%tprel_add(runtime_g)\n\t"
      "sd %1, %%tprel_lo(runtime_g)(%0)"
      : "=&r"(at)
      : "r"(g)
      : "memory");
}
GO_NOSPLIT inline void settlsm(M* m) {
  uintptr_t at;
  __asm__ volatile(
      "lui %0, %%tprel_hi(runtime_m)\n\t"
      "add %0, %0, tp, %%tprel_add(runtime_m)\n\t"
      "sd %1, %%tprel_lo(runtime_m)(%0)"
      : "=&r"(at)
      : "r"(m)
      : "memory");
}

// PAUSE, by its number: the assembler knows it only with the extension that names it, and without
// it, it does nothing.
GO_NOSPLIT inline void cpurelax() { __asm__ volatile(".word 0x0100000f"); }

// The program's TLS image starts at the thread pointer (variant I: RISC-V ELF psABI, 3.3).
inline constexpr bool kTlsAbove = true;
inline constexpr uintptr_t kTlsControl = 0;

// This arch has no red zone.
inline constexpr uintptr_t kRedZone = 0;

// From a frame's pointer, which is where the caller's stack pointer was, to its record: the outer
// frame's pointer, then the return address (RISC-V ELF psABI, 1.1.2).
inline constexpr intptr_t kFrameRecord = -16;

// What sigpanic takes the PC off: whole pairs, because SP stays 16-aligned.
inline constexpr uintptr_t kSigpanicSlot = 16;

// An integer divided by zero is all ones: what a language makes of it is its compiler's business.
inline constexpr bool kDivisionTraps = false;

// Room for what setjmp keeps: ra, sp, s0-s11, fs0-fs11.
inline constexpr int kJmpWords = 26;

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_ARCH_RISCV64_ARCH_H_
