// What the portable runtime asks of an arch, for amd64: inline pieces; the rest is asm.S.
#ifndef FAULTLINE_RUNTIME_ARCH_AMD64_ARCH_H_
#define FAULTLINE_RUNTIME_ARCH_AMD64_ARCH_H_

#include <stdint.h>

#include "runtime/nosplit.h"

namespace runtime {

struct G;
struct M;

// g and m in thread-local storage. Always read anew: a goroutine may go on on another thread after
// any call, and a compiler that knew these as thread-local variables would keep their address
// across it.
GO_NOSPLIT inline G* tlsg() {
  G* g;
  __asm__ volatile("movq %%fs:runtime_g@tpoff, %0" : "=r"(g) : : "memory");
  return g;
}
GO_NOSPLIT inline M* tlsm() {
  M* m;
  __asm__ volatile("movq %%fs:runtime_m@tpoff, %0" : "=r"(m) : : "memory");
  return m;
}
GO_NOSPLIT inline void settlsg(G* g) {
  __asm__ volatile("movq %0, %%fs:runtime_g@tpoff" : : "r"(g) : "memory");
}
GO_NOSPLIT inline void settlsm(M* m) {
  __asm__ volatile("movq %0, %%fs:runtime_m@tpoff" : : "r"(m) : "memory");
}

GO_NOSPLIT inline void cpurelax() { __asm__ volatile("pause"); }

// Bytes below the stack pointer that a leaf function may use without moving it (System V
// ABI, 3.2.2).
inline constexpr uintptr_t kRedZone = 128;

// Room for what setjmp keeps: rbx, rbp, r12-r15, rsp, rip.
inline constexpr int kJmpWords = 8;

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_ARCH_AMD64_ARCH_H_
