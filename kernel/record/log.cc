#include "kernel/record/log.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace faultline::kernel {
namespace {

std::string Values(const Lie& lie, uint64_t Lie::Change::* value) {
  std::string text = "{";
  for (const Lie::Change& change : lie.changes) {
    if (text.size() > 1) text += ",";
    text += lie.registers ? fmt::format("\"{}\":\"{:#x}\"", change.what, change.*value)
                          : fmt::format("\"{}\":{}", change.what, change.*value);
  }
  return text + "}";
}

std::string Head(const Lie& lie) {
  return fmt::format(
      "{{\"t\":{},\"tid\":{},\"thread\":\"{}\",\"fault\":\"{}\",\"rule\":{},\"n\":{},\"k\":{}",
      lie.t, lie.tid, lie.thread, lie.fault, lie.rule, lie.n, lie.k);
}

// Words of a command line may be any bytes but zero: a text if they are one, else byte by byte.
nlohmann::json Word(const std::string& word) {
  nlohmann::json text = word;
  try {
    (void)text.dump();
    return text;
  } catch (const nlohmann::json::type_error&) {  // it is no UTF-8
    auto bytes = nlohmann::json::array();
    for (char byte : word) bytes.push_back(static_cast<uint8_t>(byte));
    return bytes;
  }
}

std::string HeadLine(const LogHead& head) {
  auto words = [](const std::vector<std::string>& texts) {
    auto list = nlohmann::json::array();
    for (const std::string& text : texts) list.push_back(Word(text));
    return list.dump();
  };
  return fmt::format("{{\"log\":\"{}\",\"seed\":{},\"rules\":{},\"program\":{}}}\n", kLogVersion,
                     head.seed, words(head.rules), words(head.program));
}

}  // namespace

bool Log::Open(const std::string& path, const LogHead& head) {
  if (!lines_.Open(path, "inject")) return false;
  lines_.Write(HeadLine(head));
  return true;
}

void Log::Write(const Lie& lie) {
  if (on_lie) on_lie(lie);
  if (!is_open()) return;
  std::string line = Head(lie);
  if (!lie.call.empty()) line += fmt::format(",\"call\":\"{}\"", lie.call);
  if (!lie.signal.empty()) line += fmt::format(",\"signal\":\"{}\"", lie.signal);
  line += ",\"before\":" + Values(lie, &Lie::Change::before) +
          ",\"after\":" + Values(lie, &Lie::Change::after) + "}\n";
  lines_.Write(line);
}

void Log::Withdraw(const Lie& lie) {
  if (!is_open()) return;
  lines_.Write(Head(lie) + ",\"withdrawn\":true}\n");
}

}  // namespace faultline::kernel
