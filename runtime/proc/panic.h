// Panics, fatal errors and tracebacks.
#ifndef FAULTLINE_RUNTIME_PROC_PANIC_H_
#define FAULTLINE_RUNTIME_PROC_PANIC_H_

#include <stddef.h>
#include <stdint.h>

namespace runtime {

struct G;

// What recover hands back.
struct Panic {
  const char* message;  // static: "invalid memory address or nil pointer dereference", …
  int32_t sig;          // the signal it came from, or 0
  int32_t code;         // its si_code
  uintptr_t addr;       // its si_addr
  uintptr_t pc;         // the instruction
};

// Panics on this goroutine: the innermost recover() returns, or, when there is none, the process
// prints
//   panic: MESSAGE
//   goroutine N [running]: …
// on fd 2 and exits with 2. On g0 it is fatal.
[[noreturn]] void gopanic(const char* message);

// Runs fn(arg) on this goroutine. False when it panicked (also from a SIGSEGV, SIGBUS or SIGFPE in
// it); *panic then says how. Destructors of the frames between do not run. A panic may cross C
// frames: the calls into C and callbacks in progress between fn and the panic are abandoned.
bool recover(void (*fn)(void*), void* arg, Panic* panic);

// A fatal error of the runtime: "fatal error: MESSAGE", traceback, exit 2. Callable anywhere.
[[noreturn]] void throw_(const char* message);

// Writes the stack of g (stopped, or this one) to fd 2: one line per frame, function+offset where
// the program's own symbols can be read.
void traceback(uintptr_t pc, uintptr_t fp, const G* g);

// Writes "function+0xoff" (or "0xpc") of pc into buf, zero terminated; async-signal-safe, no
// allocation.
void symbolize(uintptr_t pc, char* buf, size_t size);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_PROC_PANIC_H_
