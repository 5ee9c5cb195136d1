// wait4 by one known instruction, with every argument register under control.

#ifndef REPRO_WAIT4_RESTART_WAIT4_STUB_H_
#define REPRO_WAIT4_RESTART_WAIT4_STUB_H_

#include <stdint.h>

#include "runtime/sys/context.h"

namespace faultline::repro {

// The six arguments of a system call, where the system has them: on amd64 rdi rsi rdx r10 r8 r9 (by
// INT 0x80 on FreeBSD rcx for r10), on 386 ebx ecx edx esi edi ebp (on the BSDs six words on the
// stack), on arm64 x0-x5, on arm r0-r5, on riscv64 a0-a5. wait4 takes four; the last two carry
// sentinels.
struct CallRegisters {
  static constexpr int kCount = 6;
  uintptr_t argument[kCount];
};

// The first so many of them are the same after the call: all, unless the system says otherwise.
// Where the result comes back in the first one, what was given stands for it.
// (rdx, where it is a call's second result, was 0 before this one too.)
#if defined(FAULTLINE_SYSCALL_KEEPS) && defined(__x86_64__) && !FAULTLINE_PATH_INT80
inline constexpr int kKeptOverCall = FAULTLINE_SYSCALL_KEEPS;
#else
inline constexpr int kKeptOverCall = CallRegisters::kCount;
#endif

// Their names in a hit line: what was there, and what should have been.
struct ArgumentName {
  const char* got;
  const char* wanted;
};
#if defined(__x86_64__)
#if defined(FAULTLINE_INT80_FOURTH) && FAULTLINE_PATH_INT80
inline constexpr ArgumentName kArgumentNames[] = {{"rdi", "want_rdi"}, {"rsi", "want_rsi"},
                                                  {"rdx", "want_rdx"}, {"rcx", "want_rcx"},
                                                  {"r8", "want_r8"},   {"r9", "want_r9"}};
#else
inline constexpr ArgumentName kArgumentNames[] = {{"rdi", "want_rdi"}, {"rsi", "want_rsi"},
                                                  {"rdx", "want_rdx"}, {"r10", "want_r10"},
                                                  {"r8", "want_r8"},   {"r9", "want_r9"}};
#endif
#elif FAULTLINE_BSD_CALLS
inline constexpr ArgumentName kArgumentNames[] = {{"arg1", "want_arg1"}, {"arg2", "want_arg2"},
                                                  {"arg3", "want_arg3"}, {"arg4", "want_arg4"},
                                                  {"arg5", "want_arg5"}, {"arg6", "want_arg6"}};
#elif defined(__aarch64__)
inline constexpr ArgumentName kArgumentNames[] = {{"x0", "want_x0"}, {"x1", "want_x1"},
                                                  {"x2", "want_x2"}, {"x3", "want_x3"},
                                                  {"x4", "want_x4"}, {"x5", "want_x5"}};
#elif defined(__arm__)
inline constexpr ArgumentName kArgumentNames[] = {{"r0", "want_r0"}, {"r1", "want_r1"},
                                                  {"r2", "want_r2"}, {"r3", "want_r3"},
                                                  {"r4", "want_r4"}, {"r5", "want_r5"}};
#elif defined(__riscv)
inline constexpr ArgumentName kArgumentNames[] = {{"a0", "want_a0"}, {"a1", "want_a1"},
                                                  {"a2", "want_a2"}, {"a3", "want_a3"},
                                                  {"a4", "want_a4"}, {"a5", "want_a5"}};
#else
inline constexpr ArgumentName kArgumentNames[] = {{"ebx", "want_ebx"}, {"ecx", "want_ecx"},
                                                  {"edx", "want_edx"}, {"esi", "want_esi"},
                                                  {"edi", "want_edi"}, {"ebp", "want_ebp"}};
#endif

// Argument n of a call by the stub that is about to be restarted.
inline uintptr_t ArgumentAtRestart(const runtime::sys::Context& context, int n) {
#if defined(FAULTLINE_INT80_FOURTH) && defined(__x86_64__) && FAULTLINE_PATH_INT80
  if (n == 3) return context.registers().rcx;
#endif
  return context.argument(n);
}

// Executes wait4 with `*registers`, by SYSCALL on amd64 (built for the path int80: by INT 0x80, on
// the BSDs), by INT 0x80 on 386, by SVC #0 on arm and arm64, and by ECALL on riscv64, and stores
// the registers as they are after it in `*registers`. Returns the process, or a negative errno.
extern "C" intptr_t Wait4Stub(CallRegisters* registers);

// The stub's instruction for that: where the program counter of a thread stands whose wait4 is
// about to be restarted.
extern "C" const char kWait4Instruction[];

// wait4's number, which stands in its register (Context::number) at a restart.
inline constexpr uintptr_t kWait4Number = runtime::sys::kWait4Number;

}  // namespace faultline::repro

#endif  // REPRO_WAIT4_RESTART_WAIT4_STUB_H_
