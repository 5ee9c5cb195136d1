// Registers: what the kernel has of them, where results go, and what is left of them on each of the
// ways out. amd64's are the point of it all; see exception.S of each release.
//
// Between entry and exit a thread's registers are what the kernel's trapframe holds: after SYSCALL
// tf_rcx is the program's r10 (the fourth argument), and tf_r10 and tf_r11 are whatever an earlier
// entry stored there, for this one stores neither.
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <cstring>

#include "kernel/model/bsd/segments.h"
#include "kernel/model/calls.h"
#include "kernel/model/freebsd/errors.h"
#include "kernel/model/freebsd/freebsd.h"

namespace faultline::kernel::model::freebsd {
namespace {

constexpr uint64_t kCarry = 1;
constexpr int kGeneralProtection = SI_KERNEL;

}  // namespace

FreeBsd::FreeBsd(const Release& release)
    : release_(release), name_("freebsd-" + std::string(release.name)) {}

void FreeBsd::EnterCall(Thread& thread) const {
  user_regs_struct& regs = thread.host.regs;
  thread.number = static_cast<int64_t>(regs.orig_rax);
  regs.rax = regs.orig_rax;
  thread.restart_size = 2;
  // SYSCALL leaves the return address in rcx and the flags in r11; INT 0x80 leaves them alone, and
  // no program has both there by itself.
  bool syscall = !Is32(regs) && regs.rcx == regs.rip && regs.r11 == regs.eflags;
  thread.entry = syscall ? Entry::kSyscall : Entry::kInterrupt;
  if (!syscall) {
    if (Is32(regs)) {
      thread.number = static_cast<int64_t>(regs.orig_rax & 0xffffffff);
      return;
    }
    thread.stale_r10 = regs.r10;
    thread.stale_r11 = regs.r11;
    return;
  }
  regs.rcx = regs.r10;
  regs.r10 = thread.stale_r10;
  regs.r11 = thread.stale_r11;
}

void FreeBsd::EnterInterrupt(Thread& thread) const {
  thread.entry = Entry::kInterrupt;
  thread.number = -1;
  thread.switched = thread.restarting = thread.handled = false;
  thread.stale_r10 = thread.host.regs.r10;
  thread.stale_r11 = thread.host.regs.r11;
}

// Source: cpu_set_syscall_retval, sys/amd64/amd64/vm_machdep.c.
void FreeBsd::SetResult(Machine& machine, Thread& thread, Value value) const {
  (void)machine;
  user_regs_struct& regs = thread.host.regs;
  if (value == kJustReturn) return;
  if (value == kRestart) {
    thread.restarting = true;
    regs.rip -= thread.restart_size;
    // rax still has the number, and the argument registers have what they had.
    regs.r10 = regs.rcx;
    if (release_.restart_is_full) thread.full_exit = true;
    return;
  }
  bool narrow = Is32(regs);
  if (IsError(value)) {
    regs.eflags |= kCarry;
    regs.rax = static_cast<uint64_t>(ErrorFromHost(static_cast<int>(-value)));
    return;
  }
  regs.eflags &= ~kCarry;
  regs.rax = narrow ? static_cast<uint32_t>(value) : static_cast<uint64_t>(value);
}

void FreeBsd::Leave(Machine& machine, Thread& thread) const {
  user_regs_struct& regs = thread.host.regs;
  bool full = thread.full_exit || thread.switched || thread.entry != Entry::kSyscall ||
              release_.exit == Exit::kFullAlways;
  std::array<uint64_t, 3> lost = {};
  if (!full) {
    uint64_t fourth = regs.rcx;
    // sysretq: the address is in rcx, the flags in r11.
    regs.rcx = regs.rip;
    regs.r11 = regs.eflags;
    switch (release_.leftovers) {
      case Leftovers::kZero:
        regs.r8 = regs.r9 = regs.r10 = 0;
        break;
      case Leftovers::kStackR9:
      case Leftovers::kKernel:
        if (thread.brief && release_.leftovers == Leftovers::kKernel) {
          regs.r10 = fourth;
          break;
        }
        // As seen on a real 9.3: addresses in a kernel stack, and a page of the kernel's heap.
        // Never what the program had.
        regs.r8 = 0xffffff8000000000 | (machine.Random() & 0x7ffffff8);
        regs.r9 = release_.leftovers == Leftovers::kStackR9
                      ? regs.rsp
                      : 0xffffff8000000000 | (machine.Random() & 0x7ffffff8);
        regs.r10 = 0xfffffe0002000000 | (machine.Random() & 0xfff000);
        break;
    }
    lost = {regs.r8, regs.r9, regs.r10};
  }
  if (thread.restarting) {
    machine.evidence().Restarted({.pid = thread.process->pid,
                                  .thread = thread.id,
                                  .call = CallName(thread),
                                  .handler = thread.handled,
                                  .switched = thread.switched,
                                  .full = full,
                                  .lost = lost});
    thread.restarting = false;
  }
}

// Source: cpu_fork, sys/amd64/amd64/vm_machdep.c: 0 and, in rdx, 1.
void FreeBsd::StartForkedChild(Thread& child) const {
  user_regs_struct& regs = child.host.regs;
  regs.rax = 0;
  regs.rdx = 1;
  regs.eflags &= ~kCarry;
  child.full_exit = true;
}

// Source: cpu_set_upcall_kse of both arches; measured on 9.3: everything that is not named here is
// the creator's.
Value FreeBsd::StartThread(Thread& thread, uint64_t start, uint64_t argument, uint64_t stack_end,
                           uint64_t tls) const {
  user_regs_struct& regs = thread.host.regs;
  regs.rbp = 0;
  regs.rip = start;
  if (Is32(regs)) {
    uint64_t sp = ((stack_end - 4) & ~15ull) - 4;
    uint32_t word = static_cast<uint32_t>(argument);
    if (!thread.host.Write(sp + 4, &word, sizeof word)) return -EFAULT;
    regs.rsp = static_cast<uint32_t>(sp);
    return model::SetSegmentBase(thread, true, tls);
  }
  regs.rsp = (stack_end & ~15ull) - 8;
  regs.rdi = argument;
  regs.fs_base = tls;
  return 0;
}

// Source: i386_set_ldt, sys/i386/i386/sys_machdep.c: descriptors as the processor has them; start
// 0xffffffff finds a free slot, from 6 up.
Value FreeBsd::SetLdt(Thread& thread, uint64_t at) const {
  struct {
    uint32_t start, descriptors, count;
  } parameters;
  if (!thread.host.Read(at, &parameters, sizeof parameters)) return -EFAULT;
  constexpr uint32_t kAllocate = 0xffffffff;
  constexpr uint32_t kFirstFree = 6;
  constexpr uint32_t kSlots = 8192;
  Space& space = *thread.process->space;
  if (parameters.start == kAllocate) {
    if (parameters.count != 1) return -EINVAL;
    parameters.start = kFirstFree + space.ldt_slots++;
  }
  if (parameters.start >= kSlots || parameters.count > kSlots - parameters.start) return -EINVAL;
  for (uint32_t i = 0; i < parameters.count; ++i) {
    uint64_t raw;
    if (!thread.host.Read(parameters.descriptors + i * sizeof raw, &raw, sizeof raw))
      return -EFAULT;
    struct {
      uint32_t entry, base, limit, flags;
    } descriptor = {.entry = parameters.start + i,
                    .base = static_cast<uint32_t>((raw >> 16 & 0xffffff) | (raw >> 56 << 24)),
                    .limit = static_cast<uint32_t>((raw & 0xffff) | (raw >> 48 & 0xf) << 16),
                    .flags = 0};
    auto bit = [&](int from, int to) { return static_cast<uint32_t>(raw >> from & 1) << to; };
    // seg_32bit, contents, read_exec_only, limit_in_pages, seg_not_present, useable
    descriptor.flags = bit(54, 0) | bit(42, 1) | bit(43, 2) | (bit(41, 3) ^ 8) | bit(55, 4) |
                       (bit(47, 5) ^ 32) | bit(52, 6);
    // The host's modify_ldt works on its caller alone.
    if (!thread.host.Poke(kGateText, &descriptor, sizeof descriptor)) return -EFAULT;
    int64_t result =
        thread.host.Call(SYS_modify_ldt, {0x11, kGateText, sizeof descriptor, 0, 0, 0});
    if (result != 0) return result;
  }
  return parameters.start;
}

// Source: trap(), sys/amd64/amd64/trap.c; codes and numbers measured on 9.3.
SignalInfo FreeBsd::Fault(const Thread& thread, const siginfo_t& host) const {
  const user_regs_struct& regs = thread.host.regs;
  SignalInfo info;
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
      info.code = host.si_code == SEGV_MAPERR ? common::kSEGV_MAPERR : common::kSEGV_ACCERR;
      info.address = reinterpret_cast<uint64_t>(host.si_addr);
      info.trap = common::kT_PAGEFLT;
      if (info.code == common::kSEGV_ACCERR &&
          thread.process->release_date < static_cast<uint64_t>(common::kP_OSREL_SIGSEGV)) {
        info.signal = common::kSIGBUS;
        info.code = common::kT_PAGEFLT;  // BUS_PAGE_FAULT
      }
      return info;
    case SIGBUS:
      info.signal = common::kSIGBUS;
      info.code = host.si_code == BUS_ADRALN ? common::kBUS_ADRALN : common::kBUS_OBJERR;
      info.address = reinterpret_cast<uint64_t>(host.si_addr);
      info.trap = common::kT_PAGEFLT;
      return info;
    case SIGFPE:
      info.signal = common::kSIGFPE;
      info.trap = common::kT_ARITHTRAP;
      info.code = host.si_code;
      if (host.si_code == FPE_INTDIV) {
        info.code = common::kFPE_INTDIV;
        info.trap = common::kT_DIVIDE;
      } else if (host.si_code == FPE_INTOVF) {
        info.code = common::kFPE_INTOVF;
      }
      return info;
    case SIGTRAP:
      info.signal = common::kSIGTRAP;
      info.code = host.si_code == TRAP_TRACE ? common::kTRAP_TRACE : common::kTRAP_BRKPT;
      info.trap = host.si_code == TRAP_TRACE ? common::kT_TRCTRAP : common::kT_BPTFLT;
      return info;
    default:
      info.signal = common::kSIGILL;
      info.code = common::kILL_PRVOPC;
      info.trap = common::kT_PRIVINFLT;
      return info;
  }
}

}  // namespace faultline::kernel::model::freebsd
