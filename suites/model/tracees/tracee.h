// What the FreeBSD tracees stand on: raw calls that show every register before and after, and words
// on fd 1. No libc, no runtime.
#ifndef FAULTLINE_SUITES_MODEL_TRACEES_TRACEE_H_
#define FAULTLINE_SUITES_MODEL_TRACEES_TRACEE_H_

#include "abi/freebsd/native.h"

namespace tracee {

namespace abi = faultline::abi::native;

using Word = unsigned long;

// The arguments of a call in order, r8 to r11 and rcx beside them, and what is in the same places
// afterwards.
struct Call {
  Word number;
  Word arguments[6];
  Word result;  // rax
  Word second;  // rdx
  Word failed;  // the carry flag
  Word rcx, r8, r9, r10, r11;
};

extern "C" {
// By SYSCALL (amd64 alone), by INT 0x80. In call.S.
void CallBySyscall(Call* call);
void CallByInterrupt(Call* call);
// Puts known values into the registers that a call must keep, makes it, and counts those that it
// did not keep.
int KeptRegistersLost(Word number);
// A thread's first instructions: the registers that it finds, stored to its argument.
void ThreadStart();
// Where _start found things.
extern Word start_registers[16];  // rax rbx rcx rdx rsi rdi rbp rsp r8 … r15; 386: the first eight
}

// The result, or -errno.
inline long Make(Word number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0,
                 Word f = 0) {
  Call call = {number, {a, b, c, d, e, f}, 0, 0, 0, 0, 0, 0, 0, 0};
#if defined(__x86_64__)
  CallBySyscall(&call);
#else
  CallByInterrupt(&call);
#endif
  return call.failed ? -static_cast<long>(call.result) : static_cast<long>(call.result);
}

template <typename T>
Word At(T* pointer) {
  return reinterpret_cast<Word>(pointer);
}

// "name=value ", hexadecimal or decimal.
void Hex(const char* name, Word value);
void Number(const char* name, long value);
void Text(const char* name, const char* value);
void EndLine();

inline bool Same(const char* a, const char* b) {
  while (*a && *a == *b) ++a, ++b;
  return *a == *b;
}

[[noreturn]] inline void Exit(int status) {
  for (;;) Make(abi::k_exit, static_cast<Word>(status));
}

inline long Mmap(Word size) {
#if defined(__x86_64__)
  return Make(abi::k_mmap, 0, size, 3, abi::kMAP_ANON | abi::kMAP_PRIVATE, ~0ul, 0);
#else
  return Make(abi::k_mmap, 0, size, 3, abi::kMAP_ANON | abi::kMAP_PRIVATE, ~0ul, 0);
#endif
}

// A thread that runs function(argument) on a stack of its own; its number.
long StartThread(void (*function)(void*), void* argument);

// Waits while *word is value.
inline void Await(volatile unsigned* word, unsigned value) {
  while (*word == value) Make(abi::k_sched_yield);
}

void Install(int signal, void (*handler)(int, abi::SigInfo*, abi::UContext*), unsigned flags);

// The last thing of each tracee: what `name` asks for.
void Run(const char* name, char** arguments);

}  // namespace tracee

#endif  // FAULTLINE_SUITES_MODEL_TRACEES_TRACEE_H_
