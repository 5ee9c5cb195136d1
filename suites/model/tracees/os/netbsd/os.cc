#include "suites/model/tracees/tracee.h"

extern "C" void HandlerReturn();  // call.S

namespace tracee {

long SetAction(int signal, const abi::SigAction* action, abi::SigAction* old) {
  return Make(abi::k___sigaction_sigtramp, static_cast<Word>(signal), At(action), At(old),
              At(&HandlerReturn), abi::kSigtrampSiginfo);
}

// All of its registers come from a context.
long StartThread(void (*function)(void*), void* argument) {
  constexpr Word kStack = 65536;
  long stack = Mmap(kStack);
  auto* birth = reinterpret_cast<Birth*>(stack);
  birth->function = function;
  birth->argument = argument;
  static abi::UContext context;
  Make(abi::k_getcontext, At(&context));
  Word top = static_cast<Word>(stack) + kStack - 64;
#if defined(__x86_64__)
  context.mcontext.rip = At(&ThreadStart);
  context.mcontext.rsp = top - 8;
  context.mcontext.rdi = At(birth);
#else
  reinterpret_cast<Word*>(top)[1] = At(birth);
  context.mcontext.eip = At(&ThreadStart);
  context.mcontext.esp = top;
#endif
  int id = 0;
  long error = Make(abi::k__lwp_create, At(&context), 0, At(&id));
  return error != 0 ? error : id;
}

long ThreadSelf() { return Make(abi::k__lwp_self); }

void ThreadExit() {
  for (;;) Make(abi::k__lwp_exit);
}

}  // namespace tracee
