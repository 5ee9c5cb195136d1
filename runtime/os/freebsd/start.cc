#include "runtime/os/bsd/start.h"

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

uintptr_t mainstackend(const Auxv&) {
  const int name[] = {sys::kCTL_KERN, sys::kKERN_USRSTACK};
  uintptr_t end = 0;
  size_t size = sizeof(end);
  return sys::sysctl(name, 2, &end, &size) == 0 ? end : 0;
}

int mapname(int* name) {
  name[0] = sys::kCTL_KERN;
  name[1] = sys::kKERN_PROC;
  name[2] = sys::kKERN_PROC_VMMAP;
  name[3] = static_cast<int>(sys::getpid());
  return 4;
}

bool mapentry(const void* at, size_t room, MapEntry* out) {
  const auto* e = static_cast<const sys::KinfoVmentry*>(at);
  if (room < sizeof(*e) || e->structsize < static_cast<int32_t>(sizeof(*e))) return false;
  *out = {static_cast<uintptr_t>(e->start), static_cast<uintptr_t>(e->end), e->protection != 0,
          (e->flags & sys::kKVME_FLAG_GROWS_DOWN) != 0 && e->protection != 0,
          static_cast<size_t>(e->structsize)};
  return true;
}

}  // namespace runtime
