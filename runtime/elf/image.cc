#include "runtime/elf/image.h"

#include "abi/elf.h"
#include "runtime/proc/internal.h"

namespace runtime {

namespace {

namespace elf = faultline::abi::elf;

// The program's TLS image, as its PT_TLS header describes it.
struct Image {
  const char* data = nullptr;
  size_t filesize = 0;
  size_t size = 0;  // rounded up to align: the thread pointer comes right after (variant II of TLS)
  size_t align = 1;
};
Image image;

// Bytes at and above the thread pointer. The runtime uses the first word (it points to itself, as
// %fs:0 and %gs:0 must); a libc's code running on a lent block finds zeroes, and the words named
// below.
constexpr size_t kControlBlock = 4096 - 64;
// What a libc keeps in the first words, for code of its that runs on a lent block: on 386 the way
// into the kernel and the stack protector's value, on amd64 that value (tcbhead_t in glibc's
// sysdeps/*/nptl/tls.h).
constexpr int kControlWords = 8;
uintptr_t control[kControlWords];

}  // namespace

GO_NOSPLIT void tlsimageinit(uintptr_t phdr, uintptr_t phnum) {
  const auto* headers = reinterpret_cast<const elf::Phdr*>(phdr);
  for (uintptr_t i = 0; i < phnum; i++) {
    const elf::Phdr& h = headers[i];
    if (h.type != elf::kPT_TLS) continue;
    image.align = h.align > 64 ? static_cast<size_t>(h.align) : 64;
    image.data = reinterpret_cast<const char*>(h.vaddr);
    image.filesize = static_cast<size_t>(h.filesz);
    // The linker counts offsets from the end rounded up to the segment's own alignment.
    const size_t own = h.align > 1 ? static_cast<size_t>(h.align) : 1;
    image.size = (static_cast<size_t>(h.memsz) + own - 1) & ~(own - 1);
  }
}

GO_NOSPLIT void tlscontrolinit(uintptr_t tp) {
  for (int i = 0; i < kControlWords; i++) control[i] = reinterpret_cast<const uintptr_t*>(tp)[i];
}

GO_NOSPLIT uintptr_t newtls(G* g, M* m) {
  auto at = reinterpret_cast<uintptr_t>(sysalloc(image.size + image.align + kControlBlock));
  if (at == 0) return 0;
  const uintptr_t tp = (at + image.size + image.align - 1) & ~(image.align - 1);
  char* to = reinterpret_cast<char*>(tp - image.size);
  for (size_t i = 0; i < image.filesize; i++) to[i] = image.data[i];
  auto* words = reinterpret_cast<uintptr_t*>(tp);
  words[0] = tp;
  for (int i = 1; i < kControlWords; i++) words[i] = control[i];
  words[2] = tp;  // glibc's pthread_self(): header.self
  setblocktls(tp, g, m);
  return tp;
}

GO_NOSPLIT void setblocktls(uintptr_t tp, G* g, M* m) {
  // The offsets from the thread pointer are link-time constants, negative.
  intptr_t goffset = 0;
  intptr_t moffset = 0;
#if defined(__x86_64__)
  __asm__("movq $runtime_g@tpoff, %0\n\tmovq $runtime_m@tpoff, %1" : "=r"(goffset), "=r"(moffset));
#elif defined(__i386__)
  __asm__("movl $runtime_g@ntpoff, %0\n\tmovl $runtime_m@ntpoff, %1"
          : "=r"(goffset), "=r"(moffset));
#endif
  *reinterpret_cast<G**>(tp + static_cast<uintptr_t>(goffset)) = g;
  *reinterpret_cast<M**>(tp + static_cast<uintptr_t>(moffset)) = m;
}

}  // namespace runtime
