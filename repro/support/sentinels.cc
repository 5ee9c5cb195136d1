#include "repro/support/sentinels.h"

#include "runtime/sys/sys.h"

namespace faultline::support {

uint32_t held_word;

namespace {

#if defined(__x86_64__)
enum Index : uint8_t { kRax, kRbx, kRcx, kRdx, kRsi, kRdi, kRbp, kR8, kR9, kR10, kR11 };
[[maybe_unused]] constexpr int kCallNumber = kRax;
[[maybe_unused]] constexpr int kCallArguments[] = {kRdi, kRsi, kRdx};
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
[[maybe_unused]] constexpr int kCallNumber = kEax;
[[maybe_unused]] constexpr int kCallArguments[] = {kEbx, kEcx, kEdx};
constexpr bool MayChange(int i) { return i == kEax; }
#elif defined(__aarch64__)
enum Index : uint8_t { kX0, kX1, kX2, kX8 = 8 };
constexpr int kCallNumber = kX8;
constexpr int kCallArguments[] = {kX0, kX1, kX2};
constexpr bool MayChange(int i) { return i == kX0; }
#elif defined(__arm__)
enum Index : uint8_t { kR0, kR1, kR2, kR7 = 7 };
constexpr int kCallNumber = kR7;
constexpr int kCallArguments[] = {kR0, kR1, kR2};
constexpr bool MayChange(int i) { return i == kR0; }
#elif defined(__riscv)
enum Index : uint8_t { kA0 = 7, kA1, kA2, kA7 = 14 };
constexpr int kCallNumber = kA7;
constexpr int kCallArguments[] = {kA0, kA1, kA2};
constexpr bool MayChange(int i) { return i == kA0; }
#endif

}  // namespace

#if defined(__x86_64__)
const char* const kRegisterNames[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
                                      "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
#elif defined(__i386__)
const char* const kRegisterNames[] = {"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"};
#elif defined(__aarch64__)
const char* const kRegisterNames[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",
                                      "x8",  "x9",  "x10", "x11", "x12", "x13", "x14", "x15",
                                      "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
                                      "x24", "x25", "x26", "x27", "x28", "x29", "x30"};
#elif defined(__arm__)
const char* const kRegisterNames[] = {"r0", "r1", "r2", "r3",  "r4", "r5", "r6",
                                      "r7", "r8", "r9", "r10", "fp", "ip", "lr"};
#elif defined(__riscv)
const char* const kRegisterNames[] = {"ra", "gp", "t0", "t1",  "t2",  "s0", "s1", "a0", "a1", "a2",
                                      "a3", "a4", "a5", "a6",  "a7",  "s2", "s3", "s4", "s5", "s6",
                                      "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
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

#if !defined(_WIN32)
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
#endif

}  // namespace faultline::support
