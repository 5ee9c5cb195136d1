#include "kernel/record/flight.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace faultline::kernel {
namespace {

using Json = nlohmann::ordered_json;

void AddLines(std::string* text, const Json& thread, const char* key, const char* title) {
  auto found = thread.find(key);
  if (found == thread.end() || found->empty()) return;
  *text += fmt::format("  {}\n", title);
  for (const Json& line : *found) *text += fmt::format("    {}\n", line.get<std::string>());
}

void AddRegisters(std::string* text, const Json& registers) {
  *text += "  registers\n";
  int column = 0;
  for (const auto& [name, value] : registers.items()) {
    *text += fmt::format("{}{:>8} {:<18}", column == 0 ? "  " : "", name, value.get<std::string>());
    column = (column + 1) % 4;
    if (column == 0) *text += "\n";
  }
  if (column != 0) *text += "\n";
}

void AddFrames(std::string* text, const Json& frames) {
  *text += "  stack\n";
  int depth = 0;
  for (const Json& frame : frames) {
    *text += fmt::format("    #{:<3} {}", depth++, frame.value("pc", ""));
    if (frame.contains("function"))
      *text += fmt::format("  {}+{}", frame["function"].get<std::string>(),
                           frame.value("offset", uint64_t{0}));
    if (frame.contains("file"))
      *text += fmt::format("  {}:{}", frame["file"].get<std::string>(), frame.value("line", 0));
    else if (frame.contains("module"))
      *text += fmt::format("  ({})", frame["module"].get<std::string>());
    *text += "\n";
  }
}

void AddThread(std::string* text, const Json& thread, bool is_cause) {
  *text += fmt::format(
      "\nthread {} ({}){}{}\n", thread.value("tid", 0), thread.value("name", "?"),
      is_cause ? ", the one that the signal is for" : "",
      thread.contains("wchan") ? ", sleeps in " + thread["wchan"].get<std::string>() : "");
  AddLines(text, thread, "recent", "what it did last");
  if (thread.contains("frames")) AddFrames(text, thread["frames"]);
  AddLines(text, thread, "code", "code");
  if (thread.contains("registers")) AddRegisters(text, thread["registers"]);
}

}  // namespace

std::string FlightText(const std::string& report, const std::string& why) {
  Json all = Json::parse(report);
  std::string text = "inject: " + why + "\n";
  int cause = all.value("tid", 0);
  for (bool first : {true, false})
    for (const Json& thread : all["threads"])
      if ((thread.value("tid", 0) == cause) == first) AddThread(&text, thread, first);
  return text + "\n";
}

}  // namespace faultline::kernel
