// What the guests of this suite stand on: the way into a BSD's kernel, and words on fd 1.
#ifndef FAULTLINE_SUITES_FOREIGN_GUEST_H_
#define FAULTLINE_SUITES_FOREIGN_GUEST_H_

#include <stddef.h>
#include <stdint.h>

#include "suites/foreign/os.h"

namespace guest {

// A call's first result, or -errno.
extern "C" long GuestCall(long number, long a, long b, long c, long d, long e, long f);
inline long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                 long f = 0) {
  return GuestCall(number, a, b, c, d, e, f);
}

inline long Address(const volatile void* of) { return reinterpret_cast<long>(of); }

inline size_t Length(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

inline bool Same(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

inline void Print(const char* text) {
  Call(os::k_write, 1, Address(text), static_cast<long>(Length(text)));
}

inline void PrintNumber(int64_t number) {
  char text[24];
  char* at = text + sizeof text - 1;
  *at = '\0';
  bool negative = number < 0;
  auto left = static_cast<uint64_t>(negative ? -number : number);
  do {
    *--at = static_cast<char>('0' + static_cast<uint32_t>(left % 10));
    left /= 10;
  } while (left != 0);
  if (negative) *--at = '-';
  Print(at);
}

// "name=number ".
inline void Tell(const char* name, int64_t number) {
  Print(name);
  Print("=");
  PrintNumber(number);
  Print(" ");
}

[[noreturn]] inline void Exit(int status) {
  for (;;) Call(os::k_exit, status);
}

// What a guest holds true: else it says where, and ends with 1.
#define EXPECT(condition) guest::Expect(condition, __LINE__, #condition)
extern int64_t last;  // the result that was looked at last, for the message
inline int64_t Look(int64_t value) { return last = value; }

inline void Expect(bool holds, int line, const char* what) {
  if (holds) return;
  Print("line ");
  PrintNumber(line);
  Print(": ");
  Print(what);
  Tell("; last result", last);
  Print("\n");
  Exit(1);
}

// One job of the suite: NAME ARGUMENT of the command line.
struct Job {
  const char* name;
  void (*run)(const char* argument);
};
extern const Job kFileJobs[];
extern const size_t kFileJobCount;
extern const Job kEventJobs[];
extern const size_t kEventJobCount;
extern const Job kSocketJobs[];
extern const size_t kSocketJobCount;

}  // namespace guest

extern "C" [[noreturn]] void GuestMain(const long* stack);

#endif  // FAULTLINE_SUITES_FOREIGN_GUEST_H_
