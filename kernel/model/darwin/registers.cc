// Registers: where numbers, arguments and results are, and what is left of them on the way out;
// faults.
// Sources: bsd/dev/i386/systemcalls.c, osfmk/i386/bsd_i386.c, bsd_i386_native.c, trap.c,
// bsd/uxkern/ux_exception.c of xnu-2050.18.24.
#include <errno.h>
#include <signal.h>

#include <cstring>

#include "kernel/model/bsd/segments.h"
#include "kernel/model/calls.h"
#include "kernel/model/darwin/context.h"

namespace faultline::kernel::model::darwin {
namespace {

constexpr uint64_t kCarry = 1;
constexpr int kGeneralProtection = SI_KERNEL;
constexpr uint64_t kClassMask = 0xff000000, kNumberMask = 0xffffff, kNumberMask386 = 0xffff;

constexpr NumberPair kOwnErrors[] = {
    {EILSEQ, common::kEILSEQ},   {ECANCELED, common::kECANCELED},   {EBADMSG, common::kEBADMSG},
    {ENODATA, common::kENODATA}, {EMULTIHOP, common::kEMULTIHOP},   {ENOLINK, common::kENOLINK},
    {EPROTO, common::kEPROTO},   {EOPNOTSUPP, common::kEOPNOTSUPP}, {ENOMSG, common::kENOMSG},
    {EIDRM, common::kEIDRM},
};

}  // namespace

// Six registers, then the stack behind one word; on 386 the stack. BSD's call 0 has the number as
// its first argument.
void Os::FetchArguments(Thread& thread, bool amd64, Arguments* arguments) {
  user_regs_struct& regs = thread.host.regs;
  bool indirect = thread.number == Number(common::kClassUnix, common::k_syscall);
  if (amd64) {
    std::array<uint64_t, 11> words = {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9};
    thread.host.ReadSome(regs.rsp + 8, &words[6], 5 * sizeof words[0]);
    if (indirect)
      thread.number = Number(common::kClassUnix, static_cast<int64_t>(words[0] & kNumberMask386));
    for (size_t i = 0; i < arguments->size(); ++i) (*arguments)[i] = words[i + (indirect ? 1 : 0)];
    // The second result is 0 unless the call sets it.
    if (ClassOf(thread.number) == common::kClassUnix) regs.rdx = 0;
    return;
  }
  std::array<uint32_t, 11> words = {};
  thread.host.ReadSome(static_cast<uint32_t>(regs.rsp) + 4, words.data(), sizeof words);
  if (indirect) thread.number = Number(common::kClassUnix, words[0] & kNumberMask386);
  for (size_t i = 0; i < arguments->size(); ++i) (*arguments)[i] = words[i + (indirect ? 1 : 0)];
}

void Darwin::EnterCall(Thread& thread) const {
  user_regs_struct& regs = thread.host.regs;
  regs.rax = regs.orig_rax;
  if (Is32(regs)) {
    thread.number =
        Number(common::kClassUnix, static_cast<int64_t>(regs.orig_rax & kNumberMask386));
    // Before it is known whether the call will be made again.
    regs.eflags &= ~kCarry;
  } else {
    thread.number = static_cast<int64_t>(regs.orig_rax & (kClassMask | kNumberMask));
  }
  thread.restart_size = 2;
  thread.entry = Is32(regs) ? Entry::kInterrupt : Entry::kSyscall;
  thread.entry_rdx = regs.rdx;
}

// INT $0x81 and $0x82 of 386 code: gates that the host does not have.
bool Darwin::EnterCallByFault(Thread& thread, const siginfo_t& host) const {
  user_regs_struct& regs = thread.host.regs;
  unsigned char code[2];
  if (!Is32(regs) || host.si_signo != SIGSEGV || host.si_code != kGeneralProtection) return false;
  if (!thread.host.Read(regs.rip, code, sizeof code) || code[0] != 0xcd) return false;
  if (code[1] != 0x81 && code[1] != 0x82) return false;
  bool mach = code[1] == 0x81;
  auto number = static_cast<int32_t>(regs.rax);
  thread.number =
      Number(mach ? common::kClassMach : common::kClassMachdep,
             (mach ? -static_cast<int64_t>(number) : number) & static_cast<int64_t>(kNumberMask));
  regs.rip += sizeof code;
  thread.restart_size = sizeof code;
  thread.entry = Entry::kInterrupt;
  thread.entry_rdx = regs.rdx;
  return true;
}

void Darwin::EnterInterrupt(Thread& thread) const {
  thread.entry = Entry::kInterrupt;
  thread.number = -1;
  thread.switched = thread.restarting = thread.handled = false;
}

void Darwin::SetResult(Machine& machine, Thread& thread, Value value) const {
  (void)machine;
  user_regs_struct& regs = thread.host.regs;
  if (value == kJustReturn) return;
  auto result = Is32(regs) ? static_cast<uint32_t>(value) : static_cast<uint64_t>(value);
  if (ClassOf(thread.number) != common::kClassUnix) {
    regs.rax = result;
    return;
  }
  if (value == kRestart) {
    // Everything but the program counter is as it was.
    thread.restarting = true;
    regs.rip -= static_cast<uint64_t>(thread.restart_size);
    regs.rdx = thread.entry_rdx;
    return;
  }
  if (IsError(value)) {
    regs.eflags |= kCarry;
    regs.rax = static_cast<uint64_t>(ErrorFromHost(static_cast<int>(-value), kOwnErrors));
    regs.rdx = thread.entry_rdx;
    return;
  }
  regs.eflags &= ~kCarry;
  regs.rax = result;
}

// sysretq: the address is in rcx, the flags in r11. What a handler's frame or sigreturn has loaded
// goes another way.
void Darwin::Leave(Machine& machine, Thread& thread) const {
  user_regs_struct& regs = thread.host.regs;
  if (!Is32(regs) && thread.entry == Entry::kSyscall && !thread.full_exit) {
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

// thread_set_child: the child has its own number, and 1 as the second result.
void Darwin::StartForkedChild(Thread& child) const {
  user_regs_struct& regs = child.host.regs;
  regs.rax = static_cast<uint64_t>(child.process->pid);
  regs.rdx = 1;
  regs.eflags &= ~kCarry;
}

Value Darwin::SetCthreadSelf(Thread& thread, uint64_t base) {
  if (Is32(thread.host.regs)) base = static_cast<uint32_t>(base);
  if (Value value = SetSegmentBase(thread, true, base, common::kCthreadPages - 1); value != 0)
    return value;
  thread.private_pointer = base;
  return 0;
}

SignalInfo Darwin::Fault(const Thread& thread, const siginfo_t& host) const {
  const user_regs_struct& regs = thread.host.regs;
  SignalInfo info;
  info.fault = true;
  info.address = regs.rip;
  switch (host.si_signo) {
    case SIGSEGV:
    case SIGBUS: {
      info.signal = common::kSIGSEGV;
      if (host.si_signo == SIGSEGV && host.si_code == kGeneralProtection) {
        // Neither a code nor an address.
        info.address = 0;
        info.trap = common::kT_GENERAL_PROTECTION;
        return info;
      }
      info.trap = common::kT_PAGE_FAULT;
      info.address = reinterpret_cast<uint64_t>(host.si_addr);
      if (host.si_signo == SIGSEGV && host.si_code == SEGV_MAPERR) {
        info.code = common::kSEGV_MAPERR;
        return info;
      }
      // What is there and may not be accessed is SIGBUS, but for the first stack's unopened part.
      uint64_t end = thread.process->space->usr_stack;
      if (info.address < end && info.address >= end - Amd64::kMaxStack) {
        info.code = common::kSEGV_ACCERR;
      } else {
        info.signal = common::kSIGBUS;
        info.code = common::kBUS_ADRERR;
      }
      return info;
    }
    case SIGFPE:
      info.signal = common::kSIGFPE;
      info.code = host.si_code == FPE_INTDIV   ? common::kFPE_INTDIV
                  : host.si_code == FPE_INTOVF ? common::kFPE_INTOVF
                                               : common::kFPE_FLTDIV;
      info.trap =
          host.si_code == FPE_INTDIV ? common::kT_DIVIDE_ERROR : common::kT_FLOATING_POINT_ERROR;
      return info;
    case SIGTRAP:
      info.signal = common::kSIGTRAP;
      info.code = common::kTRAP_BRKPT;
      info.trap = host.si_code == TRAP_TRACE ? common::kT_DEBUG : common::kT_INT3;
      return info;
    default:
      info.signal = common::kSIGILL;
      info.code = common::kILL_ILLOPC;
      info.trap = common::kT_INVALID_OPCODE;
      return info;
  }
}

}  // namespace faultline::kernel::model::darwin
