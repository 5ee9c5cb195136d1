// The functions that compilers call by themselves, for programs without a libc. Weak: a program may
// bring better ones. Plain loops would be compiled into calls to themselves, so these are compiled
// with -fno-builtin.

#include <stddef.h>
#include <stdint.h>

#include "runtime/nosplit.h"

// COFF's weak symbols are not found in a library: there these are the only ones.
#if defined(__ELF__)
#define FAULTLINE_WEAK extern "C" __attribute__((weak)) GO_NOSPLIT
#else
#define FAULTLINE_WEAK extern "C" GO_NOSPLIT
#endif

#if defined(__x86_64__) || defined(__i386__)

FAULTLINE_WEAK void* memcpy(void* __restrict to, const void* __restrict from, size_t n) {
  void* result = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
  return result;
}

FAULTLINE_WEAK void* memset(void* to, int byte, size_t n) {
  void* result = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
  return result;
}

#else

FAULTLINE_WEAK void* memcpy(void* __restrict to, const void* __restrict from, size_t n) {
  auto* t = static_cast<unsigned char*>(to);
  const auto* f = static_cast<const unsigned char*>(from);
  for (size_t i = 0; i < n; i++) t[i] = f[i];
  return to;
}

FAULTLINE_WEAK void* memset(void* to, int byte, size_t n) {
  auto* t = static_cast<unsigned char*>(to);
  for (size_t i = 0; i < n; i++) t[i] = static_cast<unsigned char>(byte);
  return to;
}

#endif

FAULTLINE_WEAK void* memmove(void* to, const void* from, size_t n) {
  auto* t = static_cast<unsigned char*>(to);
  const auto* f = static_cast<const unsigned char*>(from);
  if (t <= f || t >= f + n) return memcpy(to, from, n);
  while (n > 0) {
    n--;
    t[n] = f[n];
  }
  return to;
}

FAULTLINE_WEAK int memcmp(const void* a, const void* b, size_t n) {
  const auto* x = static_cast<const unsigned char*>(a);
  const auto* y = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < n; i++) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}

FAULTLINE_WEAK size_t strlen(const char* s) {
  size_t n = 0;
  while (s[n] != 0) n++;
  return n;
}

FAULTLINE_WEAK int strncmp(const char* a, const char* b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const auto x = static_cast<unsigned char>(a[i]);
    const auto y = static_cast<unsigned char>(b[i]);
    if (x != y) return x < y ? -1 : 1;
    if (x == 0) return 0;
  }
  return 0;
}

FAULTLINE_WEAK int strcmp(const char* a, const char* b) { return strncmp(a, b, SIZE_MAX); }

// Destructors of static objects do not run: such a program ends by exit_group.
FAULTLINE_WEAK int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
#if defined(__ELF__)
extern "C" {
__attribute__((weak)) void* __dso_handle = nullptr;
}
#else
FAULTLINE_WEAK int atexit(void (*)()) { return 0; }
#endif

#if defined(__i386__) || defined(__arm__)

// 64-bit division, which the compiler's own library would bring: by shifting, a bit at a time.
namespace {

GO_NOSPLIT uint64_t divide(uint64_t n, uint64_t d, uint64_t* rest) {
  uint64_t quotient = 0;
  uint64_t r = 0;
  for (int i = 63; i >= 0; i--) {
    const bool carry = (r >> 63) != 0;
    r = r << 1 | ((n >> i) & 1);
    if (carry || r >= d) {
      r -= d;
      quotient |= uint64_t{1} << i;
    }
  }
  *rest = r;
  return quotient;
}

GO_NOSPLIT uint64_t magnitude(int64_t v) {
  return v < 0 ? -static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
}
GO_NOSPLIT int64_t signedas(uint64_t v, bool negative) {
  return static_cast<int64_t>(negative ? -v : v);
}

}  // namespace

FAULTLINE_WEAK uint64_t __udivdi3(uint64_t n, uint64_t d) {
  uint64_t rest = 0;
  return divide(n, d, &rest);
}
FAULTLINE_WEAK uint64_t __umoddi3(uint64_t n, uint64_t d) {
  uint64_t rest = 0;
  divide(n, d, &rest);
  return rest;
}
FAULTLINE_WEAK int64_t __divdi3(int64_t n, int64_t d) {
  uint64_t rest = 0;
  return signedas(divide(magnitude(n), magnitude(d), &rest), (n < 0) != (d < 0));
}
FAULTLINE_WEAK int64_t __moddi3(int64_t n, int64_t d) {
  uint64_t rest = 0;
  divide(magnitude(n), magnitude(d), &rest);
  return signedas(rest, n < 0);
}

#endif

#if defined(__arm__)

// The same and the 32-bit ones by the names of the Run-time ABI for the Arm Architecture, 5.3.1:
// quotient and rest together come back in r0-r1, or r0-r3.
FAULTLINE_WEAK uint32_t __aeabi_uidiv(uint32_t n, uint32_t d) {
  uint64_t rest = 0;
  return static_cast<uint32_t>(divide(n, d, &rest));
}
FAULTLINE_WEAK int32_t __aeabi_idiv(int32_t n, int32_t d) {
  return static_cast<int32_t>(__divdi3(n, d));
}
FAULTLINE_WEAK uint64_t __aeabi_uidivmod(uint32_t n, uint32_t d) {
  uint64_t rest = 0;
  const uint64_t quotient = divide(n, d, &rest);
  return rest << 32 | static_cast<uint32_t>(quotient);
}
FAULTLINE_WEAK uint64_t __aeabi_idivmod(int32_t n, int32_t d) {
  return static_cast<uint64_t>(__moddi3(n, d)) << 32 | static_cast<uint32_t>(__divdi3(n, d));
}

namespace {

// Four words by way of memory, for the two below.
extern "C" __attribute__((used)) GO_NOSPLIT void runtime_udivide(uint64_t n, uint64_t d,
                                                                 uint64_t* both) {
  both[0] = divide(n, d, &both[1]);
}
extern "C" __attribute__((used)) GO_NOSPLIT void runtime_sdivide(int64_t n, int64_t d,
                                                                 int64_t* both) {
  both[0] = __divdi3(n, d);
  both[1] = __moddi3(n, d);
}

}  // namespace

extern "C" __attribute__((weak, naked)) GO_NOSPLIT void __aeabi_uldivmod() {
  __asm__(
      "push {r11, lr}\n\t"
      "sub sp, sp, #24\n\t"
      "add r12, sp, #8\n\t"
      "str r12, [sp]\n\t"
      "bl runtime_udivide\n\t"
      "add sp, sp, #8\n\t"
      "pop {r0-r3, r11, pc}");
}
extern "C" __attribute__((weak, naked)) GO_NOSPLIT void __aeabi_ldivmod() {
  __asm__(
      "push {r11, lr}\n\t"
      "sub sp, sp, #24\n\t"
      "add r12, sp, #8\n\t"
      "str r12, [sp]\n\t"
      "bl runtime_sdivide\n\t"
      "add sp, sp, #8\n\t"
      "pop {r0-r3, r11, pc}");
}

#endif
