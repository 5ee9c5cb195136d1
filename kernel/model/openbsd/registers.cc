// Registers: where results go, and what is left of them on the way out; faults.
// Sources: sys/arch/amd64/amd64/{locore.S,trap.c}, i386/i386/{locore.s,trap.c} of 5.5; measured on
// a real kernel of 5.8.
#include <errno.h>
#include <signal.h>

#include <algorithm>
#include <array>

#include "kernel/model/bsd/segments.h"
#include "kernel/model/calls.h"
#include "kernel/model/openbsd/context.h"

namespace faultline::kernel::model::openbsd {
namespace {

constexpr uint64_t kCarry = 1;
constexpr int kGeneralProtection = SI_KERNEL;

constexpr NumberPair kOwnErrors[] = {
    {EILSEQ, common::kEILSEQ},       {ECANCELED, common::kECANCELED}, {EBADMSG, common::kEBADMSG},
    {EOVERFLOW, common::kEOVERFLOW}, {EIDRM, common::kEIDRM},         {ENOMSG, common::kENOMSG},
    {EPROTO, common::kEPROTO},
};

}  // namespace

int ErrorFromHost(int error) { return model::ErrorFromHost(error, kOwnErrors); }

// Six registers, then the stack behind one word.
void Os::FetchArguments(Thread& thread, bool amd64, Arguments* arguments) {
  const user_regs_struct& regs = thread.host.regs;
  if (amd64) {
    *arguments = {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9};
    thread.host.ReadSome(regs.rsp + 8, &(*arguments)[6], 4 * sizeof(uint64_t));
  } else {
    std::array<uint32_t, 10> words = {};
    thread.host.ReadSome(static_cast<uint32_t>(regs.rsp) + 4, words.data(), sizeof words);
    std::copy(words.begin(), words.end(), arguments->begin());
  }
}

void OpenBsd::EnterCall(Thread& thread) const {
  user_regs_struct& regs = thread.host.regs;
  thread.number = static_cast<int64_t>(Is32(regs) ? regs.orig_rax & 0xffffffff : regs.orig_rax);
  regs.rax = regs.orig_rax;
  thread.restart_size = 2;
  thread.entry = Entry::kSyscall;
  thread.entry_rdx = regs.rdx;
}

void OpenBsd::EnterInterrupt(Thread& thread) const {
  thread.entry = Entry::kInterrupt;
  thread.number = -1;
  thread.switched = thread.restarting = thread.handled = false;
}

void OpenBsd::SetResult(Machine& machine, Thread& thread, Value value) const {
  (void)machine;
  user_regs_struct& regs = thread.host.regs;
  if (value == kJustReturn) return;
  if (value == kRestart) {
    // Everything but the program counter is as it was.
    thread.restarting = true;
    regs.rip -= static_cast<uint64_t>(thread.restart_size);
    regs.rdx = thread.entry_rdx;
    return;
  }
  if (IsError(value)) {
    regs.eflags |= kCarry;
    regs.rax = static_cast<uint64_t>(ErrorFromHost(static_cast<int>(-value)));
    regs.rdx = thread.entry_rdx;
    return;
  }
  regs.eflags &= ~kCarry;
  regs.rax = Is32(regs) ? static_cast<uint32_t>(value) : static_cast<uint64_t>(value);
}

// sysretq: the address is in rcx, the flags in r11. Only what sigreturn has loaded goes another
// way.
void OpenBsd::Leave(Machine& machine, Thread& thread) const {
  user_regs_struct& regs = thread.host.regs;
  bool by_iret = thread.entry != Entry::kSyscall || (thread.full_exit && !thread.handled);
  if (!Is32(regs) && !by_iret) {
    regs.rcx = regs.rip;
    regs.r11 = regs.eflags;
  }
  if (thread.restarting) {
    machine.evidence().Restarted({.pid = thread.process->pid,
                                  .thread = thread.id,
                                  .call = CallName(thread),
                                  .handler = thread.handled,
                                  .switched = thread.switched,
                                  .full = true,
                                  .lost = {}});
    thread.restarting = false;
  }
}

// child_return: the second result is 1; the parent's is 0 (measured).
void OpenBsd::StartForkedChild(Thread& child) const {
  user_regs_struct& regs = child.host.regs;
  regs.rax = 0;
  regs.rdx = 1;
  regs.eflags &= ~kCarry;
}

Value OpenBsd::SetTcb(Thread& thread, uint64_t base) {
  if (thread.process->space->bits == 32) base = static_cast<uint32_t>(base);
  if (Value value = SetSegmentBase(thread, thread.process->space->bits == 32, base); value != 0)
    return value;
  thread.private_pointer = base;
  return 0;
}

// Which access was forbidden is not told: measured, SEGV_MAPERR for a store to text.
SignalInfo OpenBsd::Fault(const Thread& thread, const siginfo_t& host) const {
  const user_regs_struct& regs = thread.host.regs;
  SignalInfo info;
  info.fault = true;
  info.address = regs.rip;
  switch (host.si_signo) {
    case SIGSEGV:
      if (host.si_code == kGeneralProtection) {
        info.signal = common::kSIGBUS;
        info.code = common::kBUS_OBJERR;
        info.trap = common::kT_PROTFLT;
        return info;
      }
      info.signal = common::kSIGSEGV;
      info.code = common::kSEGV_MAPERR;
      info.address = reinterpret_cast<uint64_t>(host.si_addr);
      info.trap = common::kT_PAGEFLT;
      return info;
    case SIGBUS:
      info.signal = common::kSIGBUS;
      info.code = common::kBUS_ADRERR;
      info.address = reinterpret_cast<uint64_t>(host.si_addr);
      info.trap = common::kT_PAGEFLT;
      return info;
    case SIGFPE:
      info.signal = common::kSIGFPE;
      info.code = host.si_code == FPE_INTOVF ? common::kFPE_INTOVF : common::kFPE_INTDIV;
      info.trap = host.si_code == FPE_INTDIV ? common::kT_DIVIDE : common::kT_ARITHTRAP;
      return info;
    case SIGTRAP:
      info.signal = common::kSIGTRAP;
      info.code = host.si_code == TRAP_TRACE ? common::kTRAP_TRACE : common::kTRAP_BRKPT;
      info.trap = host.si_code == TRAP_TRACE ? common::kT_TRCTRAP : common::kT_BPTFLT;
      info.address = 0;
      return info;
    default:
      info.signal = common::kSIGILL;
      info.code = common::kILL_PRVOPC;
      info.trap = common::kT_PRIVINFLT;
      return info;
  }
}

}  // namespace faultline::kernel::model::openbsd
