#include "runtime/os/bsd/start.h"

#include "runtime/sys/sys.h"

namespace runtime {

// There is no auxiliary vector; behind the environment come Apple's strings, of which the first is
// the path that was executed, with a name before it since 10.10 (bsd/kern/kern_exec.c,
// exec_add_apple_strings).
GO_NOSPLIT Auxv readauxv(char** envp) {
  while (*envp != nullptr) envp++;
  Auxv aux;
  const char* path = envp[1];
  static const char name[] = "executable_path=";
  constexpr size_t kName = sizeof(name) - 1;
  size_t n = 0;
  while (path != nullptr && n < kName && path[n] == name[n]) n++;
  aux.execpath = n == kName ? path + n : path;
  return aux;
}

uintptr_t mainstackend(const Auxv&) {
  const int name[] = {sys::kCTL_KERN,
                      sizeof(uintptr_t) == 8 ? sys::kKERN_USRSTACK64 : sys::kKERN_USRSTACK32};
  uintptr_t end = 0;
  size_t size = sizeof(end);
  return sys::sysctl(name, 2, &end, &size) == 0 ? end : 0;
}

}  // namespace runtime
