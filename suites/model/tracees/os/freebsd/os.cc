#include "suites/model/tracees/tracee.h"

// The brand of the release that the program is for: it says 9.1, whatever runs it.
[[gnu::section(".note.tag"), gnu::used]] static const struct {
  int name_size = 8, data_size = 4, type = 1;
  char name[8] = "FreeBSD";
  int date = 901000;
} kNote;

namespace tracee {

long SetAction(int signal, const abi::SigAction* action, abi::SigAction* old) {
  return Make(abi::k_sigaction, static_cast<Word>(signal), At(action), At(old));
}

long StartThread(void (*function)(void*), void* argument) {
  constexpr Word kStack = 65536;
  long stack = Mmap(kStack);
  auto* birth = reinterpret_cast<Birth*>(stack);
  birth->function = function;
  birth->argument = argument;
  Word tid = 0;
  abi::ThrParam param = {};
  using Field = decltype(param.arg);
  param.start_func = static_cast<Field>(At(&ThreadStart));
  param.arg = static_cast<Field>(stack);
  param.stack_base = static_cast<Field>(stack);
  param.stack_size = kStack;
  param.parent_tid = static_cast<Field>(At(&tid));
  long error = Make(abi::k_thr_new, At(&param), sizeof param);
  return error != 0 ? error : static_cast<long>(tid);
}

long ThreadSelf() {
  Word id = 0;
  Make(abi::k_thr_self, At(&id));
  return static_cast<long>(id);
}

void ThreadExit() {
  for (;;) Make(abi::k_thr_exit, 0);
}

}  // namespace tracee
