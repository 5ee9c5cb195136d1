// Known values in every general register, across something that must not change them.

#ifndef REPRO_SUPPORT_SENTINELS_H_
#define REPRO_SUPPORT_SENTINELS_H_

#include <stdint.h>

namespace faultline::support {

// The general registers but the stack pointer (and on riscv64 the thread pointer, which is one), in
// the order of kRegisterNames.
struct Registers {
#if defined(__x86_64__)
  static constexpr int kCount = 15;
#elif defined(__i386__)
  static constexpr int kCount = 7;
#elif defined(__aarch64__)
  static constexpr int kCount = 31;
#elif defined(__arm__)
  static constexpr int kCount = 14;
#elif defined(__riscv)
  static constexpr int kCount = 29;
#endif
  uintptr_t value[kCount];
};
extern const char* const kRegisterNames[Registers::kCount];

// Values that no other code puts into a register, different for every register and for every
// `salt`.
Registers Sentinels(uint32_t salt);

// The index of the first register in which the two differ, or -1. Registers that the code under
// test may change are passed over: the result register and, on amd64, the two that SYSCALL
// overwrites. (Where a load needs an address in a register, that is the result register.)
int FirstDifference(const Registers& before, const Registers& after);

// Each loads `*registers` into the registers, does its step, and stores what the registers then
// hold in `*registers`.

// Spins while held_word is 0.
extern "C" void HoldRegisters(Registers* registers);
extern "C" uint32_t held_word;

// A system call; number and arguments are taken from `*registers`, too: see SetCall.
extern "C" void CallWithRegisters(Registers* registers);
void SetCall(Registers* registers, long number, long a, long b, long c);
// The call that sends a signal to the calling thread.
void SetThreadKill(Registers* registers, int signal);

// Loads from address 64, which is never mapped, at kFaultInstruction. Goes on at kFaultResume, if a
// handler moves the program counter there.
extern "C" void FaultWithRegisters(Registers* registers);
extern "C" const char kFaultInstruction[];
extern "C" const char kFaultResume[];

}  // namespace faultline::support

#endif  // REPRO_SUPPORT_SENTINELS_H_
