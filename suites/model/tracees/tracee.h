// What the tracees stand on: raw calls that show every register before and after, and words on
// fd 1. No libc, no runtime. What differs between systems is in os/SYSTEM/.
#ifndef FAULTLINE_SUITES_MODEL_TRACEES_TRACEE_H_
#define FAULTLINE_SUITES_MODEL_TRACEES_TRACEE_H_

// FreeBSD's is also what is read where no other system is meant.
#if defined(__NetBSD__)
#include "suites/model/tracees/os/netbsd/os.h"
#else
#include "suites/model/tracees/os/freebsd/os.h"
#endif

namespace tracee {

// The arguments of a call in order, r8 to r11 and rcx beside them, and what is in the same places
// afterwards.
struct Call {
  Word number = 0;
  Word arguments[6] = {};
  Word result = 0;  // rax
  Word second = 0;  // rdx
  Word failed = 0;  // the carry flag
  Word rcx = 0, r8 = 0, r9 = 0, r10 = 0, r11 = 0;
};

extern "C" {
// By SYSCALL (amd64 alone), by INT 0x80. In call.S.
void CallBySyscall(Call* call);
void CallByInterrupt(Call* call);
// Puts known values into the registers that a call must keep, makes it, and counts those that it
// did not keep.
int KeptRegistersLost(Word number);
// A thread's first instructions: the registers that it finds, stored to its argument (Birth).
void ThreadStart();
// Ends a thread that is not the last.
[[noreturn]] void ThreadExit();
// Where _start found things.
extern Word start_registers[16];  // rax rbx rcx rdx rsi rdi rbp rsp r8 … r15; 386: the first eight
}

// The result, or -errno.
inline long Make(Word number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0,
                 Word f = 0) {
  Call call = {.number = number, .arguments = {a, b, c, d, e, f}};
#if defined(__x86_64__)
  CallBySyscall(&call);
#else
  CallByInterrupt(&call);
#endif
  return call.failed ? -static_cast<long>(call.result) : static_cast<long>(call.result);
}

// The fastest way into the kernel that the arch has.
inline void CallFast(Call* call) {
#if defined(__x86_64__)
  CallBySyscall(call);
#else
  CallByInterrupt(call);
#endif
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

// Memory of zeros: the last arguments, the offset, are 0 too wherever they lie.
inline long Mmap(Word size) {
  return Make(abi::k_mmap, 0, size, 3, abi::kMAP_ANON | abi::kMAP_PRIVATE, ~0ul, 0);
}

// What ThreadStart takes and fills in.
struct Birth {
  void (*function)(void*);
  void* argument;
  Word sp, bp, ax;
};
// A thread that runs function(argument) on a stack of its own; its number, or -errno.
long StartThread(void (*function)(void*), void* argument);
// The thread's own number.
long ThreadSelf();
// Both ends of a new pipe.
void MakePipe(int ends[2]);

// Waits while *word is value.
inline void Await(volatile unsigned* word, unsigned value) {
  while (*word == value) Make(abi::k_sched_yield);
}

using HandlerFunction = void (*)(int, abi::SigInfo*, abi::UContext*);
// sigaction, with whatever trampoline the system wants. 0 or -errno.
long SetAction(int signal, const abi::SigAction* action, abi::SigAction* old);
// 0 or -errno.
long Install(int signal, HandlerFunction handler, unsigned flags);
// The first word of the mask that the thread has now.
unsigned MaskNow();

// ---- Of the suite (facts.cc) --------------------------------------------------------------------

// A fact by its name, shown for these arguments.
struct Fact {
  const char* name;
  void (*show)(char** arguments);
};
// Those that the system alone has, or shows in its own way; in os/SYSTEM/facts.cc.
extern const Fact kOwnFacts[];
extern const unsigned long kOwnFactCount;

inline constexpr Word kFourth = 0x4a4, kFifth = 0x5a5, kSixth = 0x6a6;
// A call with known words in all arguments that it does not look at.
Call Prepared(Word number);
// Makes a call, by INT 0x80 or the fastest way, and shows what it leaves.
void CallOnce(Word number, bool interrupt);
// More than enough turns for a thread that is ready to do all that it can.
void LetOthersRun();

// What the last handler found.
struct Seen {
  Word sp, context, info, pc_after;
  int signal, si_code, si_pid, si_status, trap;
  Word addr;
  unsigned mask, mask_to_restore;
  Word value;
  Word count;
  Word rcx, r10, r11;
};
extern volatile Seen seen;
extern unsigned char alt_stack[65536];
// How many bytes a handler goes on behind the instruction that raised the signal.
extern int instruction_size;
void Handler(int signal, abi::SigInfo* info, abi::UContext* context);
void ShowHandler();
// Sends the process a signal.
inline void Raise(int signal) {
  Make(abi::k_kill, static_cast<Word>(Make(abi::k_getpid)), static_cast<Word>(signal));
}
// Of the system: what else there is to show of a handler's frame, and of a program's start: its
// stack's first word, and where the auxiliary vector is.
void ShowOwnFrame();
void ShowOwnStart(const Word* stack, const Word* auxiliary);

// A thread that is asleep in a call, or will be as soon as it can: it makes `sleeper_call`.
extern volatile unsigned ready;
extern volatile unsigned sleeper_done;
extern volatile long sleeper_result;
extern Call sleeper_call;
extern int pipe_ends[2];
void Sleeper(void*);

// The last thing of each tracee: what `name` asks for.
void Run(const char* name, char** arguments);

}  // namespace tracee

#endif  // FAULTLINE_SUITES_MODEL_TRACEES_TRACEE_H_
