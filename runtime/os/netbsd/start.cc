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
      case sys::kAT_STACKBASE:
        aux.stackend = v[1];
        break;
      case sys::kAT_SUN_EXECNAME:
        aux.execpath = reinterpret_cast<const char*>(v[1]);
        break;
      default:
        break;
    }
  }
  return aux;
}

uintptr_t mainstackend(const Auxv& aux) { return aux.stackend; }

int mapname(int* name) {
  name[0] = sys::kCTL_VM;
  name[1] = sys::kVM_PROC;
  name[2] = sys::kVM_PROC_MAP;
  name[3] = static_cast<int>(sys::getpid());
  name[4] = sizeof(sys::KinfoVmentry);
  return 5;
}

bool mapentry(const void* at, size_t room, MapEntry* out) {
  const auto* e = static_cast<const sys::KinfoVmentry*>(at);
  if (room < sizeof(*e)) return false;
  *out = {static_cast<uintptr_t>(e->start), static_cast<uintptr_t>(e->end), e->protection != 0,
          false, sizeof(*e)};
  return true;
}

}  // namespace runtime
