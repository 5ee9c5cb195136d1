#include "kernel/model/darwin/release.h"

namespace faultline::kernel::model::darwin {
namespace {

constexpr uint64_t kOldStack = 0x7fff5fc00000, kNewStack = 0x7ffeefc00000;

// Sources: bsd/dev/i386/unix_signal.c, bsd/kern/kern_sig.c, bsd/kern/kern_time.c and
// osfmk/mach/i386/vm_param.h of apple/darwin-xnu, at xnu-1504.9.17 (10.6), 2050.18.24 (10.8),
// 2782.30.5 (10.10), 4570.51.1 (10.13); what became of the masks after those:
// golang.org/issue/49233.
constexpr Release kReleases[] = {
    {.name = "10.6",
     .version = "10.8.0",
     .runs_386 = true,
     .usr_stack64 = kOldStack,
     .vectors = Vectors::kSse,
     .time_in_registers = true,
     .profiles_first_thread = true,
     .loses_opmask = false,
     .has_token = false,
     .note = "SIGPROF goes to the first thread; no AVX"},
    {.name = "10.10",
     .version = "14.5.0",
     .runs_386 = true,
     .usr_stack64 = kOldStack,
     .vectors = Vectors::kAvx,
     .time_in_registers = true,
     .profiles_first_thread = true,
     .loses_opmask = false,
     .has_token = false,
     .note = "SIGPROF goes to the first thread, whoever uses the time (golang.org/issue/6047)"},
    {.name = "10.13",
     .version = "17.7.0",
     .runs_386 = true,
     .usr_stack64 = kNewStack,
     .vectors = Vectors::kAvx512,
     .time_in_registers = false,
     .profiles_first_thread = false,
     .loses_opmask = true,
     .has_token = false,
     .note = "a handler costs AVX-512's masks (golang.org/issue/49233)"},
    {.name = "12.3",
     .version = "21.4.0",
     .runs_386 = false,
     .usr_stack64 = kNewStack,
     .vectors = Vectors::kAvx512,
     .time_in_registers = false,
     .profiles_first_thread = false,
     .loses_opmask = false,
     .has_token = true,
     .note = "keeps them; runs no 386 programs"},
};

}  // namespace

std::span<const Release> Releases() { return kReleases; }

}  // namespace faultline::kernel::model::darwin
