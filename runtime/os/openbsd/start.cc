#include "runtime/os/bsd/start.h"

#include "runtime/sys/sys.h"

// The linker's: where the program's own headers are in memory.
extern "C" const char __ehdr_start[] __attribute__((visibility("hidden")));

// arch/ARCH/asm.S
extern "C" char runtime_diestack_end[];

namespace runtime {

constexpr size_t kDieStackBytes = 65536;

// A static program that lies where it was linked gets no vector (kern/exec_elf.c: it is made for an
// interpreter, and for programs that can lie anywhere).
GO_NOSPLIT Auxv readauxv(char**) {
  struct Header {  // Elf32_Ehdr, Elf64_Ehdr
    char ident[16];
    uint16_t type, machine;
    uint32_t version;
    uintptr_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum;
  };
  const auto* header = reinterpret_cast<const Header*>(__ehdr_start);
  Auxv aux;
  aux.phdr = reinterpret_cast<uintptr_t>(__ehdr_start) + header->phoff;
  aux.phnum = header->phnum;
  return aux;
}

// The stack for dying is the program's own memory, and no stack until it is mapped as one.
static bool makediestack() {
  char* lo = runtime_diestack_end - kDieStackBytes;
  return !sys::iserror(sys::mmap(lo, kDieStackBytes, sys::kPROT_READ | sys::kPROT_WRITE,
                                 sys::kMAP_ANON | sys::kMAP_PRIVATE | sys::kMAP_FIXED, -1, 0));
}

// The kernel tells where it put the last thing on the stack; libpthread too takes the end of its
// page (librthread/rthread_np.c, pthread_stackseg_np).
uintptr_t mainstackend(const Auxv&) {
  const int name[] = {sys::kCTL_VM, sys::kVM_PSSTRINGS};
  uintptr_t strings = 0;
  size_t size = sizeof(strings);
  if (sys::sysctl(name, 2, &strings, &size) != 0) return 0;
  if (!makediestack()) return 0;
  return (strings + sys::kPageSize - 1) & ~uintptr_t{sys::kPageSize - 1};
}

// The map that it has is for debuggers (KERN_PROC_VMMAP), and not for a program itself.
int mapname(int* name) {
  name[0] = name[1] = 0;
  return 2;
}

bool mapentry(const void*, size_t, MapEntry*) { return false; }

}  // namespace runtime
