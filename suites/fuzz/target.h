// What fuzz targets check beside that nothing is undefined.
#ifndef FAULTLINE_SUITES_FUZZ_TARGET_H_
#define FAULTLINE_SUITES_FUZZ_TARGET_H_

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "kernel/fault/grammar.h"

namespace faultline::suites {

// Ends the fuzzer with a finding.
inline void Require(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "finding: %s\n", what);
  abort();
}

// A complaint names a place in the text, or the one behind its end, and says something.
inline void RequireSound(const kernel::SpecError& error, std::string_view text) {
  Require(error.column() >= 1 && error.column() <= text.size() + 1, "a column outside of the text");
  Require(error.what()[0] != '\0', "a complaint without words");
}

inline std::string_view Text(const unsigned char* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace faultline::suites

// libFuzzer's way in.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size);

#endif  // FAULTLINE_SUITES_FUZZ_TARGET_H_
