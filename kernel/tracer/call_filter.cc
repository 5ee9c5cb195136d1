#include "kernel/tracer/call_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

#include "kernel/tracer/calls.h"

namespace faultline::kernel {
namespace {

constexpr sock_filter Statement(uint16_t code, uint32_t operand) {
  return {.code = code, .jt = 0, .jf = 0, .k = operand};
}
constexpr sock_filter SkipUnlessEqual(uint32_t value, uint8_t skipped) {
  return {.code = BPF_JMP | BPF_JEQ | BPF_K, .jt = 0, .jf = skipped, .k = value};
}
constexpr sock_filter kLoadArch = Statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
constexpr sock_filter kLoadNumber = Statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
// x32's mark on a number.
constexpr sock_filter kDropX32Bit = Statement(BPF_ALU | BPF_AND | BPF_K, ~kX32Bit);
constexpr sock_filter kStop = Statement(BPF_RET | BPF_K, SECCOMP_RET_TRACE | kFilterMessage);
constexpr sock_filter kPass = Statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

}  // namespace

void CallFilter::Add(std::string_view name) {
  for (Arch arch : {Arch::kAmd64, Arch::k386})
    if (auto number = CallNumber(arch, name)) numbers_[static_cast<size_t>(arch)].insert(*number);
}

bool CallFilter::Install() const {
  // Only what the kernel can work out beforehand for each number (seccomp_is_const_allow): calls
  // that pass cost a lookup in a bitmap then.
  std::vector<sock_filter> program;
  if (all_) {
    program = {kStop};
  } else {
    for (Arch arch : {Arch::kAmd64, Arch::k386}) {
      const std::set<int>& numbers = numbers_[static_cast<size_t>(arch)];
      std::vector<sock_filter> table = {kLoadNumber, kDropX32Bit};
      for (int number : numbers) {
        table.push_back(SkipUnlessEqual(static_cast<uint32_t>(number), 1));
        table.push_back(kStop);
      }
      table.push_back(kPass);
      // Jumps reach 255 instructions; a table that is longer is skipped by an unconditional one.
      program.push_back(kLoadArch);
      program.push_back(SkipUnlessEqual(arch == Arch::kAmd64 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386,
                                        /*skipped=*/0));
      program.back().jt = 1;
      program.push_back(Statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(table.size())));
      program.insert(program.end(), table.begin(), table.end());
    }
    program.push_back(kPass);
  }
  sock_fprog whole = {.len = static_cast<uint16_t>(program.size()), .filter = program.data()};
  auto install = [&] { return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) == 0; };
  if (install()) return true;
  return errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && install();
}

}  // namespace faultline::kernel
