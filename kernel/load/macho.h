// Mach-O programs, for ReadImage.
#ifndef FAULTLINE_KERNEL_LOAD_MACHO_H_
#define FAULTLINE_KERNEL_LOAD_MACHO_H_

#include <cstdint>
#include <string>

#include "kernel/load/elf.h"

namespace faultline::kernel::load {

// By the first word of a file.
bool IsMachO(uint32_t magic);
// As ReadImage has it.
bool ReadMachO(int fd, uint64_t file_size, Image* image, std::string* why);

}  // namespace faultline::kernel::load

#endif  // FAULTLINE_KERNEL_LOAD_MACHO_H_
