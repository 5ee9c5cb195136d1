// The start of a program on the BSDs: what the kernel hands over, and what it tells of memory.
#ifndef FAULTLINE_RUNTIME_OS_BSD_START_H_
#define FAULTLINE_RUNTIME_OS_BSD_START_H_

#include <stddef.h>
#include <stdint.h>

#include FAULTLINE_NUMBERS_H

namespace runtime {

// Of the auxiliary vector, what the runtime uses.
struct Auxv {
  uintptr_t phdr = 0;
  uintptr_t phnum = 0;
  const char* execpath = nullptr;  // FreeBSD: since 8.0
  uintptr_t stackend = 0;          // NetBSD: of the main thread
};
Auxv readauxv(char** envp);

// Where the main thread's stack ends; 0 when the kernel does not tell.
uintptr_t mainstackend(const Auxv& aux);
// Notes it.
bool stackinit(const Auxv& aux);

// One record of the map of this process, as the kernel has it: in the order of addresses.
struct MapEntry {
  uintptr_t lo;
  uintptr_t hi;
  bool accessible;
  bool growsdown;  // on demand
  size_t bytes;    // of the record
};
#if FAULTLINE_MACH
// The record of the first piece at or above `from`; false: there is none.
bool regionat(uintptr_t from, MapEntry* out);
#endif
// The map's name as a variable of the kernel; how many of the at most 8 parts it has.
int mapname(int* name);
// Reads the record at `at`, of which there are `room` bytes; false: there is none.
bool mapentry(const void* at, size_t room, MapEntry* out);

}  // namespace runtime

namespace runtime::sys {

// The path of the program as the kernel knows it; false when it does not.
bool kernelpath(char* path, size_t size);
// Notes the program's path: the kernel's, and where it has forgotten it the one that it executed.
void pathinit(const char* execpath);
// Reads a variable of the kernel's; *size is what there is room for, and then what came. Returns 0
// or -errno.
long sysctl(const int* name, unsigned parts, void* value, size_t* size);

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_OS_BSD_START_H_
