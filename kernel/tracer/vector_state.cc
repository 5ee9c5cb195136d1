#include "kernel/tracer/vector_state.h"

#include <cpuid.h>
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

// FXSAVE's image (Intel SDM, volume 1, 10.5.1), whose last bytes are the kernel's to use, and
// XSAVE's header behind it (13.4.2).
constexpr size_t kFxsaveSize = 512;
constexpr size_t kXmmOffset = 160;
constexpr size_t kXmmSize = 16 * 16;
constexpr size_t kHeaderSize = 64;
constexpr size_t kSoftwareBytes = 464;
constexpr uint64_t kLegacy = 3;  // x87 and SSE, which every image has

// uapi/asm/sigcontext.h, struct _fpx_sw_bytes.
struct SoftwareBytes {
  uint32_t magic;
  uint32_t extended_size;
  uint64_t components;
  uint32_t size;  // of XSAVE's image
  uint32_t padding[7];
};
constexpr uint32_t kMagic = 0x46505853;  // FP_XSTATE_MAGIC1
// More than any CPU has; AMX brings it to some 11 KB.
constexpr size_t kLargestImage = 64 * 1024;

constexpr uint64_t BitOf(Component component) { return 1ull << static_cast<int>(component); }

struct Region {
  size_t offset;
  size_t size;  // 0: the CPU does not have it
};

Region RegionOf(Component component) {
  if (component == Component::kXmm) return {.offset = kXmmOffset, .size = kXmmSize};
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  __get_cpuid_count(0xd, static_cast<unsigned>(component), &eax, &ebx, &ecx, &edx);
  return {.offset = ebx, .size = eax};
}

}  // namespace

std::string_view ComponentName(Component component) {
  switch (component) {
    case Component::kXmm:
      return "xmm";
    case Component::kYmmHigh:
      return "ymm_high";
    case Component::kOpmask:
      return "opmask";
    case Component::kZmmHigh:
      return "zmm_high";
    default:
      return "high_zmm";
  }
}

std::optional<VectorState> VectorState::InFrame(pid_t tid, uint64_t address) {
  Bytes image(kFxsaveSize);
  if (ReadMemory(tid, address, image.data(), image.size()) != image.size()) return std::nullopt;
  SoftwareBytes software;
  static_assert(kSoftwareBytes + sizeof software == kFxsaveSize);
  memcpy(&software, image.data() + kSoftwareBytes, sizeof software);
  if (software.magic != kMagic || software.size < kFxsaveSize + kHeaderSize ||
      software.size > kLargestImage)
    return VectorState(tid, address, std::move(image), kLegacy);
  image.resize(software.size);
  if (ReadMemory(tid, address, image.data(), image.size()) != image.size()) return std::nullopt;
  return VectorState(tid, address, std::move(image), software.components);
}

std::optional<VectorState> VectorState::Live(pid_t tid) {
  Bytes image(kLargestImage);
  iovec where = {.iov_base = image.data(), .iov_len = image.size()};
  if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &where) != 0 ||
      where.iov_len < kFxsaveSize + kHeaderSize)
    return std::nullopt;
  image.resize(where.iov_len);
  // What can be used (XCR0) is in the software bytes (uapi's user.h, struct user_xstateregs).
  uint64_t components = 0;
  memcpy(&components, image.data() + kSoftwareBytes, sizeof components);
  return VectorState(tid, 0, std::move(image), components);
}

uint64_t VectorState::InUse() const {
  if (image_.size() < kFxsaveSize + kHeaderSize) return kLegacy;
  uint64_t in_use = 0;
  memcpy(&in_use, image_.data() + kFxsaveSize, sizeof in_use);
  return in_use;
}

bool VectorState::Has(Component component) const {
  Region region = RegionOf(component);
  return (components_ & BitOf(component)) != 0 && region.size != 0 &&
         region.offset + region.size <= image_.size();
}

VectorState::Bytes VectorState::Get(Component component) const {
  if (!Has(component)) return {};
  Region region = RegionOf(component);
  if ((InUse() & BitOf(component)) == 0) return Bytes(region.size, 0);
  const uint8_t* begin = image_.data() + region.offset;
  return {begin, begin + region.size};
}

void VectorState::Set(Component component, const Bytes& bytes) {
  Region region = RegionOf(component);
  if (!Has(component) || bytes.size() != region.size) return;
  std::copy(bytes.begin(), bytes.end(), image_.begin() + static_cast<ptrdiff_t>(region.offset));
  if (image_.size() < kFxsaveSize + kHeaderSize) return;
  uint64_t in_use = InUse() | BitOf(component);
  memcpy(image_.data() + kFxsaveSize, &in_use, sizeof in_use);
}

bool VectorState::Store() const {
  return WriteMemory(tid_, address_, image_.data(), image_.size());
}

}  // namespace faultline::kernel
