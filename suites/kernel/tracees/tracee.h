// What the tracees stand on: raw calls that show every argument register before and after, and a
// way to wait until another thread sleeps in a call.
#ifndef FAULTLINE_SUITES_KERNEL_TRACEES_TRACEE_H_
#define FAULTLINE_SUITES_KERNEL_TRACEES_TRACEE_H_

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// A number shared between threads and handlers. (There is no 32-bit <atomic> without a 32-bit
// libstdc++.)
template <typename T>
class Shared {
 public:
  operator T() const { return __atomic_load_n(&value_, __ATOMIC_SEQ_CST); }
  void operator=(T value) { __atomic_store_n(&value_, value, __ATOMIC_SEQ_CST); }
  void operator++() { __atomic_add_fetch(&value_, 1, __ATOMIC_SEQ_CST); }

 private:
  T value_ = {};
};

// The arguments of a call in order, and what their registers hold when it has returned.
struct Call {
  long number;
  unsigned long arguments[6];
  long result;
};

#if defined(__x86_64__)
inline void Do(Call* call) {
  register unsigned long r10 __asm__("r10") = call->arguments[3];
  register unsigned long r8 __asm__("r8") = call->arguments[4];
  register unsigned long r9 __asm__("r9") = call->arguments[5];
  unsigned long rdi = call->arguments[0], rsi = call->arguments[1], rdx = call->arguments[2];
  __asm__ volatile("syscall"
                   : "=a"(call->result), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8),
                     "+r"(r9)
                   : "a"(call->number)
                   : "rcx", "r11", "memory");
  const unsigned long after[6] = {rdi, rsi, rdx, r10, r8, r9};
  memcpy(call->arguments, after, sizeof after);
}

// The 386 path of 64-bit code: 386 numbers, arguments in ebx, ecx, edx, esi, edi; r8 to r10 along
// for the ride as `extra`.
inline void DoInt80(Call* call, unsigned long extra[3]) {
  register unsigned long r8 __asm__("r8") = extra[0];
  register unsigned long r9 __asm__("r9") = extra[1];
  register unsigned long r10 __asm__("r10") = extra[2];
  unsigned long rbx = call->arguments[0], rcx = call->arguments[1], rdx = call->arguments[2];
  unsigned long rsi = call->arguments[3], rdi = call->arguments[4];
  __asm__ volatile("int $0x80"
                   : "=a"(call->result), "+b"(rbx), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi),
                     "+r"(r8), "+r"(r9), "+r"(r10)
                   : "a"(call->number)
                   : "memory");
  const unsigned long after[6] = {rbx, rcx, rdx, rsi, rdi, 0};
  memcpy(call->arguments, after, sizeof after);
  extra[0] = r8, extra[1] = r9, extra[2] = r10;
}
#else
// ebp is the frame pointer: the sixth argument goes in and out through memory at a fixed place.
inline unsigned long sixth_argument;
inline void Do(Call* call) {
  sixth_argument = call->arguments[5];
  unsigned long ebx = call->arguments[0], ecx = call->arguments[1], edx = call->arguments[2];
  unsigned long esi = call->arguments[3], edi = call->arguments[4];
  __asm__ volatile(
      "pushl %%ebp\n"
      "movl %[sixth], %%ebp\n"
      "int $0x80\n"
      "movl %%ebp, %[sixth]\n"
      "popl %%ebp\n"
      : "=a"(call->result), "+b"(ebx), "+c"(ecx), "+d"(edx), "+S"(esi),
        "+D"(edi), [sixth] "+m"(sixth_argument)
      : "a"(call->number)
      : "memory");
  const unsigned long after[6] = {ebx, ecx, edx, esi, edi, sixth_argument};
  memcpy(call->arguments, after, sizeof after);
}
#endif

inline bool ReadFile(const char* path, char* text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t got = read(fd, text, size - 1);
  close(fd);
  if (got < 0) return false;
  text[got] = '\0';
  return true;
}

// Whether thread `tid` of this process sleeps in call `number`.
inline bool SleepsIn(int tid, long number) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
  if (!ReadFile(path, text, sizeof text)) return false;
  char* end = nullptr;
  if (strtol(text, &end, 10) != number || end == text) return false;
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
  if (!ReadFile(path, text, sizeof text)) return false;
  const char* state = strrchr(text, ')');
  return state && state[2] == 'S';
}

// Waits for a state. The test that runs the tracee has the watchdog.
template <typename Condition>
void Await(Condition condition) {
  while (!condition()) sched_yield();
}

inline void Die(const char* what) {
  perror(what);
  exit(70);
}

#endif  // FAULTLINE_SUITES_KERNEL_TRACEES_TRACEE_H_
