// The memory of a stopped tracee.
#ifndef FAULTLINE_KERNEL_TRACER_MEMORY_H_
#define FAULTLINE_KERNEL_TRACER_MEMORY_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace faultline::kernel {

// Reads up to `size` bytes at `address`; how many could be read (0 when none: unmapped, or killed).
size_t ReadMemory(pid_t tid, uint64_t address, void* to, size_t size);

// Writes all `size` bytes, through page protections if need be. False when that is impossible.
bool WriteMemory(pid_t tid, uint64_t address, const void* from, size_t size);

// One object, whole or not at all.
template <typename T>
bool ReadObject(pid_t tid, uint64_t address, T* to) {
  return ReadMemory(tid, address, to, sizeof *to) == sizeof *to;
}
template <typename T>
bool WriteObject(pid_t tid, uint64_t address, const T& from) {
  return WriteMemory(tid, address, &from, sizeof from);
}

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_MEMORY_H_
