#include "kernel/record/log_reader.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "kernel/record/log.h"
#include "kernel/tracer/calls.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

using nlohmann::json;

[[noreturn]] void Refuse(size_t line, const std::string& what) {
  throw LogError(fmt::format("line {}: {}", line, what));
}

// The member `name` of a line, a whole number from `least`.
uint64_t Number(const json& object, const char* name, uint64_t least, size_t line) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned() || found->get<uint64_t>() < least)
    Refuse(line, fmt::format("expected \"{}\", a whole number from {}", name, least));
  return found->get<uint64_t>();
}

std::string Text(const json& object, const char* name, size_t line) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    Refuse(line, fmt::format("expected \"{}\", a text", name));
  return found->get<std::string>();
}

// The call and the signal of a lie; "" if it names none. One that this program does not know could
// never be met: the log is another's.
std::string KnownCall(const json& object, size_t line) {
  if (!object.contains("call")) return "";
  std::string call = Text(object, "call", line);
  // A call that the tables do not have has its number for a name (CallName).
  bool number = !call.empty() && call.find_first_not_of("0123456789") == std::string::npos;
  if (!number && !IsCallName(call))
    Refuse(line, fmt::format("there is no system call '{}' on amd64 or 386", call));
  return call;
}

std::string KnownSignal(const json& object, size_t line) {
  if (!object.contains("signal")) return "";
  std::string signal = Text(object, "signal", line);
  if (!ParseSignal(signal)) Refuse(line, fmt::format("there is no signal '{}'", signal));
  return signal;
}

// As Log::Open writes a word of a command line: a text, or its bytes.
std::optional<std::string> Word(const json& value) {
  std::string word;
  if (value.is_string()) {
    word = value.get<std::string>();
  } else if (value.is_array()) {
    for (const json& byte : value) {
      if (!byte.is_number_unsigned() || byte.get<uint64_t>() > 255) return std::nullopt;
      word += static_cast<char>(byte.get<uint64_t>());
    }
  } else {
    return std::nullopt;
  }
  if (word.find('\0') != std::string::npos)
    return std::nullopt;  // no word of a command line has it
  return word;
}

// The member `name` of the first line: words.
std::vector<std::string> Words(const json& head, const char* name) {
  auto found = head.find(name);
  std::vector<std::string> words;
  if (found != head.end() && found->is_array())
    for (const json& value : *found)
      if (auto word = Word(value)) words.push_back(std::move(*word));
  if (found == head.end() || !found->is_array() || words.size() != found->size())
    Refuse(1, fmt::format("expected \"{}\", a list of texts or of lists of their bytes", name));
  return words;
}

LoggedRun ParseHead(const json& head) {
  auto log = head.is_object() ? head.find("log") : head.end();
  if (!head.is_object() || log == head.end() || !log->is_string())
    Refuse(1, fmt::format("this is no log of lies: it does not begin with {{\"log\":\"{}\"",
                          kLogVersion));
  if (*log != kLogVersion)
    Refuse(1, fmt::format("the log is of version \"{}\"; this program reads \"{}\"",
                          log->get<std::string>(), kLogVersion));
  LoggedRun run;
  run.seed = Number(head, "seed", 0, 1);
  for (std::string& rule : Words(head, "rules"))
    run.rules.push_back({.text = std::move(rule), .lies = {}});
  run.program = Words(head, "program");
  if (run.program.empty()) Refuse(1, "expected \"program\", with its name at least");
  return run;
}

}  // namespace

LoggedRun ParseLog(std::string_view text) {
  LoggedRun run;
  std::vector<std::map<uint64_t, LoggedLie>> lies;  // of each rule, by n
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    size_t end = text.find('\n');
    if (end == std::string_view::npos && number > 1) {
      run.cut_off = true;
      break;
    }
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (number == 1) {
      run = ParseHead(object);
      lies.resize(run.rules.size());
      continue;
    }
    if (!object.is_object()) Refuse(number, "expected a lie, an object in JSON");
    if (object.contains("left out")) {
      run.left_out += Number(object, "left out", 1, number);
      continue;
    }
    uint64_t rule = Number(object, "rule", 1, number);
    if (rule > run.rules.size())
      Refuse(number,
             fmt::format("there is no rule {}: the first line names {}", rule, run.rules.size()));
    const std::string& rule_text = run.rules[rule - 1].text;
    std::string fault = Text(object, "fault", number);
    if (fault != rule_text.substr(0, rule_text.find(',')))
      Refuse(number,
             fmt::format("fault {} does not belong to rule {}, {}", fault, rule, rule_text));
    uint64_t n = Number(object, "n", 1, number);
    if (object.contains("withdrawn")) {
      lies[rule - 1].erase(n);
      continue;
    }
    LoggedLie lie = {.thread = Text(object, "thread", number),
                     .call = KnownCall(object, number),
                     .signal = KnownSignal(object, number),
                     .n = n,
                     .k = Number(object, "k", 1, number),
                     .t = static_cast<int64_t>(Number(object, "t", 0, number))};
    // A lie that is told at a call's entry and at its end has two lines.
    lies[rule - 1].insert_or_assign(n, std::move(lie));
  }
  if (number == 0) Refuse(1, "this is no log of lies: it is empty");
  for (size_t i = 0; i < lies.size(); ++i)
    for (auto& [n, lie] : lies[i]) run.rules[i].lies.push_back(std::move(lie));
  return run;
}

}  // namespace faultline::kernel
