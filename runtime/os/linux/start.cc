#include "runtime/os/linux/start.h"

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

}  // namespace runtime
