// Where a thread's stack truly ends, found out without the runtime's help.

#ifndef REPRO_SUPPORT_STACK_H_
#define REPRO_SUPPORT_STACK_H_

#include <stdint.h>

namespace faultline::support {

struct Stack {
  uintptr_t low;   // the lowest address that can be used
  uintptr_t high;  // one past the highest
};

// The main thread's: the kernel lets it grow from its end by the soft RLIMIT_STACK, in whole pages
// (Linux: mm/mmap.c, acct_stack_growth; FreeBSD: vm/vm_map.c, vm_map_growstack; NetBSD and others:
// kern/kern_resource.c, dosetrlimit). With no limit `low` is 0.
Stack MainThreadStack();

// The calling thread's, on Windows alone.
Stack ThisThreadStack();

// Takes the soft RLIMIT_STACK to `bytes` (or to no limit at all, or as far as the kernel allows)
// and executes the program anew, because the kernel lays out an address space and a libc chooses
// its default size by the limit that holds at exec. It also keeps the kernel from moving the stack
// by a random amount: where a wrong guess of the stack's end lands must not depend on chance.
// Returns if all of it is so already.
void ExecuteWithStackLimit(uint64_t bytes);
inline constexpr uint64_t kNoLimit = ~uint64_t{0};

// The system's part (runtime/os/OS/witness.cc).
// Where the main thread's stack ends: one past the highest address.
uintptr_t MainThreadStackEnd();
// Whether addresses will not be randomised after the next exec, and were so far; asks the kernel
// for it. A kernel that knows no such thing has nothing to be asked twice.
bool AsksForFixedAddresses();
// Executes the program anew, by the same emulator if it runs in one. Returns -errno, or not at all.
long ExecuteAnew(char* const arguments[], char* const environment[]);

}  // namespace faultline::support

#endif  // REPRO_SUPPORT_STACK_H_
