// The start of a program on Linux: what both forms do with what the kernel hands over.
#ifndef FAULTLINE_RUNTIME_OS_LINUX_START_H_
#define FAULTLINE_RUNTIME_OS_LINUX_START_H_

#include <stdint.h>

namespace runtime {

// Of the auxiliary vector, what the runtime uses.
struct Auxv {
  uintptr_t phdr = 0;
  uintptr_t phnum = 0;
  uintptr_t hwcap2 = 0;
  const char* execfn = nullptr;
};
Auxv readauxv(char** envp);

// Notes where the main thread's stack ends and the default size of others.
void stackinit(const char* execfn);
// Overrides the latter, in bytes: a libc may have an opinion.
void setdefaultstacksize(uintptr_t bytes);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_OS_LINUX_START_H_
