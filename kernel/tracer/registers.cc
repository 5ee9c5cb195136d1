#include "kernel/tracer/registers.h"

#include <sys/ptrace.h>

#include <array>
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
  return ptrace(PTRACE_GETREGS, tid, nullptr, &regs_) == 0;
}

bool Registers::Store(pid_t tid) {
  bool ok = true;
  for (int i = 0; i < kRegs; ++i) {
    if (!(changed_ & 1u << i)) continue;
    ok = ptrace(PTRACE_POKEUSER, tid, kTable[i].offset, Get(static_cast<Reg>(i))) == 0 && ok;
  }
  changed_ = 0;
  return ok;
}

uint64_t Registers::Get(Reg reg) const {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const char*>(&regs_) + Of(reg).offset, sizeof value);
  return value;
}

void Registers::Set(Reg reg, uint64_t value) {
  memcpy(reinterpret_cast<char*>(&regs_) + Of(reg).offset, &value, sizeof value);
  changed_ |= 1u << static_cast<int>(reg);
}

Arch Registers::arch() const { return regs_.cs == kUserCs64 ? Arch::kAmd64 : Arch::k386; }

}  // namespace faultline::kernel
