// What exec does, whatever BSD it is.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_START_H_
#define FAULTLINE_KERNEL_MODEL_BSD_START_H_

#include <cstdint>
#include <string>

#include "kernel/load/elf.h"
#include "kernel/model/machine.h"

namespace faultline::kernel::model {

// The memory of a process that a program is mapped into.
class GuestMemory : public load::Memory {
 public:
  GuestMemory(Thread* thread, int fd) : thread_(thread), fd_(fd) {}
  // Not held open by the tracee longer than it takes.
  ~GuestMemory() override;
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  int64_t MapFile(uint64_t address, uint64_t size, int prot, uint64_t offset) override;
  int64_t MapZeros(uint64_t address, uint64_t size, int prot) override;
  bool Clear(uint64_t address, uint64_t size) override;

 private:
  int64_t Place(uint64_t address, uint64_t size, int prot, int flags, int64_t fd,
                uint64_t offset) const;

  Thread* thread_;
  int fd_;
  int64_t remote_ = -1;
};

// The upper end of the first stack, written downwards.
class StackWriter {
 public:
  StackWriter(Thread* thread, uint64_t end) : thread_(thread), at_(end) {}
  uint64_t Put(const void* data, size_t size, uint64_t align = 1) {
    at_ = (at_ - size) & ~(align - 1);
    ok_ = ok_ && thread_->host.Poke(at_, data, size);
    return at_;
  }
  uint64_t Put(const std::string& text) { return Put(text.c_str(), text.size() + 1); }
  [[nodiscard]] uint64_t at() const { return at_; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  Thread* thread_;
  uint64_t at_;
  bool ok_ = true;
};

// Whose program this is, in words, when it is not one of the system that is asked.
std::string OtherSystem(const load::Image& image);

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_START_H_
