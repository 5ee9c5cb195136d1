#include "runtime/os/freebsd/start.h"

#include "runtime/sys/sys.h"

namespace runtime {

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
      case sys::kAT_EXECPATH:
        aux.execpath = reinterpret_cast<const char*>(v[1]);
        break;
      default:
        break;
    }
  }
  return aux;
}

}  // namespace runtime
