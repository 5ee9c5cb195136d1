// The releases of NetBSD that can be modelled, as data.
#ifndef FAULTLINE_KERNEL_MODEL_NETBSD_RELEASE_H_
#define FAULTLINE_KERNEL_MODEL_NETBSD_RELEASE_H_

#include <span>
#include <string_view>

namespace faultline::kernel::model::netbsd {

struct Release {
  std::string_view name;     // "8"
  std::string_view version;  // kern.osrelease
  int number;                // kern.osrevision: __NetBSD_Version__
  // What _lwp_create gives a new thread (kern/kern_lwp.c, lwp_create; kern/sys_lwp.c).
  bool lwp_has_creators_stack;  // the creator's alternate stack; else none
  bool lwp_has_contexts_mask;   // the context's signal mask, if it has one; else the creator's
  bool waits_for_continued;     // wait4 takes WCONTINUED, WNOWAIT and so on
  bool process_map;             // vm.proc.map is there
  std::string_view note;        // for --list
};

std::span<const Release> Releases();

}  // namespace faultline::kernel::model::netbsd

#endif  // FAULTLINE_KERNEL_MODEL_NETBSD_RELEASE_H_
