// What a fuzz target begins with, out of the catalogue of faults itself:
//
//     seeds TARGET FOLDER DICTIONARY
//
// FOLDER, which must be there, gets texts for TARGET. They are each fault with each value of each
// of its parameters, as far as what the catalogue says of them names values; for rules_file all of
// them in one file, for log the logs of such lies. DICTIONARY becomes libFuzzer's: all the words.

#include <cctype>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include "kernel/fault/fault.h"
#include "kernel/fault/rule.h"
#include "kernel/record/log.h"

namespace faultline::suites {
namespace {

using namespace kernel;

// "handler, any or 0x10..0x20" has the words handler, any, or and 0x10..0x20.
std::set<std::string> WordsOf(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  auto end = [&] {
    while (!word.empty() && word.back() == '.') word.pop_back();
    if (!word.empty()) words.insert(word);
    word.clear();
  };
  for (char c : text) {
    if (isalnum(static_cast<unsigned char>(c)) || strchr("-+._/", c) != nullptr)
      word += c;
    else
      end();
  }
  end();
  return words;
}

bool IsRule(const std::string& text) {
  try {
    Rule rule(text, 1, 0);
    return true;
  } catch (const SpecError&) {
    return false;
  }
}

struct Vocabulary {
  std::set<std::string> rules, words;
};

Vocabulary Collect() {
  Vocabulary all;
  for (const FaultDescription& fault : Catalogue()) {
    all.rules.emplace(fault.id);
    all.words.emplace(fault.id);
    for (const auto* parameters : {&fault.parameters, &CommonParameters()}) {
      for (const Parameter& parameter : *parameters) {
        all.words.insert(std::string(parameter.name) + "=");
        std::set<std::string> values = WordsOf(parameter.values);
        values.merge(WordsOf(parameter.meaning));
        for (const char* usual : {"1", "0.5", "read", "CHLD", "r8+r10", "0x401000..0x402000"})
          values.emplace(usual);
        for (const std::string& value : values) {
          std::string text =
              std::string(fault.id) + "," + std::string(parameter.name) + "=" + value;
          if (!IsRule(text)) continue;
          all.rules.insert(text);
          all.words.insert(value);
        }
      }
    }
  }
  return all;
}

// A run with this rule, which told one lie, took one back and told another.
bool WriteLog(const std::string& path, const std::string& rule) {
  Log log;
  if (!log.Open(path,
                {.seed = 7, .rules = {rule, "signal.drop"}, .program = {"./program", "\xff"}}))
    return false;
  std::string fault = rule.substr(0, rule.find(','));
  Lie lie = {.tid = 12,
             .fault = fault,
             .rule = 1,
             .n = 1,
             .thread = "1.2",
             .k = 1,
             .t = log.Now(),
             .call = "wait4",
             .changes = {{.what = "r10", .before = 1, .after = 2}}};
  log.Write(lie);
  log.Withdraw(lie);
  lie.n = lie.k = 2;
  lie.signal = "SIGCHLD";
  lie.registers = false;
  log.Write(lie);
  return true;
}

int Write(const std::string& target, const std::string& folder, const std::string& dictionary) {
  Vocabulary all = Collect();
  std::ofstream together;
  if (target == "rules_file") together.open(folder + "/all");
  int number = 0;
  bool written = true;
  for (const std::string& rule : all.rules) {
    std::string path = folder + "/" + std::to_string(number++);
    if (target == "log") {
      written = written && WriteLog(path, rule);
    } else if (target == "rules_file") {
      together << rule << "  # " << number << '\n';
    } else {
      written = written && (std::ofstream(path) << rule).flush();
    }
  }
  std::ofstream words(dictionary);
  for (const std::string& word : all.words) words << '"' << word << "\"\n";
  if (together.is_open()) written = written && together.flush();
  if (!written || !words.flush()) {
    perror("seeds: cannot write");
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace faultline::suites

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: seeds TARGET FOLDER DICTIONARY\n");
    return 2;
  }
  return faultline::suites::Write(argv[1], argv[2], argv[3]);
}
