// How exceptions and console events become signals.
//
// An exception is raised on the thread that caused it, and its handlers run there, on the very
// stack that was interrupted: there is no other. A vectored handler comes before all others, on
// every thread of the process. It tells the runtime's threads from others by the TEB's slots, which
// every thread has; a thread with an m goes on on that m's gsignal, since a goroutine's stack has
// no room for more, and from there everything is as on other systems.
//
// A console event is a new thread that the system makes for it in the process.

#include "runtime/os/windows/start.h"
#include "runtime/proc/internal.h"
#include "runtime/signal/internal.h"

extern "C" void runtime_sigtrampgo(int sig, runtime::sys::SigInfo* info, void* context);

namespace runtime {

namespace {

namespace os = sys::os;

// The signal that an exception is; 0: one that is not the runtime's business.
GO_NOSPLIT int meaning(uint32_t code) {
  switch (code) {
    case os::kEXCEPTION_ACCESS_VIOLATION:
    case os::kEXCEPTION_STACK_OVERFLOW:
      return sys::kSIGSEGV;
    case os::kEXCEPTION_IN_PAGE_ERROR:
    case os::kEXCEPTION_DATATYPE_MISALIGNMENT:
      return sys::kSIGBUS;
    case os::kEXCEPTION_ILLEGAL_INSTRUCTION:
    case os::kEXCEPTION_PRIV_INSTRUCTION:
      return sys::kSIGILL;
    default:
      break;
  }
  return os::kEXCEPTION_FLT_DENORMAL_OPERAND <= code && code <= os::kEXCEPTION_INT_OVERFLOW
             ? sys::kSIGFPE
             : 0;
}

// An access's address is its second parameter. An overflow may come without: it is below the stack.
GO_NOSPLIT uintptr_t address(const os::ExceptionRecord& record) {
  if (record.parameters >= 2) return static_cast<uintptr_t>(record.information[1]);
  return record.code == os::kEXCEPTION_STACK_OVERFLOW ? sys::threadstack().low - 1 : 0;
}

using Handler = void (*)(int sig, sys::SigInfo* info, void* context);

// Whether there was a handler for it.
GO_NOSPLIT bool deliver(int sig, sys::SigInfo* info, os::Context* context) {
  const uintptr_t handler = sighandlerof(sig);
  if (handler == sys::kSIG_IGN) return true;
  if (handler == sys::kSIG_DFL) return false;
  reinterpret_cast<Handler>(handler)(sig, info, context);
  return true;
}

GO_NOSPLIT int32_t FAULTLINE_WINAPI exception(os::ExceptionPointers* e) {
  const int sig = meaning(e->record->code);
  if (sig == 0) return os::kEXCEPTION_CONTINUE_SEARCH;
  sys::SigInfo info = {sig, static_cast<int32_t>(e->record->code), address(*e->record)};
  return deliver(sig, &info, e->context) ? os::kEXCEPTION_CONTINUE_EXECUTION
                                         : os::kEXCEPTION_CONTINUE_SEARCH;
}

// Nothing was interrupted: the context is empty.
GO_NOSPLIT int FAULTLINE_WINAPI controlevent(uint32_t event) {
  const int sig = event == os::kCTRL_C_EVENT       ? sys::kSIGINT
                  : event == os::kCTRL_BREAK_EVENT ? sys::kSIGBREAK
                                                   : 0;
  if (sig == 0) return 0;
  os::Context context = {};
  sys::SigInfo info = {sig, 0, 0};
  return deliver(sig, &info, &context) ? 1 : 0;
}

struct Arrived {
  int sig;
  sys::SigInfo* info;
  void* context;
};

GO_NOSPLIT void ongsignal(void* p) {
  const auto* arrived = static_cast<const Arrived*>(p);
  runtime_sigtrampgo(arrived->sig, arrived->info, arrived->context);
}

}  // namespace

// runtime_sigtramp(sig, info, context): every signal's handler. Stands on what was interrupted.
extern "C" GO_NOSPLIT void runtime_sigtramp(int sig, sys::SigInfo* info, void* context) {
  const M* m = tlsm();
  const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (m == nullptr || mofsignalstack(sp) == m) {
    runtime_sigtrampgo(sig, info, context);
    return;
  }
  Arrived arrived = {sig, info, context};
  runtime_callonstack(m->gsignal->stackhi, ongsignal, &arrived);
}

bool exceptioninit() {
  return os::AddVectoredExceptionHandler(1, exception) != nullptr &&
         os::SetConsoleCtrlHandler(controlevent, 1) != 0;
}

}  // namespace runtime
