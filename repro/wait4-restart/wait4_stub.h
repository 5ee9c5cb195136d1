// wait4 by one known instruction, with every argument register under control.

#ifndef REPRO_WAIT4_RESTART_WAIT4_STUB_H_
#define REPRO_WAIT4_RESTART_WAIT4_STUB_H_

#include <stdint.h>

namespace faultline::repro {

// The six argument registers of a system call, in the order of the arguments: rdi rsi rdx r10 r8 r9
// on amd64, ebx ecx edx esi edi ebp on 386. wait4 takes four; the last two carry sentinels.
struct CallRegisters {
  static constexpr int kCount = 6;
  uintptr_t argument[kCount];
};

// Executes wait4 with `*registers`, by SYSCALL on amd64 and by INT 0x80 on 386, and stores the
// registers as they are after it in `*registers`. Returns what the kernel returned: a process or a
// negative errno.
extern "C" intptr_t Wait4Stub(CallRegisters* registers);

// The stub's SYSCALL or INT 0x80: where the program counter of a thread stands whose wait4 is about
// to be restarted.
extern "C" const char kWait4Instruction[];

// wait4's number, the value of rax or eax at a restart: abi/linux, "Numbers used by a small
// runtime".
#if defined(__x86_64__)
inline constexpr uintptr_t kWait4Number = 61;
#else
inline constexpr uintptr_t kWait4Number = 114;
#endif

}  // namespace faultline::repro

#endif  // REPRO_WAIT4_RESTART_WAIT4_STUB_H_
