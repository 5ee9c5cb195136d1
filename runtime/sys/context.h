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

#if !FAULTLINE_MACH
// Where they are: on most systems in the context itself.
GO_NOSPLIT inline os::MContext& registersof(UContext& u) { return u.mcontext; }
#endif

// A view; the context belongs to the handler's frame, and what is set is what the interrupted code
// goes on with.
class Context {
 public:
  explicit GO_NOSPLIT Context(void* ucontext) : u_(static_cast<UContext*>(ucontext)) {}

#if defined(__x86_64__)
  GO_NOSPLIT uintptr_t pc() const { return registers().rip; }
  GO_NOSPLIT uintptr_t sp() const { return registers().rsp; }
  GO_NOSPLIT uintptr_t fp() const { return registers().rbp; }
  GO_NOSPLIT void set_pc(uintptr_t v) { registers().rip = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { registers().rsp = v; }
  // What the interrupted call will return, or, when it is about to be restarted, what stood there
  // before it: its number on amd64 and 386, elsewhere its first argument.
  GO_NOSPLIT uintptr_t result() const { return registers().rax; }
  GO_NOSPLIT void set_result(uintptr_t v) { registers().rax = v; }
  // The number of a call that is about to be restarted.
  GO_NOSPLIT uintptr_t number() const { return result(); }
#elif defined(__i386__)
  GO_NOSPLIT uintptr_t pc() const { return registers().eip; }
  GO_NOSPLIT uintptr_t sp() const { return registers().esp; }
  GO_NOSPLIT uintptr_t fp() const { return registers().ebp; }
  GO_NOSPLIT void set_pc(uintptr_t v) { registers().eip = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { registers().esp = v; }
  GO_NOSPLIT uintptr_t result() const { return registers().eax; }
  GO_NOSPLIT void set_result(uintptr_t v) { registers().eax = v; }
  GO_NOSPLIT uintptr_t number() const { return result(); }
#elif defined(__aarch64__)
  GO_NOSPLIT uintptr_t pc() const { return registers().pc; }
  GO_NOSPLIT uintptr_t sp() const { return registers().sp; }
  GO_NOSPLIT uintptr_t fp() const { return registers().regs[29]; }
  GO_NOSPLIT void set_pc(uintptr_t v) { registers().pc = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { registers().sp = v; }
  GO_NOSPLIT uintptr_t result() const { return registers().regs[0]; }
  GO_NOSPLIT void set_result(uintptr_t v) { registers().regs[0] = v; }
  GO_NOSPLIT uintptr_t number() const { return registers().regs[8]; }
#elif defined(__arm__)
  GO_NOSPLIT uintptr_t pc() const { return registers().pc; }
  GO_NOSPLIT uintptr_t sp() const { return registers().sp; }
  GO_NOSPLIT uintptr_t fp() const { return registers().fp; }
  GO_NOSPLIT void set_pc(uintptr_t v) { registers().pc = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { registers().sp = v; }
  GO_NOSPLIT uintptr_t result() const { return registers().r0; }
  GO_NOSPLIT void set_result(uintptr_t v) { registers().r0 = v; }
  GO_NOSPLIT uintptr_t number() const { return registers().r7; }
#elif defined(__riscv)
  GO_NOSPLIT uintptr_t pc() const { return registers().pc; }
  GO_NOSPLIT uintptr_t sp() const { return registers().sp; }
  GO_NOSPLIT uintptr_t fp() const { return registers().s0; }
  GO_NOSPLIT void set_pc(uintptr_t v) { registers().pc = v; }
  GO_NOSPLIT void set_sp(uintptr_t v) { registers().sp = v; }
  GO_NOSPLIT uintptr_t result() const { return registers().a0; }
  GO_NOSPLIT void set_result(uintptr_t v) { registers().a0 = v; }
  GO_NOSPLIT uintptr_t number() const { return registers().a7; }
#endif
  // Argument n (0…5) of a system call.
  GO_NOSPLIT uintptr_t argument(int n) const { return sys::argument(registers(), n); }
  GO_NOSPLIT UContext* raw() const { return u_; }
  GO_NOSPLIT os::MContext& registers() const { return registersof(*u_); }

 private:
  UContext* u_;
};

}  // namespace runtime::sys

#endif  // FAULTLINE_RUNTIME_SYS_CONTEXT_H_
