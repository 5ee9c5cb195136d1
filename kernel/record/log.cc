#include "kernel/record/log.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

namespace faultline::kernel {
namespace {

int64_t Clock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

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

Log::~Log() {
  if (fd_ >= 0) close(fd_);
}

bool Log::Open(const std::string& path, const LogHead& head) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  path_ = path;
  start_ = Clock();
  if (fd_ < 0) return false;
  WriteLine(HeadLine(head));
  return true;
}

int64_t Log::Now() const { return Clock() - start_; }

void Log::Write(const Lie& lie) {
  if (on_lie) on_lie(lie);
  if (fd_ < 0) return;
  std::string line = Head(lie);
  if (!lie.call.empty()) line += fmt::format(",\"call\":\"{}\"", lie.call);
  if (!lie.signal.empty()) line += fmt::format(",\"signal\":\"{}\"", lie.signal);
  line += ",\"before\":" + Values(lie, &Lie::Change::before) +
          ",\"after\":" + Values(lie, &Lie::Change::after) + "}\n";
  WriteLine(line);
}

void Log::Withdraw(const Lie& lie) {
  if (fd_ < 0) return;
  WriteLine(Head(lie) + ",\"withdrawn\":true}\n");
}

void Log::WriteLine(const std::string& line) {
  ssize_t written;
  do {
    written = write(fd_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) return;
  int error = written < 0 ? errno : ENOSPC;
  // A part of a line is worse than none: readers take the file line by line.
  struct stat now;
  if (written > 0 && fstat(fd_, &now) == 0 && S_ISREG(now.st_mode) &&
      ftruncate(fd_, now.st_size - written) != 0)
    error = errno;
  fmt::print(stderr,
             "inject: cannot write the log {}: {}. What was written is kept; the program goes "
             "on, its further lies are not logged.\n",
             path_, strerror(error));
  close(fd_);
  fd_ = -1;
}

}  // namespace faultline::kernel
