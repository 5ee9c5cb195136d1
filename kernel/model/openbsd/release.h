// The releases of OpenBSD that can be modelled, as data.
#ifndef FAULTLINE_KERNEL_MODEL_OPENBSD_RELEASE_H_
#define FAULTLINE_KERNEL_MODEL_OPENBSD_RELEASE_H_

#include <span>
#include <string_view>

namespace faultline::kernel::model::openbsd {

struct Release {
  std::string_view name;  // "7.5"
  int number;             // kern.osrevision: the month of the release
  // Numbers of calls: kill and thrkill apart (5.9), no padding before offsets (7.3).
  bool thrkill;
  bool pads;
  // A stack pointer has to be in memory that was asked for as a stack; sigaltstack makes such of
  // what it is given, which loses what was there (6.4: uvm/uvm_map.c, uvm_map_inentry,
  // uvm_map_remap_as_stack).
  bool stacks;
  // Calls come from where the program says that it makes them (7.5: sys/syscall_mi.h, pin_check).
  bool pins;
  // sigreturn takes what the kernel has written, once, and from its own trampoline (6.0).
  bool cookies;
  std::string_view note;  // for --list
};

std::span<const Release> Releases();

}  // namespace faultline::kernel::model::openbsd

#endif  // FAULTLINE_KERNEL_MODEL_OPENBSD_RELEASE_H_
