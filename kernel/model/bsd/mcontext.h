// The general registers between the host and a BSD's mcontext: the fields of all of them have the
// names of the registers, and only their places and what stands beside them differ. Selectors are
// each system's own, but for those of 386 that are loaded again.
#ifndef FAULTLINE_KERNEL_MODEL_BSD_MCONTEXT_H_
#define FAULTLINE_KERNEL_MODEL_BSD_MCONTEXT_H_

#include <sys/user.h>

#include <cstdint>

namespace faultline::kernel::model {

template <typename MContext>
void PutAmd64(const user_regs_struct& regs, MContext* to) {
  to->rdi = regs.rdi;
  to->rsi = regs.rsi;
  to->rdx = regs.rdx;
  to->rcx = regs.rcx;
  to->r8 = regs.r8;
  to->r9 = regs.r9;
  to->rax = regs.rax;
  to->rbx = regs.rbx;
  to->rbp = regs.rbp;
  to->r10 = regs.r10;
  to->r11 = regs.r11;
  to->r12 = regs.r12;
  to->r13 = regs.r13;
  to->r14 = regs.r14;
  to->r15 = regs.r15;
  to->rip = regs.rip;
  to->rsp = regs.rsp;
  to->rflags = regs.eflags;
}

template <typename MContext>
void GetAmd64(const MContext& from, user_regs_struct* regs) {
  regs->rdi = from.rdi;
  regs->rsi = from.rsi;
  regs->rdx = from.rdx;
  regs->rcx = from.rcx;
  regs->r8 = from.r8;
  regs->r9 = from.r9;
  regs->rax = from.rax;
  regs->rbx = from.rbx;
  regs->rbp = from.rbp;
  regs->r10 = from.r10;
  regs->r11 = from.r11;
  regs->r12 = from.r12;
  regs->r13 = from.r13;
  regs->r14 = from.r14;
  regs->r15 = from.r15;
  regs->rip = from.rip;
  regs->rsp = from.rsp;
  regs->eflags = from.rflags;
}

template <typename MContext>
void Put386(const user_regs_struct& regs, MContext* to) {
  auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  // The host's selectors of these two.
  to->gs = low(regs.gs);
  to->fs = low(regs.fs);
  to->edi = low(regs.rdi);
  to->esi = low(regs.rsi);
  to->ebp = low(regs.rbp);
  to->ebx = low(regs.rbx);
  to->edx = low(regs.rdx);
  to->ecx = low(regs.rcx);
  to->eax = low(regs.rax);
  to->eip = low(regs.rip);
  to->esp = low(regs.rsp);
  to->eflags = low(regs.eflags);
}

template <typename MContext>
void Get386(const MContext& from, user_regs_struct* regs) {
  regs->gs = from.gs;
  regs->fs = from.fs;
  regs->rdi = from.edi;
  regs->rsi = from.esi;
  regs->rbp = from.ebp;
  regs->rbx = from.ebx;
  regs->rdx = from.edx;
  regs->rcx = from.ecx;
  regs->rax = from.eax;
  regs->rip = from.eip;
  regs->rsp = from.esp;
  regs->eflags = from.eflags;
}

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_BSD_MCONTEXT_H_
