#include "kernel/model/evidence.h"

#include <fmt/format.h>

#include <cstdio>

namespace faultline::kernel::model {

void Evidence::Missing(const Where& where) {
  std::string arguments;
  for (uint64_t each : where.arguments)
    arguments += fmt::format("{}\"{:#x}\"", arguments.empty() ? "" : ",", each);
  if (missing_[where.call]++ == 0) {
    std::string text;
    for (uint64_t each : where.arguments)
      text += fmt::format("{}{:#x}", text.empty() ? "" : ", ", each);
    fmt::print(stderr,
               "model: the call {} ({}) is not modelled: {}({}) of process {} gets ENOSYS\n",
               where.call, where.number, where.call, text, where.pid);
  }
  if (lines_.is_open())
    lines_.Write(
        fmt::format("{{\"t\":{},\"event\":\"missing\",\"pid\":{},\"tid\":{},\"call\":\"{}\","
                    "\"number\":{},\"arguments\":[{}]}}\n",
                    lines_.Now(), where.pid, where.thread, where.call, where.number, arguments));
}

void Evidence::Restarted(const Restart& restart) {
  ++restarts_;
  if (!restart.handler) ++handlerless_;
  if (!restart.full) ++fast_;
  if (!lines_.is_open()) return;
  std::string lost;
  if (!restart.full)
    lost = fmt::format(",\"lost\":{{\"r8\":\"{:#x}\",\"r9\":\"{:#x}\",\"r10\":\"{:#x}\"}}",
                       restart.lost[0], restart.lost[1], restart.lost[2]);
  lines_.Write(
      fmt::format("{{\"t\":{},\"event\":\"restart\",\"pid\":{},\"tid\":{},\"call\":\"{}\","
                  "\"handler\":{},\"switched\":{},\"exit\":\"{}\"{}}}\n",
                  lines_.Now(), restart.pid, restart.thread, restart.call, restart.handler,
                  restart.switched, restart.full ? "full" : "fast", lost));
}

void Evidence::End() {
  if (!lines_.is_open()) return;
  std::string missing;
  for (const auto& [call, count] : missing_)
    missing += fmt::format("{}\"{}\":{}", missing.empty() ? "" : ",", call, count);
  lines_.Write(
      fmt::format("{{\"t\":{},\"event\":\"end\",\"calls\":{},\"restarts\":{},"
                  "\"handlerless\":{},\"fast\":{},\"missing\":{{{}}}}}\n",
                  lines_.Now(), calls_, restarts_, handlerless_, fast_, missing));
}

}  // namespace faultline::kernel::model
