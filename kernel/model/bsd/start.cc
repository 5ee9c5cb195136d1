#include "kernel/model/bsd/start.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/model/calls.h"

namespace faultline::kernel::model {

GuestMemory::~GuestMemory() {
  if (remote_ >= 0) thread_->host.Call(SYS_close, {static_cast<uint64_t>(remote_)});
}

int64_t GuestMemory::MapFile(uint64_t address, uint64_t size, int prot, uint64_t offset) {
  if (remote_ < 0) {
    std::string path = fmt::format("/proc/{}/fd/{}", getpid(), fd_);
    if (!thread_->host.Poke(kGateText, path.c_str(), path.size() + 1)) return -EFAULT;
    remote_ = thread_->host.Call(SYS_open, {kGateText, O_RDONLY | O_CLOEXEC, 0});
    if (remote_ < 0) return remote_;
  }
  return Place(address, size, prot, MAP_PRIVATE, remote_, offset);
}

int64_t GuestMemory::MapZeros(uint64_t address, uint64_t size, int prot) {
  return Place(address, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

bool GuestMemory::Clear(uint64_t address, uint64_t size) {
  std::string zeros(size, '\0');
  return thread_->host.Poke(address, zeros.data(), zeros.size());
}

int64_t GuestMemory::Place(uint64_t address, uint64_t size, int prot, int flags, int64_t fd,
                           uint64_t offset) const {
  if (address + size > MemoryEnd(*thread_) ||
      (address < kGatePage + kPage && address + size > kGatePage))
    return -ENOMEM;
  int64_t result = thread_->host.Call(
      SYS_mmap, {address, size, static_cast<uint64_t>(prot),
                 static_cast<uint64_t>(flags | MAP_FIXED), static_cast<uint64_t>(fd), offset});
  return result < 0 ? result : 0;
}

std::string OtherSystem(const load::Image& image) {
  std::string of = "of an unknown system";
  if (image.form == load::Form::kMachO) of = "a program of Darwin";
  for (const load::Note& note : image.notes) {
    if (note.name == "GNU" && note.type == NT_GNU_ABI_TAG) of = "a Linux program";
    if (note.name == "FreeBSD" || note.name == "NetBSD" || note.name == "OpenBSD")
      of = "a program of " + note.name;
  }
  if (image.interpreter.find("ld-linux") != std::string::npos) of = "a Linux program";
  return of;
}

}  // namespace faultline::kernel::model
