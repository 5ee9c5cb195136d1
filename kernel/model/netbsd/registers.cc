// Registers: where results go, and what is left of them on the way out; faults.
// Sources: sys/arch/x86/x86/syscall.c, sys/arch/amd64/amd64/{locore.S,trap.c}, i386/i386/trap.c of
// 7.99; measured on a real kernel of 7.99.
#include <errno.h>
#include <signal.h>

#include "kernel/model/bsd/segments.h"
#include "kernel/model/calls.h"
#include "kernel/model/netbsd/context.h"

namespace faultline::kernel::model::netbsd {
namespace {

constexpr uint64_t kCarry = 1;
constexpr int kGeneralProtection = SI_KERNEL;

constexpr NumberPair kOwnErrors[] = {
    {EILSEQ, common::kEILSEQ},   {ECANCELED, common::kECANCELED}, {EBADMSG, common::kEBADMSG},
    {ENODATA, common::kENODATA}, {EMULTIHOP, common::kEMULTIHOP}, {ENOLINK, common::kENOLINK},
    {EPROTO, common::kEPROTO},
};

}  // namespace

int ErrorFromHost(int error) { return model::ErrorFromHost(error, kOwnErrors); }

int CodeOf(int code) {
  switch (code) {
    case bsd::kSI_USER:
      return common::kSI_USER;
    case bsd::kSI_QUEUE:
      return common::kSI_QUEUE;
    case bsd::kSI_TIMER:
    case bsd::kSI_KERNEL:  // the machine's own timers (sys/kern/kern_time.c, itimer_fire)
      return common::kSI_TIMER;
    case bsd::kSI_LWP:
      return common::kSI_LWP;
    default:
      return code;
  }
}

// Six registers, then the stack behind one word; syscall and __syscall have the number as their
// first argument.
void Os::FetchArguments(Thread& thread, bool amd64, Arguments* arguments) {
  user_regs_struct& regs = thread.host.regs;
  bool indirect = thread.number == common::k_syscall || thread.number == common::k___syscall;
  if (amd64) {
    std::array<uint64_t, 12> words = {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9};
    thread.host.ReadSome(regs.rsp + 8, &words[6], 5 * sizeof words[0]);
    if (indirect) thread.number = static_cast<int64_t>(words[0]);
    for (size_t i = 0; i < arguments->size(); ++i) (*arguments)[i] = words[i + (indirect ? 1 : 0)];
  } else {
    std::array<uint32_t, 12> words = {};
    thread.host.ReadSome(static_cast<uint32_t>(regs.rsp) + 4, words.data(), sizeof words);
    size_t skip = !indirect ? 0 : thread.number == common::k_syscall ? 1 : 2;
    if (indirect) thread.number = words[0];
    for (size_t i = 0; i < arguments->size(); ++i) (*arguments)[i] = words[i + skip];
  }
  // The second result is 0 unless the call sets it (sys/syscallvar.h, sy_invoke).
  regs.rdx = 0;
}

void NetBsd::EnterCall(Thread& thread) const {
  user_regs_struct& regs = thread.host.regs;
  thread.number = static_cast<int64_t>(Is32(regs) ? regs.orig_rax & 0xffffffff : regs.orig_rax);
  regs.rax = regs.orig_rax;
  thread.restart_size = 2;
  thread.entry = Entry::kSyscall;
  thread.entry_rdx = regs.rdx;
}

void NetBsd::EnterInterrupt(Thread& thread) const {
  thread.entry = Entry::kInterrupt;
  thread.number = -1;
  thread.switched = thread.restarting = thread.handled = false;
}

void NetBsd::SetResult(Machine& machine, Thread& thread, Value value) const {
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

// sysretq: the address is in rcx, the flags in r11; by INT 0x80 too. Only what setcontext has
// loaded goes another way.
void NetBsd::Leave(Machine& machine, Thread& thread) const {
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

// cpu_lwp_fork: no second result, so rdx is what the parent had.
void NetBsd::StartForkedChild(Thread& child) const {
  user_regs_struct& regs = child.host.regs;
  regs.rax = 0;
  regs.rdx = child.entry_rdx;
  regs.eflags &= ~kCarry;
}

Value NetBsd::SetPrivate(Thread& thread, uint64_t base) {
  if (thread.process->space->bits == 32) base = static_cast<uint32_t>(base);
  if (Value value = SetSegmentBase(thread, thread.process->space->bits == 32, base); value != 0)
    return value;
  thread.private_pointer = base;
  return 0;
}

SignalInfo NetBsd::Fault(const Thread& thread, const siginfo_t& host) const {
  const user_regs_struct& regs = thread.host.regs;
  SignalInfo info;
  info.fault = true;
  info.address = regs.rip;
  switch (host.si_signo) {
    case SIGSEGV:
      info.signal = common::kSIGSEGV;
      if (host.si_code == kGeneralProtection) {
        info.code = common::kSEGV_ACCERR;
        info.address = last_fault_;
        info.trap = common::kT_PROTFLT;
        return info;
      }
      info.code = host.si_code == SEGV_MAPERR ? common::kSEGV_MAPERR : common::kSEGV_ACCERR;
      info.address = last_fault_ = reinterpret_cast<uint64_t>(host.si_addr);
      info.trap = common::kT_PAGEFLT;
      return info;
    case SIGBUS:
      info.signal = common::kSIGBUS;
      info.code = common::kBUS_ADRERR;
      info.address = last_fault_ = reinterpret_cast<uint64_t>(host.si_addr);
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
      if (!Is32(regs)) info.address = 0;
      return info;
    default:
      info.signal = common::kSIGILL;
      info.code = common::kILL_PRVOPC;
      info.trap = common::kT_PRIVINFLT;
      return info;
  }
}

}  // namespace faultline::kernel::model::netbsd
