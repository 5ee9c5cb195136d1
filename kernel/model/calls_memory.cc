// Memory.
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/calls.h"

namespace faultline::kernel::model {
namespace {

constexpr uint64_t kEnd64 = 0x7ffffffff000;
constexpr uint64_t kEnd32 = 0xfffff000;

uint64_t Up(uint64_t size) { return (size + kPage - 1) & ~(kPage - 1); }

// The gate page is the model's: to a guest it is the end of what can be mapped.
bool Hits(uint64_t address, uint64_t size) {
  return address < kGatePage + kPage && address + size > kGatePage;
}

bool IsBad(const Thread& thread, uint64_t address, uint64_t size) {
  return address + size < address || address + size > MemoryEnd(thread) || Hits(address, size);
}

}  // namespace

uint64_t MemoryEnd(const Thread& thread) {
  return thread.process->space->bits == 64 ? kEnd64 : kEnd32;
}

std::optional<std::string> ReadString(Thread& thread, uint64_t address, Value* error, size_t most) {
  std::string text;
  char part[256];
  while (text.size() < most) {
    size_t got = thread.host.ReadSome(address + text.size(), part,
                                      std::min(sizeof part, most - text.size()));
    if (got == 0) {
      *error = -EFAULT;
      return std::nullopt;
    }
    size_t length = strnlen(part, got);
    text.append(part, length);
    if (length < got) return text;
  }
  *error = -ENAMETOOLONG;
  return std::nullopt;
}

Value Map(Thread& thread, uint64_t address, uint64_t size, int prot, int host_flags,
          const File* file, int64_t offset) {
  Space& space = *thread.process->space;
  if (size == 0) return -EINVAL;
  bool fixed = (host_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
  if (fixed && IsBad(thread, address, size)) return -ENOMEM;
  int64_t fd = -1;
  if (file != nullptr) {
    std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file->fd);
    if (!thread.host.Poke(kGateText, path.c_str(), path.size() + 1)) return -EFAULT;
    bool writes = (host_flags & MAP_SHARED) && (file->flags & O_ACCMODE) == O_RDWR;
    fd = thread.host.Call(
        SYS_open, {kGateText, static_cast<uint64_t>(writes ? O_RDWR : O_RDONLY) | O_CLOEXEC, 0});
    if (fd < 0) return fd == -ENXIO ? -ENODEV : fd;
  }
  auto call = [&](uint64_t where, int flags) {
    return thread.host.Call(SYS_mmap,
                            {where, size, static_cast<uint64_t>(prot), static_cast<uint64_t>(flags),
                             static_cast<uint64_t>(fd), static_cast<uint64_t>(offset)});
  };
  Value result;
  if (fixed) {
    result = call(address, host_flags);
  } else {
    // As BSDs do: upwards from the heap, not downwards from the stack.
    uint64_t hint = address != 0 ? address : space.next_mapping;
    int flags = host_flags;
    result = call(hint, flags);
    auto at = static_cast<uint64_t>(result);
    if (result > 0 && (at + size > MemoryEnd(thread) || (space.bits == 32 && at > kEnd32))) {
      thread.host.Call(SYS_munmap, {at, size});
      result = call(space.next_mapping, flags | (space.bits == 32 ? MAP_32BIT : 0));
      at = static_cast<uint64_t>(result);
      if (result > 0 && space.bits == 32 && at + size > kEnd32) {
        thread.host.Call(SYS_munmap, {at, size});
        result = -ENOMEM;
      }
    }
    if (result > 0 && address == 0 && static_cast<uint64_t>(result) >= space.next_mapping)
      space.next_mapping = static_cast<uint64_t>(result) + Up(size);
  }
  if (fd >= 0) thread.host.Call(SYS_close, {static_cast<uint64_t>(fd)});
  return result;
}

Value Unmap(Thread& thread, uint64_t address, uint64_t size) {
  if (size == 0 || IsBad(thread, address, size)) return -EINVAL;
  Space& space = *thread.process->space;
  Value value = thread.host.Call(SYS_munmap, {address, Up(size)});
  // What is free again is found again.
  if (value == 0 && address + Up(size) == space.next_mapping) space.next_mapping = address;
  return value;
}

Value Protect(Thread& thread, uint64_t address, uint64_t size, int prot) {
  if (IsBad(thread, address, size)) return -EINVAL;
  if (size == 0) return 0;
  return thread.host.Call(SYS_mprotect, {address, Up(size), static_cast<uint64_t>(prot)});
}

Value SetBreak(Thread& thread, uint64_t end) {
  Space& space = *thread.process->space;
  uint64_t old_end = Up(space.break_end);
  uint64_t new_end = Up(end);
  if (end < space.break_start) return -EINVAL;
  if (new_end > old_end) {
    Value value = Map(thread, old_end, new_end - old_end, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, nullptr, 0);
    if (value < 0) return -ENOMEM;
  } else if (new_end < old_end) {
    if (Value value = Unmap(thread, new_end, old_end - new_end); value != 0) return value;
  }
  space.break_end = end;
  return 0;
}

}  // namespace faultline::kernel::model
