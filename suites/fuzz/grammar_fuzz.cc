// The grammar of faults, and the values in it.

#include "kernel/fault/grammar.h"
#include "suites/fuzz/target.h"

namespace faultline::suites {
namespace {

using namespace kernel;

// A word is what stands in the text at its column.
void RequireAtColumn(const Word& word, std::string_view text) {
  Require(word.column >= 1 && word.column - 1 <= text.size(), "a word outside of the text");
  Require(text.substr(word.column - 1, word.text.size()) == word.text,
          "not the word at its column");
}

// What each kind of value makes of it; none may complain of another place than the word's.
void ParseValues(const Word& word, std::string_view text) {
  auto attempt = [&](auto parse) {
    try {
      parse();
    } catch (const SpecError& error) {
      RequireSound(error, text);
      Require(error.column() >= word.column, "a complaint about another word");
    }
  };
  attempt([&] { Require(ParseCount(word) >= 1, "a count of none"); });
  attempt([&] {
    double p = ParseProbability(word);
    Require(p >= 0 && p <= 1, "no probability");
  });
  attempt([&] {
    for (const Word& part : ParseList(word)) RequireAtColumn(part, text);
  });
  attempt([&] { Require(ParseChoice(word, {"any", "none"}) < 2, "no choice"); });
}

}  // namespace
}  // namespace faultline::suites

int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace faultline;
  std::string_view text = suites::Text(data, size);
  try {
    kernel::Spec spec = kernel::ParseSpec(text);
    suites::RequireAtColumn(spec.id, text);
    for (const kernel::Assignment& each : spec.assignments) {
      suites::RequireAtColumn(each.key, text);
      suites::RequireAtColumn(each.value, text);
      suites::Require(spec.Find(each.key.text) == &each.value, "a parameter that is not found");
      suites::ParseValues(each.value, text);
    }
  } catch (const kernel::SpecError& error) {
    suites::RequireSound(error, text);
  }
  return 0;
}
