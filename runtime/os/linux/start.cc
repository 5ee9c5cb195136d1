#include "runtime/os/linux/start.h"

#include "runtime/proc/internal.h"
#include "runtime/runtime.h"
#include "runtime/signal/internal.h"

namespace runtime {

namespace {

constexpr uint32_t kPtTls = 7;  // elf.h

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

struct Args {
  int argc;
  char** argv;
  char** envp;
} args;

void maingoroutine(void*) {
  go_main(args.argc, args.argv, args.envp);
  waitforpanic();
  systemstack(endprogram, nullptr);
}

int32_t countcpus() {
  unsigned char mask[1024 / 8] = {};
  const long n = sys::sched_getaffinity(0, sizeof(mask), mask);
  int32_t cpus = 0;
  for (long i = 0; i < n; i++) cpus += __builtin_popcount(mask[i]);
  return cpus > 0 ? cpus : 1;
}

}  // namespace

GO_NOSPLIT Auxv readauxv(char** envp) {
  while (*envp != nullptr) envp++;
  const auto* v = reinterpret_cast<const uintptr_t*>(envp + 1);
  Auxv aux;
  for (; v[0] != sys::kAT_NULL; v += 2) {
    switch (v[0]) {
      case sys::kAT_PHDR:
        aux.phdr = v[1];
        break;
      case sys::kAT_PHNUM:
        aux.phnum = v[1];
        break;
      case sys::kAT_HWCAP2:
        aux.hwcap2 = v[1];
        break;
      case sys::kAT_EXECFN:
        aux.execfn = reinterpret_cast<const char*>(v[1]);
        break;
      default:
        break;
    }
  }
  if (aux.execfn == nullptr) {  // before 2.6.27: near enough, the last string but the name
    aux.execfn = envp[-1] != nullptr ? envp[-1] : "";
  }
  return aux;
}

GO_NOSPLIT void tlsimageinit(const Auxv& aux) {
  const auto* headers = reinterpret_cast<const sys::os::ElfPhdr*>(aux.phdr);
  for (uintptr_t i = 0; i < aux.phnum; i++) {
    const sys::os::ElfPhdr& h = headers[i];
    if (h.type != kPtTls) continue;
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

GO_NOSPLIT void startruntime(int argc, char** argv, char** envp, uintptr_t sp) {
  args = {argc, argv, envp};
  M* m = allocm(false);  // m0: its TLS stands already
  if (m == nullptr) {
    Print(2).s("runtime: cannot map memory at start\n");
    sys::exit_group(2);
  }
  settlsm(m);
  settlsg(m->g0);
  const StackBounds bounds = mainstackbounds();
  m->threadlo = bounds.lo;
  m->threadhi = bounds.hi;
  initcgo(m->g0, sp, bounds);
  sys::sigprocmask(sys::kSIG_SETMASK, nullptr, &threadmask);
  minit(m);
  initsig();
  for (int i = 0; i < kExtraThreads; i++) newextram();
  // The main goroutine is made before the scheduler opens, so that it starts on this thread and on
  // no other.
  newproc(maingoroutine, nullptr, kMainStackSize);
  schedinit(countcpus());
  mstart(m);
}

}  // namespace runtime
