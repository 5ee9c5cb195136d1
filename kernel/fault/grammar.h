// How faults are written: POINT.NAME[,key=value…], for example
//
//     restart.fast-return,mode=handlerless,call=wait4,nth=3
//
// Columns count characters from 1, in the text as it was given.
#ifndef FAULTLINE_KERNEL_FAULT_GRAMMAR_H_
#define FAULTLINE_KERNEL_FAULT_GRAMMAR_H_

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::kernel {

// What is wrong, and what was expected, at a column of a fault's text.
class SpecError : public std::runtime_error {
 public:
  SpecError(size_t column, const std::string& what) : std::runtime_error(what), column_(column) {}
  [[nodiscard]] size_t column() const { return column_; }

 private:
  size_t column_;
};

struct Word {
  std::string text;
  size_t column = 1;
};

struct Assignment {
  Word key;
  Word value;
};

// A fault's text taken apart; nothing looked up yet.
struct Spec {
  Word id;  // "POINT.NAME"
  std::vector<Assignment> assignments;

  // The value of `key`, or nullptr.
  [[nodiscard]] const Word* Find(std::string_view key) const;
};

// Throws SpecError.
Spec ParseSpec(std::string_view text);

// Values. Each throws SpecError at the word, naming what was expected.
uint64_t ParseCount(const Word& word);      // 1 and up
double ParseProbability(const Word& word);  // 0 to 1
int64_t ParseOffset(const Word& word);      // bytes in code: 1 to 64 or -1 to -64
// Parts joined by '+', none empty.
std::vector<Word> ParseList(const Word& word);
// The index of the choice.
size_t ParseChoice(const Word& word, const std::vector<std::string_view>& choices);

// Those of `names` that `text` was probably meant to be, best first, at most three.
std::vector<std::string> NearNames(std::string_view text,
                                   const std::vector<std::string_view>& names);
// " Near: a, b." or nothing.
std::string NearHint(std::string_view text, const std::vector<std::string_view>& names);

// "a, b or c".
std::string JoinChoices(const std::vector<std::string_view>& choices);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_GRAMMAR_H_
