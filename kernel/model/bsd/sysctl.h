// What all sysctls do.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_SYSCTL_H_
#define FAULTLINE_KERNEL_MODEL_BSD_SYSCTL_H_

#include <errno.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

#include "kernel/model/bsd/context.h"

namespace faultline::kernel::model {

template <typename T>
std::string Bytes(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

inline std::string Text(const std::string& text) { return text + '\0'; }

template <typename C>
std::string Pointer(const C& c, uint64_t value) {
  return c.amd64 ? Bytes(value) : Bytes(static_cast<uint32_t>(value));
}

// A piece of a process's memory.
struct Mapping {
  uint64_t start, end, offset, inode;
  int protection;  // bit 0 read, 1 write, 2 execute
  std::string path;
};
// In the order of addresses, without the gate and what the host alone has.
void ForEachMapping(const Process& process, const std::function<void(const Mapping&)>& tell);

// Gives `value` to the program. Source: kern_sysctl.c: what is too long is cut off, with ENOMEM.
template <typename C>
Value Give(C& c, const std::string& value, uint64_t old, uint64_t old_size_at) {
  if (old_size_at == 0) return 0;
  uint64_t room = 0;
  if (c.amd64) {
    if (!c.Get(old_size_at, &room)) return -EFAULT;
  } else {
    uint32_t narrow;
    if (!c.Get(old_size_at, &narrow)) return -EFAULT;
    room = narrow;
  }
  uint64_t size = value.size();
  if (old != 0) {
    uint64_t copied = std::min(room, size);
    if (!c.thread.host.Write(old, value.data(), copied)) return -EFAULT;
    size = copied;
  }
  if (!c.PutLong(old_size_at, static_cast<int64_t>(size))) return -EFAULT;
  return old != 0 && room < value.size() ? -ENOMEM : 0;
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_SYSCTL_H_
