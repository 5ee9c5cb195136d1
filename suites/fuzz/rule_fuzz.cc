// A rule with the whole catalogue behind it: each fault parses its own parameters.

#include "kernel/fault/rule.h"
#include "suites/fuzz/target.h"

int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace faultline;
  std::string_view text = suites::Text(data, size);
  try {
    kernel::Rule rule(text, 1, 0);
    suites::Require(kernel::FindFault(rule.description().id) == &rule.description(),
                    "a fault that is in no catalogue");
    suites::Require(!rule.IsSpent(), "a rule that is over before it began");
  } catch (const kernel::SpecError& error) {
    suites::RequireSound(error, text);
  }
  return 0;
}
