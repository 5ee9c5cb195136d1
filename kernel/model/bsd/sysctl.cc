#include "kernel/model/bsd/sysctl.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace faultline::kernel::model {

void ForEachMapping(const Process& process, const std::function<void(const Mapping&)>& tell) {
  std::ifstream maps(fmt::format("/proc/{}/maps", process.host));
  for (std::string line; std::getline(maps, line);) {
    char prot[5] = {};
    unsigned long start, end, offset, inode;
    unsigned major, minor;
    int name_at = 0;
    if (sscanf(line.c_str(), "%lx-%lx %4s %lx %x:%x %lu %n", &start, &end, prot, &offset, &major,
               &minor, &inode, &name_at) < 7)
      continue;
    if ((start <= kGatePage && kGatePage < end) || start >= (1ull << 47)) continue;
    tell({.start = start,
          .end = end,
          .offset = offset,
          .inode = inode,
          .protection =
              (prot[0] == 'r' ? 1 : 0) | (prot[1] == 'w' ? 2 : 0) | (prot[2] == 'x' ? 4 : 0),
          .path = inode != 0 && name_at > 0 ? line.substr(static_cast<size_t>(name_at)) : ""});
  }
}

}  // namespace faultline::kernel::model
