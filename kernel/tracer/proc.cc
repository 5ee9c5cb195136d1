#include "kernel/tracer/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace faultline::kernel {

std::string ReadProcFile(pid_t pid, const char* name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  std::string text;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char part[4096];
  ssize_t size;
  while ((size = read(fd, part, sizeof part)) > 0) text.append(part, static_cast<size_t>(size));
  close(fd);
  return text;
}

std::optional<ThreadStatus> ReadStatus(pid_t tid) {
  std::string text = ReadProcFile(tid, "status");
  if (text.empty()) return std::nullopt;
  ThreadStatus status;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    size_t colon = line.find(":\t");
    if (colon == std::string_view::npos) continue;
    std::string_view key = line.substr(0, colon);
    const char* value = line.data() + colon + 2;  // the text ends in '\n' or NUL: strto* stop there
    if (key == "Name") {
      status.name = line.substr(colon + 2);
    } else if (key == "State") {
      status.state = *value;
    } else if (key == "Tgid") {
      status.tgid = static_cast<pid_t>(strtol(value, nullptr, 10));
    } else if (key == "PPid") {
      status.parent = static_cast<pid_t>(strtol(value, nullptr, 10));
    } else if (key == "TracerPid") {
      status.tracer = static_cast<pid_t>(strtol(value, nullptr, 10));
    } else if (key == "NStgid") {
      char* end = nullptr;
      for (const char* at = value; at < line.data() + line.size(); at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at) break;
        status.pid_in_namespaces.push_back(static_cast<pid_t>(pid));
        if (*end == '\n') break;
      }
    } else if (key == "SigPnd") {
      status.pending = strtoull(value, nullptr, 16);
    } else if (key == "ShdPnd") {
      status.shared_pending = strtoull(value, nullptr, 16);
    } else if (key == "SigBlk") {
      status.blocked = strtoull(value, nullptr, 16);
    } else if (key == "SigIgn") {
      status.ignored = strtoull(value, nullptr, 16);
    } else if (key == "SigCgt") {
      status.caught = strtoull(value, nullptr, 16);
    }
  }
  return status;
}

std::string MappedFile(pid_t pid, uint64_t address) {
  std::string text = ReadProcFile(pid, "maps");
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    // "first-end perms offset device inode   /file"
    const char* begin = line.data();  // the text ends in '\n' or NUL: strtoull stops there
    char* end = nullptr;
    uint64_t first = strtoull(begin, &end, 16);
    uint64_t last = *end == '-' ? strtoull(end + 1, nullptr, 16) : 0;
    if (address < first || address >= last) continue;
    size_t file = line.find('/');
    return file == std::string_view::npos ? "" : std::string(line.substr(file));
  }
  return "";
}

std::vector<pid_t> ThreadsOf(pid_t tgid) {
  std::vector<pid_t> threads;
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/task", tgid);
  DIR* folder = opendir(path);
  if (folder == nullptr) return threads;
  while (dirent* entry = readdir(folder))
    if (pid_t tid = static_cast<pid_t>(strtol(entry->d_name, nullptr, 10))) threads.push_back(tid);
  closedir(folder);
  std::sort(threads.begin(), threads.end());
  return threads;
}

}  // namespace faultline::kernel
