#include "kernel/model/freebsd/release.h"

namespace faultline::kernel::model::freebsd {
namespace {

// Sources: sys/amd64/amd64/exception.S, vm_machdep.c, machdep.c, sys/i386/i386/machdep.c,
// sys/{amd64,i386}/include/vmparam.h and sys/kern/kern_fork.c of trees of 2007-02 (7.x), 2010-08
// (8.1), of 9.1, 9.3, 10.4 and 2019-04 and later (13); measured on 9.3. The date of the repair of
// restarts: PR amd64/182161. exec's: execsigs, sys/kern/kern_sig.c, FIRST_THREAD_IN_PROC
// before, golang.org/issue/15658; curthread in 10.4.
constexpr Release kReleases[] = {
    {.name = "7.4",
     .version = "7.4-RELEASE",
     .date = 704000,
     .exit = Exit::kFast,
     .leftovers = Leftovers::kStackR9,
     .restart_is_full = true,
     .exec_resets_first = true,
     .fork_single_threads = true,
     .shared_page = false,
     .stack_end_386 = 0xbfc00000,
     .red_zone_386 = 0,
     .new_inodes = false,
     .note = "restarts load every register; fork stops the other threads"},
    {.name = "8.1",
     .version = "8.1-RELEASE",
     .date = 801000,
     .exit = Exit::kFullAlways,
     .leftovers = Leftovers::kKernel,
     .restart_is_full = true,
     .exec_resets_first = true,
     .fork_single_threads = false,
     .shared_page = false,
     .stack_end_386 = 0xbfc00000,
     .red_zone_386 = 0,
     .new_inodes = false,
     .note = "every call returns by the full path"},
    {.name = "9.1",
     .version = "9.1-RELEASE",
     .date = 901000,
     .exit = Exit::kFast,
     .leftovers = Leftovers::kKernel,
     .restart_is_full = false,
     .exec_resets_first = true,
     .fork_single_threads = false,
     .shared_page = true,
     .stack_end_386 = 0xbfbff000,
     .red_zone_386 = 0,
     .new_inodes = false,
     .note = "a restart of a call that did not sleep loses r8, r9 and r10 (PR amd64/182161)"},
    {.name = "10.4",
     .version = "10.4-RELEASE",
     .date = 1004000,
     .exit = Exit::kFast,
     .leftovers = Leftovers::kKernel,
     .restart_is_full = true,
     .exec_resets_first = false,
     .fork_single_threads = false,
     .shared_page = true,
     .stack_end_386 = 0xbfbff000,
     .red_zone_386 = 128,
     .new_inodes = false,
     .note = "restarts repaired"},
    {.name = "13",
     .version = "13.2-RELEASE",
     .date = 1302001,
     .exit = Exit::kFast,
     .leftovers = Leftovers::kZero,
     .restart_is_full = true,
     .exec_resets_first = false,
     .fork_single_threads = false,
     .shared_page = true,
     .stack_end_386 = 0xbfbff000,
     .red_zone_386 = 128,
     .new_inodes = true,
     .note = "r8, r9 and r10 are cleared on the way out"},
};

}  // namespace

std::span<const Release> Releases() { return kReleases; }

}  // namespace faultline::kernel::model::freebsd
