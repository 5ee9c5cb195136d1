#include "kernel/tracer/registers.h"

#include <sys/ptrace.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace faultline::kernel {
namespace {

struct Entry {
  std::string_view amd64;
  std::string_view i386;
  size_t offset;  // in user_regs_struct, which is also the offset that PTRACE_POKEUSER takes
};

constexpr std::array<Entry, kRegs> kTable = {{
    {"rax", "eax", offsetof(user_regs_struct, rax)},
    {"rcx", "ecx", offsetof(user_regs_struct, rcx)},
    {"rdx", "edx", offsetof(user_regs_struct, rdx)},
    {"rbx", "ebx", offsetof(user_regs_struct, rbx)},
    {"rsp", "esp", offsetof(user_regs_struct, rsp)},
    {"rbp", "ebp", offsetof(user_regs_struct, rbp)},
    {"rsi", "esi", offsetof(user_regs_struct, rsi)},
    {"rdi", "edi", offsetof(user_regs_struct, rdi)},
    {"r8", "r8", offsetof(user_regs_struct, r8)},
    {"r9", "r9", offsetof(user_regs_struct, r9)},
    {"r10", "r10", offsetof(user_regs_struct, r10)},
    {"r11", "r11", offsetof(user_regs_struct, r11)},
    {"r12", "r12", offsetof(user_regs_struct, r12)},
    {"r13", "r13", offsetof(user_regs_struct, r13)},
    {"r14", "r14", offsetof(user_regs_struct, r14)},
    {"r15", "r15", offsetof(user_regs_struct, r15)},
    {"rip", "eip", offsetof(user_regs_struct, rip)},
    {"flags", "eflags", offsetof(user_regs_struct, eflags)},
    {"orig_rax", "orig_eax", offsetof(user_regs_struct, orig_rax)},
    {"fs_base", "fs_base", offsetof(user_regs_struct, fs_base)},
    {"gs_base", "gs_base", offsetof(user_regs_struct, gs_base)},
    {"gs", "gs", offsetof(user_regs_struct, gs)},
}};

constexpr uint64_t kUserCs64 = 0x33;

const Entry& Of(Reg reg) { return kTable[static_cast<size_t>(reg)]; }

}  // namespace

std::string_view RegName(Reg reg, Arch arch) {
  return arch == Arch::kAmd64 ? Of(reg).amd64 : Of(reg).i386;
}

std::optional<Reg> ParseReg(std::string_view name) {
  for (int i = 0; i < kGeneralRegs; ++i)
    if (name == kTable[i].amd64 || name == kTable[i].i386) return static_cast<Reg>(i);
  return std::nullopt;
}

bool Registers::Fetch(pid_t tid) {
  changed_ = 0;
  to_fetch_ = 0;
  bool ok = ptrace(PTRACE_GETREGS, tid, nullptr, &fetched_) == 0;
  regs_ = fetched_;
  return ok;
}

void Registers::FetchWhenAsked(pid_t tid) {
  changed_ = 0;
  fetched_ = regs_ = {};
  to_fetch_ = tid;
}

void Registers::FetchNow() const {
  if (to_fetch_ == 0) return;
  if (ptrace(PTRACE_GETREGS, to_fetch_, nullptr, &fetched_) != 0) fetched_ = {};
  to_fetch_ = 0;
  user_regs_struct set = regs_;
  regs_ = fetched_;
  for (int i = 0; i < kRegs; ++i)
    if (changed_ & 1u << i)
      memcpy(reinterpret_cast<char*>(&regs_) + kTable[i].offset,
             reinterpret_cast<const char*>(&set) + kTable[i].offset, sizeof(uint64_t));
}

bool Registers::Store(pid_t tid) {
  bool ok = true;
  // One request for all is cheaper than one for each, from the third on.
  if (std::popcount(changed_) > 2 && arch() == Arch::kAmd64) {
    ok = ptrace(PTRACE_SETREGS, tid, nullptr, &regs_) == 0;
  } else {
    for (int i = 0; i < kRegs; ++i) {
      if (!(changed_ & 1u << i)) continue;
      uint64_t value;
      memcpy(&value, reinterpret_cast<const char*>(&regs_) + kTable[i].offset, sizeof value);
      ok = ptrace(PTRACE_POKEUSER, tid, kTable[i].offset, value) == 0 && ok;
    }
  }
  changed_ = 0;
  return ok;
}

uint64_t Registers::Get(Reg reg) const {
  FetchNow();
  uint64_t value;
  memcpy(&value, reinterpret_cast<const char*>(&regs_) + Of(reg).offset, sizeof value);
  return value;
}

void Registers::SkipCall(int64_t result) {
  Set(Reg::kOrigRax, ~0ull);
  Set(Reg::kRax, static_cast<uint64_t>(result));
}

int64_t Registers::Result() const {
  auto result = static_cast<int64_t>(Get(Reg::kRax));
  return arch() == Arch::kAmd64 ? result : static_cast<int32_t>(result);
}

void Registers::Set(Reg reg, uint64_t value) {
  memcpy(reinterpret_cast<char*>(&regs_) + Of(reg).offset, &value, sizeof value);
  changed_ |= 1u << static_cast<int>(reg);
}

std::vector<std::pair<Reg, uint64_t>> Registers::Replaced() const {
  std::vector<std::pair<Reg, uint64_t>> replaced;
  for (int i = 0; i < kRegs; ++i) {
    if (!(changed_ & 1u << i)) continue;
    FetchNow();
    uint64_t before;
    memcpy(&before, reinterpret_cast<const char*>(&fetched_) + kTable[i].offset, sizeof before);
    replaced.emplace_back(static_cast<Reg>(i), before);
  }
  return replaced;
}

Arch Registers::arch() const {
  FetchNow();
  return regs_.cs == kUserCs64 ? Arch::kAmd64 : Arch::k386;
}

}  // namespace faultline::kernel
