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
  // The size rounded up to align where the thread pointer comes right after (variant II of TLS).
  // Where the image is above it (variant I), as it is, and it starts so far above.
  size_t size = 0;
  size_t above = 0;
  size_t align = 1;
};
Image image;

// Bytes of a libc's own beside the image: at and above the thread pointer with variant II, below it
// with variant I. A libc's code running on a lent block finds zeroes, and the words named below.
constexpr size_t kControlBlock = 4096 - 64;
// What a libc keeps in the first words, for code of its that runs on a lent block: on 386 the way
// into the kernel and the stack protector's value, on amd64 that value (tcbhead_t in glibc's
// sysdeps/*/nptl/tls.h); with variant I nothing but the two words of its own.
constexpr int kControlWords = kTlsAbove ? kTlsControl / sizeof(uintptr_t) : 8;
uintptr_t control[kControlWords + 1];

}  // namespace

GO_NOSPLIT void tlsimageinit(uintptr_t phdr, uintptr_t phnum) {
  const auto* headers = reinterpret_cast<const elf::Phdr*>(phdr);
  for (uintptr_t i = 0; i < phnum; i++) {
    const elf::Phdr& h = headers[i];
    if (h.type != elf::kPT_TLS) continue;
    image.align = h.align > 64 ? static_cast<size_t>(h.align) : 64;
    image.data = reinterpret_cast<const char*>(h.vaddr);
    image.filesize = static_cast<size_t>(h.filesz);
    // The linker counts offsets from the end, or from the end of the control block, rounded up to
    // the segment's own alignment.
    const size_t own = h.align > 1 ? static_cast<size_t>(h.align) : 1;
    image.size = (static_cast<size_t>(h.memsz) + own - 1) & ~(own - 1);
    image.above = (kTlsControl + own - 1) & ~(own - 1);
  }
}

GO_NOSPLIT void tlscontrolinit(uintptr_t tp) {
  for (int i = 0; i < kControlWords; i++) control[i] = reinterpret_cast<const uintptr_t*>(tp)[i];
}

GO_NOSPLIT uintptr_t newtls(G* g, M* m) {
  const size_t bytes = image.above + image.size + image.align + kControlBlock;
  auto at = reinterpret_cast<uintptr_t>(sysalloc(bytes));
  if (at == 0) return 0;
  const size_t below = kTlsAbove ? kControlBlock : image.size;
  const uintptr_t tp = (at + below + image.align - 1) & ~(image.align - 1);
  char* to = reinterpret_cast<char*>(kTlsAbove ? tp + image.above : tp - image.size);
  for (size_t i = 0; i < image.filesize; i++) to[i] = image.data[i];
  auto* words = reinterpret_cast<uintptr_t*>(tp);
  for (int i = 0; i < kControlWords; i++) words[i] = control[i];
  if (!kTlsAbove) {
    words[0] = tp;  // as %fs:0 and %gs:0 must be
    words[2] = tp;  // glibc's pthread_self(): header.self
  }
  setblocktls(tp, g, m);
  return tp;
}

GO_NOSPLIT void setblocktls(uintptr_t tp, G* g, M* m) {
  *reinterpret_cast<G**>(tp + static_cast<uintptr_t>(tlsgoffset())) = g;
  *reinterpret_cast<M**>(tp + static_cast<uintptr_t>(tlsmoffset())) = m;
}

}  // namespace runtime
