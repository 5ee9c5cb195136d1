#include "kernel/model/netbsd/release.h"

namespace faultline::kernel::model::netbsd {
namespace {

// Sources: sys/kern/sys_lwp.c, kern_lwp.c and kern_exit.c, sys/sys/{wait,sysctl}.h and
// uvm/uvm_param.h of trees of 2014 (tombibsd/tombibsd: 7) and 2017-12 (lparkes/netbsd-ZYBO: after 8
// was branched).
constexpr Release kReleases[] = {
    {.name = "7",
     .version = "7.2",
     .number = 702000000,
     .lwp_has_creators_stack = true,
     .lwp_has_contexts_mask = false,
     .waits_for_continued = false,
     .process_map = false,
     .note = "a new thread has its creator's alternate stack (Go's os_netbsd.go, netbsdMstart)"},
    {.name = "8",
     .version = "8.2",
     .number = 802000000,
     .lwp_has_creators_stack = false,
     .lwp_has_contexts_mask = true,
     .waits_for_continued = true,
     .process_map = true,
     .note = "a new thread has no alternate stack"},
};

}  // namespace

std::span<const Release> Releases() { return kReleases; }

}  // namespace faultline::kernel::model::netbsd
