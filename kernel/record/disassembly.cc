#include "kernel/record/disassembly.h"

#include <capstone/capstone.h>
#include <fmt/format.h>

#include <algorithm>

#include "kernel/tracer/memory.h"

namespace faultline::kernel {
namespace {

// How much is shown on each side, in instructions, and looked at, in bytes.
constexpr size_t kBefore = 5;
constexpr size_t kAfter = 5;
constexpr uint64_t kFarthestStart = 4096;
constexpr size_t kBytesAfter = 16 * (kAfter + 1);  // an instruction has at most 15

std::string LineOf(uint64_t address, uint64_t pc, const std::string& text) {
  return fmt::format("{} {:#x}  {}", address == pc ? "=>" : "  ", address, text);
}

}  // namespace

std::vector<std::string> Disassemble(pid_t pid, Arch arch, uint64_t pc, uint64_t start) {
  if (start == 0 || start > pc || pc - start > kFarthestStart) start = pc;
  std::vector<uint8_t> code(pc - start + kBytesAfter);
  code.resize(ReadMemory(pid, start, code.data(), code.size()));
  std::vector<std::string> lines;
  csh handle;
  if (code.size() <= pc - start ||
      cs_open(CS_ARCH_X86, arch == Arch::kAmd64 ? CS_MODE_64 : CS_MODE_32, &handle) != CS_ERR_OK)
    return lines;
  cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
  cs_insn* instructions = nullptr;
  size_t count = cs_disasm(handle, code.data(), code.size(), start, 0, &instructions);
  size_t at = 0;
  while (at < count && instructions[at].address < pc) ++at;
  if (at < count && instructions[at].address == pc) {
    size_t first = at - std::min(at, kBefore);
    for (size_t i = first; i < std::min(count, at + kAfter + 1); ++i)
      lines.push_back(
          LineOf(instructions[i].address, pc,
                 fmt::format("{} {}", instructions[i].mnemonic, instructions[i].op_str)));
  } else if (start != pc) {
    // What lies before does not lead to this place: data in between, or a jump into the middle.
    lines = Disassemble(pid, arch, pc, 0);
  } else {
    lines.push_back(LineOf(pc, pc, fmt::format("(no instruction: {:#04x})", code[0])));
  }
  cs_free(instructions, count);
  cs_close(&handle);
  return lines;
}

}  // namespace faultline::kernel
