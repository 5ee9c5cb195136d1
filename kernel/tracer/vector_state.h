// The vector state of a thread, as XSAVE's standard format holds it: in a signal frame, and in
// PTRACE_GETREGSET's NT_X86_XSTATE. (Intel SDM, volume 1, 13.4; where the components lie: CPUID
// leaf 0xD.)
#ifndef FAULTLINE_KERNEL_TRACER_VECTOR_STATE_H_
#define FAULTLINE_KERNEL_TRACER_VECTOR_STATE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace faultline::kernel {

// State components by their bits in XCR0 (Intel SDM, volume 1, 13.1).
enum class Component : uint8_t {
  kXmm = 1,      // xmm0 to xmm15
  kYmmHigh = 2,  // the upper halves of ymm0 to ymm15
  kOpmask = 5,   // k0 to k7
  kZmmHigh = 6,  // the upper halves of zmm0 to zmm15
  kHighZmm = 7,  // zmm16 to zmm31
};
inline constexpr Component kComponents[] = {Component::kXmm, Component::kYmmHigh,
                                            Component::kOpmask, Component::kZmmHigh,
                                            Component::kHighZmm};

std::string_view ComponentName(Component component);

class VectorState {
 public:
  using Bytes = std::vector<uint8_t>;

  // What lies at `address`, which a frame points to: FXSAVE's image, and behind it, if its software
  // bytes say so, the rest of XSAVE's (uapi/asm/sigcontext.h, struct _fpx_sw_bytes).
  static std::optional<VectorState> InFrame(pid_t tid, uint64_t address);
  // The stopped thread's own.
  static std::optional<VectorState> Live(pid_t tid);

  // Whether the image has room for it: the CPU has such registers, and the kernel lets them be
  // used.
  [[nodiscard]] bool Has(Component component) const;
  // What its registers will hold once the image is loaded, which is zero if the image says that
  // they are in their initial state. Empty if the image does not have it.
  [[nodiscard]] Bytes Get(Component component) const;
  // Sets it, and says so in the header. `bytes` as long as what Get gives; no effect without it.
  void Set(Component component, const Bytes& bytes);

  // Back to where InFrame had it from.
  bool Store() const;

 private:
  VectorState(pid_t tid, uint64_t address, Bytes image, uint64_t components)
      : tid_(tid), address_(address), image_(std::move(image)), components_(components) {}
  [[nodiscard]] uint64_t InUse() const;  // the header's, or what FXSAVE's image stands for

  pid_t tid_;
  uint64_t address_;
  Bytes image_;
  uint64_t components_;  // that the image has, by their bits
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_TRACER_VECTOR_STATE_H_
