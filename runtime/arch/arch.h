// The arch this is compiled for, and the routines every arch has in its asm.S.
#ifndef FAULTLINE_RUNTIME_ARCH_ARCH_H_
#define FAULTLINE_RUNTIME_ARCH_ARCH_H_

#include <stdint.h>

#if defined(__x86_64__)
#include "runtime/arch/amd64/arch.h"
#elif defined(__i386__)
#include "runtime/arch/386/arch.h"
#elif defined(__aarch64__)
#include "runtime/arch/arm64/arch.h"
#elif defined(__arm__)
#include "runtime/arch/arm/arch.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "runtime/arch/riscv64/arch.h"
#else
#error "no port of the runtime for this arch"
#endif

namespace runtime {

// What a frame keeps of its caller, found by the frame's pointer.
struct FrameRecord {
  uintptr_t fp;
  uintptr_t pc;  // the return address
};
GO_NOSPLIT inline const FrameRecord* framerecord(uintptr_t fp) {
  return reinterpret_cast<const FrameRecord*>(fp + static_cast<uintptr_t>(kFrameRecord));
}

struct JmpBuf {
  uintptr_t word[kJmpWords];
};

// Contracts are at the routines in arch/<arch>/asm.S.
extern "C" {
[[noreturn]] void runtime_gogo(G* g);
void runtime_mcall(void (*fn)(G*));
void runtime_asmcgocall(void (*fn)(void*), void* arg);
void runtime_callback(void (*fn)(void*), void* arg);
void runtime_callonstack(uintptr_t sp, void (*fn)(void*), void* arg);
[[noreturn]] void runtime_diestack(void (*fn)(void*), void* arg);
int runtime_setjmp(JmpBuf* buf) __attribute__((returns_twice));
[[noreturn]] void runtime_longjmp(JmpBuf* buf);
// Not for C: where gogo starts a new goroutine, and where a fault's context is sent.
void runtime_gostart();
void runtime_sigpanic();
// The stack check.
void __cyg_profile_func_enter_bare();
}

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_ARCH_ARCH_H_
