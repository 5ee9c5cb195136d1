// The Windows ABI of the arch this is compiled for, as namespace faultline::abi::native.
#ifndef FAULTLINE_ABI_WINDOWS_NATIVE_H_
#define FAULTLINE_ABI_WINDOWS_NATIVE_H_

#include "abi/windows/constants.h"

#if defined(__x86_64__)
#include "abi/windows/amd64/structs.h"
namespace faultline::abi {
namespace native = windows_amd64;
}
#elif defined(__i386__)
#include "abi/windows/386/structs.h"
namespace faultline::abi {
namespace native = windows_386;
}
#else
#error "no Windows ABI for this arch"
#endif

namespace faultline::abi::windows_common {

struct ExceptionPointers {  // winnt.h, EXCEPTION_POINTERS
  native::ExceptionRecord* record;
  native::Context* context;
};
struct SystemInfo {  // sysinfoapi.h, SYSTEM_INFO
  uint32_t arch;
  uint32_t pagesize;
  uintptr_t low, high, processors;
  uint32_t processorcount, processortype, granularity;
  uint16_t level, revision;
};
struct MemoryInformation {  // winnt.h, MEMORY_BASIC_INFORMATION
  uintptr_t base, allocation;
  uint32_t allocationprotect;
#if defined(__x86_64__)
  uint32_t partition;
#endif
  uintptr_t size;
  uint32_t state, protect, type;
};
static_assert(sizeof(MemoryInformation) == (sizeof(uintptr_t) == 8 ? 48 : 28));

}  // namespace faultline::abi::windows_common

#endif  // FAULTLINE_ABI_WINDOWS_NATIVE_H_
