// Thread-local storage of programs that are ELF: the program's image of it, and blocks made from
// that image.
#ifndef FAULTLINE_RUNTIME_ELF_IMAGE_H_
#define FAULTLINE_RUNTIME_ELF_IMAGE_H_

#include <stdint.h>

namespace runtime {

// Learns the layout of the program's TLS image from its program headers (AT_PHDR, AT_PHNUM).
void tlsimageinit(uintptr_t phdr, uintptr_t phnum);
// Beside a libc: what new TLS blocks take over from the control block of this thread, whose thread
// pointer is tp.
void tlscontrolinit(uintptr_t tp);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_ELF_IMAGE_H_
