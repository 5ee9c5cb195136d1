// The registers of interrupted code, as a signal handler gets them: one view for every OS and arch.
#ifndef FAULTLINE_RUNTIME_SYS_CONTEXT_H_
#define FAULTLINE_RUNTIME_SYS_CONTEXT_H_

#include <stdint.h>

#include "runtime/nosplit.h"
#include "runtime/sys/types.h"

namespace runtime::sys {

// Where a general register lies in MContext. The lists end with a null name.
struct RegisterName {
  const char* name;  // "rax", "eip", …
  uint16_t offset;   // bytes into MContext
};
extern const RegisterName kRegisters[];

// Of a bare register block.
#if defined(__x86_64__)
GO_NOSPLIT inline uintptr_t framepointer(const os::MContext& m) { return m.rbp; }
#elif defined(__i386__)
GO_NOSPLIT inline uintptr_t framepointer(const os::MContext& m) { return m.ebp; }
#elif defined(__aarch64__)
GO_NOSPLIT inline uintptr_t framepointer(const os::MContext& m) { return m.regs[29]; }
#elif defined(__arm__)
GO_NOSPLIT inline uintptr_t framepointer(const os::MContext& m) { return m.fp; }
#elif defined(__riscv)
GO_NOSPLIT inline uintptr_t framepointer(const os::MContext& m) { return m.s0; }
#endif

// A view; the context belongs to the handler's frame, and what is set is what the interrupted code
// goes on with.
class Context {
 public:
  explicit GO_NOSPLIT Context(void* ucontext) : u_(static_cast<UContext*>(ucontext)) {}

#if defined(__x86_64__)
  GO_NOSPLIT uintptr_t pc() const { return u_->mcontext.rip; }
  GO_NOSPLIT uintptr_t sp() const { return u_->mcontext.rsp; }
  GO_NOSPLIT uintptr_t fp() const { return u_->mcontext.rbp; }
  GO_NOSPLIT void set_pc(uintptr_t v) { u_->mcontext.rip = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { u_->mcontext.rsp = v; }
  // What the interrupted call will return, or, when it is about to be restarted, what stood there
  // before it: its number on amd64 and 386, elsewhere its first argument.
  GO_NOSPLIT uintptr_t result() const { return u_->mcontext.rax; }
  GO_NOSPLIT void set_result(uintptr_t v) { u_->mcontext.rax = v; }
  // The number of a call that is about to be restarted.
  GO_NOSPLIT uintptr_t number() const { return result(); }
#elif defined(__i386__)
  GO_NOSPLIT uintptr_t pc() const { return u_->mcontext.eip; }
  GO_NOSPLIT uintptr_t sp() const { return u_->mcontext.esp; }
  GO_NOSPLIT uintptr_t fp() const { return u_->mcontext.ebp; }
  GO_NOSPLIT void set_pc(uintptr_t v) { u_->mcontext.eip = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { u_->mcontext.esp = v; }
  GO_NOSPLIT uintptr_t result() const { return u_->mcontext.eax; }
  GO_NOSPLIT void set_result(uintptr_t v) { u_->mcontext.eax = v; }
  GO_NOSPLIT uintptr_t number() const { return result(); }
#elif defined(__aarch64__)
  GO_NOSPLIT uintptr_t pc() const { return u_->mcontext.pc; }
  GO_NOSPLIT uintptr_t sp() const { return u_->mcontext.sp; }
  GO_NOSPLIT uintptr_t fp() const { return u_->mcontext.regs[29]; }
  GO_NOSPLIT void set_pc(uintptr_t v) { u_->mcontext.pc = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { u_->mcontext.sp = v; }
  GO_NOSPLIT uintptr_t result() const { return u_->mcontext.regs[0]; }
  GO_NOSPLIT void set_result(uintptr_t v) { u_->mcontext.regs[0] = v; }
  GO_NOSPLIT uintptr_t number() const { return u_->mcontext.regs[8]; }
#elif defined(__arm__)
  GO_NOSPLIT uintptr_t pc() const { return u_->mcontext.pc; }
  GO_NOSPLIT uintptr_t sp() const { return u_->mcontext.sp; }
  GO_NOSPLIT uintptr_t fp() const { return u_->mcontext.fp; }
  GO_NOSPLIT void set_pc(uintptr_t v) { u_->mcontext.pc = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { u_->mcontext.sp = v; }
  GO_NOSPLIT uintptr_t result() const { return u_->mcontext.r0; }
  GO_NOSPLIT void set_result(uintptr_t v) { u_->mcontext.r0 = v; }
  GO_NOSPLIT uintptr_t number() const { return u_->mcontext.r7; }
#elif defined(__riscv)
  GO_NOSPLIT uintptr_t pc() const { return u_->mcontext.pc; }
  GO_NOSPLIT uintptr_t sp() const { return u_->mcontext.sp; }
  GO_NOSPLIT uintptr_t fp() const { return u_->mcontext.s0; }
  GO_NOSPLIT void set_pc(uintptr_t v) { u_->mcontext.pc = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { u_->mcontext.sp = v; }
  GO_NOSPLIT uintptr_t result() const { return u_->mcontext.a0; }
  GO_NOSPLIT void set_result(uintptr_t v) { u_->mcontext.a0 = v; }
  GO_NOSPLIT uintptr_t number() const { return u_->mcontext.a7; }
#endif
  // Argument n (0…5) of a system call.
  GO_NOSPLIT uintptr_t argument(int n) const { return sys::argument(u_->mcontext, n); }
  GO_NOSPLIT UContext* raw() const { return u_; }

 private:
  UContext* u_;
};

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_SYS_CONTEXT_H_
