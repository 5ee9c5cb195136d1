// The releases of FreeBSD that can be modelled, as data.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_RELEASE_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_RELEASE_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace faultline::kernel::model::freebsd {

// How an amd64 kernel goes back to a program that made a SYSCALL.
enum class Exit : uint8_t {
  kFullAlways,  // by iretq, every register loaded from the trapframe
  kFast,        // by sysretq, unless PCB_FULL_IRET is set
};

// What r8, r9 and r10 hold after a fast exit.
enum class Leftovers : uint8_t {
  kKernel,   // whatever the kernel's C code left in them
  kStackR9,  // the same, but r9 is the program's stack pointer, on its way to rsp
  kZero,     // cleared
};

struct Release {
  std::string_view name;     // "9.1"
  std::string_view version;  // kern.osrelease
  int date;                  // kern.osreldate
  // amd64, sys/amd64/amd64/exception.S and vm_machdep.c of each.
  Exit exit;
  Leftovers leftovers;
  bool restart_is_full;      // ERESTART sets PCB_FULL_IRET (or PCB_FULLCTX)
  bool exec_resets_first;    // exec takes the first thread's alternate stack away, not the caller's
  bool fork_single_threads;  // fork of a threaded process stops the other threads
  bool shared_page;          // the signal trampoline is in a page above the stack, not in it
  uint64_t stack_end_386;    // USRSTACK
  int red_zone_386;          // bytes left free below esp by a signal's frame
  bool new_inodes;           // 64-bit inode numbers: fstat is call 551, struct stat is larger
  std::string_view note;     // for --list
};

std::span<const Release> Releases();

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_RELEASE_H_
