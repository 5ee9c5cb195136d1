#include "kernel/fault/grammar.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace faultline::kernel {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

// Reads from a text while keeping count of the column.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  [[nodiscard]] bool AtEnd() const { return at_ == text_.size(); }
  [[nodiscard]] char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  [[nodiscard]] size_t column() const { return at_ + 1; }
  void Skip() { ++at_; }

  template <typename Accept>
  Word Take(Accept accept) {
    Word word = {.text = "", .column = column()};
    while (!AtEnd() && accept(Peek())) word.text += text_[at_++];
    return word;
  }

  Word TakeName(const char* what) {
    Word word = Take(IsNameCharacter);
    if (word.text.empty())
      throw SpecError(column(), std::string("expected ") + what +
                                    " (lower-case letters, digits and '-')" + Found());
    return word;
  }

  // ", found 'x'" or ", found the end".
  [[nodiscard]] std::string Found() const {
    if (AtEnd()) return ", found the end";
    return std::string(", found '") + Peek() + "'";
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

const Word* Spec::Find(std::string_view key) const {
  for (const Assignment& assignment : assignments)
    if (assignment.key.text == key) return &assignment.value;
  return nullptr;
}

Spec ParseSpec(std::string_view text) {
  Reader reader(text);
  Spec spec;
  spec.id = reader.TakeName("a fault's name, POINT.NAME");
  if (reader.Peek() != '.')
    throw SpecError(reader.column(),
                    "expected '.' between a fault's point and name" + reader.Found());
  reader.Skip();
  spec.id.text += "." + reader.TakeName("a fault's name behind its point").text;
  while (!reader.AtEnd()) {
    if (reader.Peek() != ',')
      throw SpecError(reader.column(), "expected ',' and a parameter, or the end" + reader.Found());
    reader.Skip();
    Assignment assignment;
    assignment.key = reader.TakeName("a parameter, key=value");
    if (reader.Peek() != '=')
      throw SpecError(reader.column(), "expected '=' and a value" + reader.Found());
    reader.Skip();
    assignment.value = reader.Take([](char c) { return c != ','; });
    if (assignment.value.text.empty())
      throw SpecError(reader.column(),
                      "expected a value of " + assignment.key.text + reader.Found());
    if (spec.Find(assignment.key.text))
      throw SpecError(assignment.key.column, assignment.key.text + " is given twice");
    spec.assignments.push_back(std::move(assignment));
  }
  return spec;
}

uint64_t ParseCount(const Word& word) {
  uint64_t count = 0;
  const char* last = word.text.data() + word.text.size();
  auto [end, error] = std::from_chars(word.text.data(), last, count);
  if (error != std::errc() || end != last || count == 0)
    throw SpecError(word.column, "expected a whole number from 1, found '" + word.text + "'");
  return count;
}

double ParseProbability(const Word& word) {
  double value = 0;
  const char* last = word.text.data() + word.text.size();
  auto [end, error] = std::from_chars(word.text.data(), last, value);
  if (error != std::errc() || end != last || !(value >= 0 && value <= 1))
    throw SpecError(word.column, "expected a probability from 0 to 1, found '" + word.text + "'");
  return value;
}

int64_t ParseOffset(const Word& word) {
  constexpr uint64_t kFarthest = 64;
  bool negative = word.text.starts_with('-');
  uint64_t distance =
      ParseCount({.text = word.text.substr(negative ? 1 : 0), .column = word.column});
  if (distance > kFarthest)
    throw SpecError(word.column, "expected a distance in bytes, 1 to 64 or -1 to -64, found '" +
                                     word.text + "'");
  return negative ? -static_cast<int64_t>(distance) : static_cast<int64_t>(distance);
}

std::vector<Word> ParseList(const Word& word) {
  std::vector<Word> parts;
  size_t begin = 0;
  for (;;) {
    size_t end = std::min(word.text.find('+', begin), word.text.size());
    if (end == begin)
      throw SpecError(word.column + begin, "expected a name; lists are joined by '+'");
    parts.push_back({.text = word.text.substr(begin, end - begin), .column = word.column + begin});
    if (end == word.text.size()) return parts;
    begin = end + 1;
  }
}

size_t ParseChoice(const Word& word, const std::vector<std::string_view>& choices) {
  auto found = std::find(choices.begin(), choices.end(), word.text);
  if (found == choices.end())
    throw SpecError(word.column,
                    "expected " + JoinChoices(choices) + ", found '" + word.text + "'");
  return static_cast<size_t>(found - choices.begin());
}

std::vector<std::string> NearNames(std::string_view text,
                                   const std::vector<std::string_view>& names) {
  std::vector<std::pair<size_t, std::string>> near;
  for (std::string_view name : names) {
    size_t distance = EditDistance(text, name);
    // A part of a name may be wrong, or it may be a part of the right one.
    if (distance <= std::max<size_t>(2, text.size() / 3) ||
        (text.size() > 2 && name.find(text) != std::string_view::npos))
      near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> best;
  for (size_t i = 0; i < near.size() && i < 3; ++i) best.push_back(near[i].second);
  return best;
}

std::string NearHint(std::string_view text, const std::vector<std::string_view>& names) {
  std::string hint;
  for (const std::string& name : NearNames(text, names))
    hint += (hint.empty() ? " Near: " : ", ") + name;
  return hint.empty() ? hint : hint + ".";
}

std::string JoinChoices(const std::vector<std::string_view>& choices) {
  std::string joined;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) joined += i + 1 == choices.size() ? " or " : ", ";
    joined += choices[i];
  }
  return joined;
}

}  // namespace faultline::kernel
