// The start of a program on FreeBSD: what the kernel hands over.
#ifndef FAULTLINE_RUNTIME_OS_FREEBSD_START_H_
#define FAULTLINE_RUNTIME_OS_FREEBSD_START_H_

#include <stddef.h>
#include <stdint.h>

namespace runtime {

// Of the auxiliary vector, what the runtime uses.
struct Auxv {
  uintptr_t phdr = 0;
  uintptr_t phnum = 0;
  const char* execpath = nullptr;  // since 8.0
};
Auxv readauxv(char** envp);

// Notes where the main thread's stack ends (kern.usrstack); false when the kernel does not tell.
bool stackinit();

}  // namespace runtime

namespace runtime::sys {

// Notes the program's path: the kernel's, and where it has forgotten it the one that it executed.
void pathinit(const char* execpath);
// Reads a variable of the kernel's; *size is what there is room for, and then what came. Returns 0
// or -errno.
long sysctl(const int* name, unsigned parts, void* value, size_t* size);

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_OS_FREEBSD_START_H_
