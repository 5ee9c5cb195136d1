// What the portable runtime asks of an arch, for 386: inline pieces; the rest is asm.S.
#ifndef FAULTLINE_RUNTIME_ARCH_386_ARCH_H_
#define FAULTLINE_RUNTIME_ARCH_386_ARCH_H_

#include <stdint.h>

#include "runtime/arch/tls.h"
#include "runtime/nosplit.h"

namespace runtime {

struct G;
struct M;

// Where g and m stand from the thread pointer, in bytes: the linker's constants.
GO_NOSPLIT inline intptr_t tlsgoffset() {
  intptr_t v;
#if defined(TLS_OFFSET_G)
  v = TLS_OFFSET_G;
#else
  __asm__("movl $runtime_g@ntpoff, %0" : "=r"(v));
#endif
  return v;
}
GO_NOSPLIT inline intptr_t tlsmoffset() {
  intptr_t v;
#if defined(TLS_OFFSET_M)
  v = TLS_OFFSET_M;
#else
  __asm__("movl $runtime_m@ntpoff, %0" : "=r"(v));
#endif
  return v;
}

// g and m in thread-local storage. Always read anew: a goroutine may go on on another thread after
// any call, and a compiler that knew these as thread-local variables would keep their address
// across it.
#if defined(_WIN32)
// Where the two slots lie in the TEB (os/windows/tls.cc).
extern "C" uintptr_t runtime_gslot;
extern "C" uintptr_t runtime_mslot;
GO_NOSPLIT inline G* tlsg() {
  G* g;
  __asm__ volatile("movl %%fs:(%1), %0" : "=r"(g) : "r"(runtime_gslot) : "memory");
  return g;
}
GO_NOSPLIT inline M* tlsm() {
  M* m;
  __asm__ volatile("movl %%fs:(%1), %0" : "=r"(m) : "r"(runtime_mslot) : "memory");
  return m;
}
GO_NOSPLIT inline void settlsg(G* g) {
  __asm__ volatile("movl %0, %%fs:(%1)" : : "r"(g), "r"(runtime_gslot) : "memory");
}
GO_NOSPLIT inline void settlsm(M* m) {
  __asm__ volatile("movl %0, %%fs:(%1)" : : "r"(m), "r"(runtime_mslot) : "memory");
}
#else
GO_NOSPLIT inline G* tlsg() {
  G* g;
  __asm__ volatile("movl " TLS_G_ASM ", %0" : "=r"(g) : : "memory");
  return g;
}
GO_NOSPLIT inline M* tlsm() {
  M* m;
  __asm__ volatile("movl " TLS_M_ASM ", %0" : "=r"(m) : : "memory");
  return m;
}
GO_NOSPLIT inline void settlsg(G* g) {
  __asm__ volatile("movl %0, " TLS_G_ASM : : "r"(g) : "memory");
}
GO_NOSPLIT inline void settlsm(M* m) {
  __asm__ volatile("movl %0, " TLS_M_ASM : : "r"(m) : "memory");
}
#endif

GO_NOSPLIT inline void cpurelax() { __asm__ volatile("pause"); }

// This arch has no red zone.
inline constexpr uintptr_t kRedZone = 0;

// The program's TLS image stands below the thread pointer, which points to its own address
// (variant II: Drepper, "ELF Handling For Thread-Local Storage").
inline constexpr bool kTlsAbove = false;
inline constexpr uintptr_t kTlsControl = 0;

// From a frame's pointer to its record: the outer frame's pointer, then the return address.
inline constexpr intptr_t kFrameRecord = 0;

// What sigpanic takes the PC off: as a call would have left it.
inline constexpr uintptr_t kSigpanicSlot = sizeof(uintptr_t);

// An integer divided by zero is a fault, SIGFPE.
inline constexpr bool kDivisionTraps = true;

// Room for what setjmp keeps: ebx, ebp, esi, edi, esp, eip.
inline constexpr int kJmpWords = 6;

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_ARCH_386_ARCH_H_
