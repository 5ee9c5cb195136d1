// The vector registers of AVX, set and read by known instructions.
#ifndef FAULTLINE_REPRO_YMM_LOST_VECTORS_H_
#define FAULTLINE_REPRO_YMM_LOST_VECTORS_H_

#include <stdint.h>

namespace faultline::repro {

// YMM0 and on. The lower half of each is its XMM register.
struct Vectors {
#if defined(__x86_64__)
  static constexpr int kCount = 16;
#else
  static constexpr int kCount = 8;
#endif
  struct Half {
    uint64_t word[2];
  };
  struct {
    Half lower, upper;
  } ymm[kCount];
};

// Whether the CPU has AVX and the kernel has switched it on (CPUID 1, XGETBV).
bool HasAvx();

extern "C" {
// Loads `in`, calls `step`, stores what is there then in `out`.
void HoldVectors(const Vectors* in, Vectors* out, void (*step)());
void LoadVectors(const Vectors* in);
}

}  // namespace faultline::repro

#endif  // FAULTLINE_REPRO_YMM_LOST_VECTORS_H_
