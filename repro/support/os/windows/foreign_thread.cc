// Threads that the runtime did not make, on Windows: CreateThread's. Each has its TEB, and in it
// the runtime's slots, empty.

#include "repro/support/foreign_thread.h"

#include "repro/support/program.h"
#include "repro/support/stack.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

void ForeignThread::Enter(void* self) {
  auto* thread = static_cast<ForeignThread*>(self);
  thread->stack_low_ = ThisThreadStack().low;
  Set(reinterpret_cast<uint32_t*>(&thread->tid_), static_cast<uint32_t>(sys::gettid()));
  thread->function_(thread->argument_);
}

void ForeignThread::Start(void (*function)(void*), void* argument, const Options& options) {
  function_ = function;
  argument_ = argument;
  tid_ = 0;
  const long error = sys::osthread(options.stack_size, &life_, Enter, this);
  if (error < 0) Broken("CreateThread", error);
  WaitFor(reinterpret_cast<uint32_t*>(&tid_), static_cast<uint32_t>(error));
}

void ForeignThread::Join() {
  runtime::blocking([&] {
    sys::waitthread(&life_);
    return 0;
  });
}

}  // namespace faultline::support
