#include "repro/support/sentinels.h"

#include "runtime/sys/sys.h"

namespace faultline::support {

uint32_t held_word;

namespace {

#if defined(__x86_64__)
enum Index : uint8_t { kRax, kRbx, kRcx, kRdx, kRsi, kRdi, kRbp, kR8, kR9, kR10, kR11 };
constexpr int kCallNumber = kRax;
constexpr int kCallArguments[] = {kRdi, kRsi, kRdx};
// SYSCALL puts the program counter into rcx and the flags into r11. FreeBSD's fast way back gives
// r10 back in rcx, and in r10 what it had there before; the others are kept where a handler ran
// during the call (amd64/amd64/exception.S; machdep.c, sendsig).
#if defined(FAULTLINE_SYSCALL_KEEPS)
constexpr bool MayChange(int i) { return i == kRax || i == kRcx || i == kR10 || i == kR11; }
#else
constexpr bool MayChange(int i) { return i == kRax || i == kRcx || i == kR11; }
#endif
#elif defined(__i386__)
enum Index : uint8_t { kEax, kEbx, kEcx, kEdx };
constexpr int kCallNumber = kEax;
constexpr int kCallArguments[] = {kEbx, kEcx, kEdx};
constexpr bool MayChange(int i) { return i == kEax; }
#endif

}  // namespace

#if defined(__x86_64__)
const char* const kRegisterNames[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
                                      "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
#elif defined(__i386__)
const char* const kRegisterNames[] = {"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"};
#endif

Registers Sentinels(uint32_t salt) {
  Registers registers;
  for (int i = 0; i < Registers::kCount; ++i) {
    // The same pattern in both halves of a long register, so that a lost half shows.
    const uint32_t half = 0x51000000 | static_cast<uint32_t>(i) << 16 | (salt & 0xffff);
    registers.value[i] = static_cast<uintptr_t>((static_cast<uint64_t>(half) << 32) | half);
  }
  return registers;
}

int FirstDifference(const Registers& before, const Registers& after) {
  for (int i = 0; i < Registers::kCount; ++i) {
    if (!MayChange(i) && before.value[i] != after.value[i]) return i;
  }
  return -1;
}

void SetCall(Registers* registers, long number, long a, long b, long c) {
  registers->value[kCallNumber] = static_cast<uintptr_t>(number);
  registers->value[kCallArguments[0]] = static_cast<uintptr_t>(a);
  registers->value[kCallArguments[1]] = static_cast<uintptr_t>(b);
  registers->value[kCallArguments[2]] = static_cast<uintptr_t>(c);
}

void SetThreadKill(Registers* registers, int signal) {
  namespace sys = runtime::sys;
  if constexpr (sys::kThreadKillHasProcess) {
    SetCall(registers, sys::kThreadKill, sys::getpid(), sys::gettid(), signal);
  } else {
    // The third is no argument, and 0 is what a call that succeeds leaves there (NetBSD:
    // x86/syscall.c).
    SetCall(registers, sys::kThreadKill, sys::gettid(), signal, 0);
  }
}

}  // namespace faultline::support
