// A program that exercises the runtime, one case a run: `exercise CASE`. It prints "ok" and exits
// with 0 when the case held, "FAIL file:line what" and exits with 1 when not; cases that must kill
// the process say "before" first. What a death has to look like is written in runtime_test.cc.
#ifndef FAULTLINE_SUITES_RUNTIME_EXERCISE_H_
#define FAULTLINE_SUITES_RUNTIME_EXERCISE_H_

#include "runtime/arch/arch.h"
#include "runtime/runtime.h"

namespace exercise {

struct Foreign;

struct Case {
  const char* name;
  void (*run)();
};

// Each file's cases; the lists end with a null name.
extern const Case kSupportCases[];
extern const Case kSchedulerCases[];
extern const Case kStackCases[];
extern const Case kPanicCases[];
extern const Case kCgoCases[];
extern const Case kSignalCases[];
extern const Case kHostedCases[];  // empty where there is no libc

[[noreturn]] void failed(const char* file, int line, const char* what);

#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) ::exercise::failed(__FILE__, __LINE__, #condition); \
  } while (0)
#define CHECK_EQ(a, b)                                                                          \
  do {                                                                                          \
    const auto left = (a);                                                                      \
    const auto right = (b);                                                                     \
    if (!(left == right)) {                                                                     \
      runtime::Print(1).s("left=").d((int64_t)(left)).s(" right=").d((int64_t)(right)).s("\n"); \
      ::exercise::failed(__FILE__, __LINE__, #a " == " #b);                                     \
    }                                                                                           \
  } while (0)

// A function that runs on a foreign thread, outside of a callback: it is C there, so it must not
// check a stack.
#define FOREIGN GO_NOSPLIT

// Such a function of a lambda marked FOREIGN: f.fn = foreignfunction([](Foreign* self) FOREIGN { …
// });
template <typename F>
FOREIGN void runforeign(Foreign* self) {
  F{}(self);
}
template <typename F>
auto foreignfunction(F) {
  return &runforeign<F>;
}
// The same for what C calls with a pointer.
template <typename F>
FOREIGN void runcfunction(void* arg) {
  F{}(arg);
}
template <typename F>
auto cfunction(F) {
  return &runcfunction<F>;
}

// One store to address 8 by one instruction, and whether the code at `pc` is that: `pc` is then
// moved behind it.
FOREIGN inline void storeat8() {
#if defined(__x86_64__) || defined(__i386__)
  __asm__ volatile("movl $1, 8" : : : "memory");
#elif defined(__aarch64__)
  __asm__ volatile("mov x9, #8\n\tstr wzr, [x9]" : : : "x9", "memory");
#elif defined(__arm__)
  __asm__ volatile("mov r12, #8\n\tstr r12, [r12]" : : : "r12", "memory");
#elif defined(__riscv)
  __asm__ volatile("sw zero, 8(zero)" : : : "memory");
#endif
}
FOREIGN inline bool skipstoreat8(uintptr_t* pc) {
#if defined(__x86_64__) || defined(__i386__)
  // C7 05, 10 bytes on 386; C7 04 25, 11 bytes on amd64.
  const auto* code = reinterpret_cast<const unsigned char*>(*pc);
  if (code[0] != 0xc7) return false;
  *pc += code[1] == 0x05 ? 10 : 11;
#else
#if defined(__aarch64__)
  constexpr uint32_t kStore = 0xb900013f;
#elif defined(__arm__)
  constexpr uint32_t kStore = 0xe58cc000;
#elif defined(__riscv)
  constexpr uint32_t kStore = 0x00002423;
#endif
  uint32_t code = 0;
  __builtin_memcpy(&code, reinterpret_cast<const void*>(*pc), sizeof(code));
  if (code != kStore) return false;
  *pc += sizeof(code);
#endif
  return true;
}

FOREIGN inline int load(const int* p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
FOREIGN inline int add(int* p, int n) { return __atomic_add_fetch(p, n, __ATOMIC_SEQ_CST); }
FOREIGN inline void store(int* p, int n) { __atomic_store_n(p, n, __ATOMIC_SEQ_CST); }

// Waits, as a goroutine, until the condition holds: other goroutines run meanwhile. The driver's
// watchdog ends a wait that never does.
template <typename F>
void until(F&& condition) {
  while (!condition()) runtime::gosched();
}

// A goroutine from anything callable without arguments; it must outlive the goroutine.
template <typename F>
runtime::G* go(F& f) {
  return runtime::newproc([](void* p) { (*static_cast<F*>(p))(); }, &f);
}

// --- foreign side: c_side.cc, compiled without the stack check
// --------------------------------------------------

extern "C" {
// A thread by the kernel's own call, no libc and no runtime in it, with its creator's signal mask.
// tls: what it has for thread-local storage.
enum ForeignTls { kNoTls, kInheritedTls };
struct Foreign {
  void (*fn)(Foreign* self);
  void* arg;
  int32_t tid;
  runtime::sys::ThreadLife life;
  runtime::sys::SigSet mask;
  size_t stackbytes;
  uintptr_t stack;  // lowest usable address
};
// Starts fn(self) on a thread with a stack of its own.
void foreign_start(Foreign* f, ForeignTls tls);
// Waits for its end (in the kernel; use runtime::blocking) and frees the stack.
void foreign_join(Foreign* f);

// Calls fn(arg) with at least `bytes` more of stack in use.
void c_deep(size_t bytes, void (*fn)(void*), void* arg);
// Uses stack without end.
void c_overflow();
// Faults at address 8.
void c_fault();
}

}  // namespace exercise

#endif  // FAULTLINE_SUITES_RUNTIME_EXERCISE_H_
