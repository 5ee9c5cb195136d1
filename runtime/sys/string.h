// The memory and string functions that compilers call by themselves, for programs without a libc
// (beside a libc they are the libc's).
#ifndef FAULTLINE_RUNTIME_SYS_STRING_H_
#define FAULTLINE_RUNTIME_SYS_STRING_H_

#include <stddef.h>

#if __STDC_HOSTED__
#include <string.h>
#else
extern "C" {
void* memcpy(void* __restrict to, const void* __restrict from, size_t n);
void* memmove(void* to, const void* from, size_t n);
void* memset(void* to, int byte, size_t n);
int memcmp(const void* a, const void* b, size_t n);
size_t strlen(const char* s);
int strcmp(const char* a, const char* b);
int strncmp(const char* a, const char* b, size_t n);
}
#endif

#endif  // FAULTLINE_RUNTIME_SYS_STRING_H_
