// The releases of Darwin that can be modelled, as data.
#ifndef FAULTLINE_KERNEL_MODEL_DARWIN_RELEASE_H_
#define FAULTLINE_KERNEL_MODEL_DARWIN_RELEASE_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace faultline::kernel::model::darwin {

// How much of the vector state the kernel knows, and so keeps over a handler.
enum class Vectors : uint8_t { kSse, kAvx, kAvx512 };

struct Release {
  std::string_view name;     // "10.8", of the system
  std::string_view version;  // kern.osrelease, of the kernel
  bool runs_386;
  uint64_t usr_stack64;  // where the first thread's stack ends
  Vectors vectors;
  // gettimeofday's results are in registers; else in memory (bsd/kern/kern_time.c).
  bool time_in_registers;
  // SIGPROF and SIGVTALRM go to the first thread that does not block them; else to the one whose
  // time it was (bsd/kern/kern_sig.c, bsd_ast).
  bool profiles_first_thread;
  // On the way back from a handler AVX-512's masks are cleared where its registers are clear
  // (golang.org/issue/49233).
  bool loses_opmask;
  // A trampoline gets a token for sigreturn (bsd/dev/i386/unix_signal.c).
  bool has_token;
  std::string_view note;  // for --list
};

std::span<const Release> Releases();

}  // namespace faultline::kernel::model::darwin

#endif  // FAULTLINE_KERNEL_MODEL_DARWIN_RELEASE_H_
