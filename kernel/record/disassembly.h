// Machine code in words.
#ifndef FAULTLINE_KERNEL_RECORD_DISASSEMBLY_H_
#define FAULTLINE_KERNEL_RECORD_DISASSEMBLY_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/tracer/registers.h"

namespace faultline::kernel {

// The instructions around `pc` in the memory of `pid`, a line each; the one at `pc` is marked "=>".
// `start`: the beginning of the function, where reading may begin so that what lies before `pc` is
// shown too; 0: not known. Empty when there is no memory at `pc`.
std::vector<std::string> Disassemble(pid_t pid, Arch arch, uint64_t pc, uint64_t start);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_RECORD_DISASSEMBLY_H_
