// What a handler finds, and how the interrupted code gets its state back.
// Sources: sendsig, sys_sigreturn, get_mcontext, set_mcontext of sys/{amd64,i386}/.../machdep.c,
// 10.4.
#include <errno.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/bsd/mcontext.h"
#include "kernel/model/freebsd/context.h"

namespace faultline::kernel::model::freebsd {
namespace {

constexpr uint64_t kTrapFlag = 0x100;
constexpr uint64_t kDirectionFlag = 0x400;
// PSL_USERCHANGE, x86/include/psl.h: what a program may change of its flags; and PSL_RF.
constexpr uint64_t kUserFlags =
    0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x800 | 0x4000 | 0x10000 | 0x40000 | 0x200000;
constexpr uint64_t kInterruptFlag = 0x200;
constexpr int kRedZoneAmd64 = 128;
constexpr size_t kLegacyFpState = 512;
constexpr uint64_t kVectorAlign = 64;

// FreeBSD's selectors of amd64 (sys/amd64/include/segments.h) and of i386, which a program may look
// at; never loaded.
constexpr uint64_t kCodeAmd64 = 0x43;
constexpr uint64_t kDataAmd64 = 0x3b;
constexpr uint32_t kCode386 = 0x33;
constexpr uint32_t kData386 = 0x3b;

void ToMContext(const Thread& thread, abi::freebsd_amd64::MContext* to) {
  PutAmd64(thread.host.regs, to);
  to->fs = 0x13;
  to->gs = 0x1b;
  to->es = to->ds = kDataAmd64;
  to->flags = abi::freebsd_amd64::kMcHasSegs;
  to->cs = kCodeAmd64;
  to->ss = kDataAmd64;
  to->fsbase = thread.host.regs.fs_base;
  to->gsbase = thread.host.regs.gs_base;
  to->fpformat = abi::freebsd_amd64::kMcFpfmtXmm;
  to->ownedfp = abi::freebsd_amd64::kMcFpownedFpu;
}

void FromMContext(const abi::freebsd_amd64::MContext& from, Thread& thread) {
  GetAmd64(from, &thread.host.regs);
  thread.host.regs.fs_base = from.fsbase;
  thread.host.regs.gs_base = from.gsbase;
}

void ToMContext(const Thread& thread, abi::freebsd_386::MContext* to) {
  Put386(thread.host.regs, to);
  // fs and gs are the host's: the trampoline loads gs again.
  to->es = to->ds = to->ss = kData386;
  to->cs = kCode386;
  to->fpformat = abi::freebsd_386::kMcFpfmtXmm;
  to->ownedfp = abi::freebsd_386::kMcFpownedFpu;
}

void FromMContext(const abi::freebsd_386::MContext& from, Thread& thread) {
  Get386(from, &thread.host.regs);
}

// mc_err of a page fault: by a program (4); of a page that is there (1). The host does not tell
// whether it was a write.
uint32_t FaultError(const SignalInfo& info) {
  if (info.trap != common::kT_PAGEFLT) return 0;
  return info.code == common::kSEGV_MAPERR ? 4 : 5;
}

bool OnAltStack(const Thread& thread) {
  const auto& stack = thread.alt_stack;
  return stack.enabled && thread.host.regs.rsp - stack.base < stack.size;
}

template <typename Set>
void PutMask(const SignalSet& mask, Set* to) {
  for (int i = 0; i < 4; ++i) to->word[i] = mask.Word(i);
}

template <typename Abi>
void FillContext(const Thread& thread, const SignalSet& mask, typename Abi::UContext* context) {
  using Word = typename Abi::Word;
  memset(context, 0, sizeof *context);
  PutMask(mask, &context->sigmask);
  context->stack.sp = static_cast<Word>(thread.alt_stack.base);
  context->stack.size = static_cast<Word>(thread.alt_stack.size);
  bool on_stack = OnAltStack(thread);
  context->stack.flags = !thread.alt_stack.enabled ? common::kSS_DISABLE
                         : on_stack                ? common::kSS_ONSTACK
                                                   : 0;
  context->mcontext.onstack = on_stack ? 1 : 0;
  ToMContext(thread, &context->mcontext);
  context->mcontext.len = sizeof context->mcontext;
  thread.host.GetFpState(context->mcontext.fpstate);
}

template <typename Abi>
bool Push(const Release& release, Thread& thread, const SignalInfo& info, const Disposition& action,
          const SignalSet& mask) {
  using Word = typename Abi::Word;
  constexpr bool kAmd64 = Abi::kBits == 64;
  user_regs_struct& regs = thread.host.regs;
  typename Abi::SigFrame frame;
  memset(&frame, 0, sizeof frame);
  FillContext<Abi>(thread, mask, &frame.ucontext);
  frame.ucontext.mcontext.trapno = static_cast<uint32_t>(info.trap);
  if (info.trap != 0) frame.ucontext.mcontext.err = FaultError(info);

  uint64_t sp;
  if ((action.flags & common::kSA_ONSTACK) && thread.alt_stack.enabled && !OnAltStack(thread))
    sp = thread.alt_stack.base + thread.alt_stack.size;
  else
    sp = regs.rsp - static_cast<uint64_t>(kAmd64 ? kRedZoneAmd64 : release.red_zone_386);
  // The vector state beyond what FXSAVE knows lies between the stack and the frame.
  std::string vectors = release.shared_page ? thread.host.GetVectorState() : "";
  if (vectors.size() > kLegacyFpState) {
    uint64_t size = vectors.size() - kLegacyFpState;
    sp = (sp - size) & ~(kVectorAlign - 1);
    frame.ucontext.mcontext.xfpustate = static_cast<Word>(sp);
    frame.ucontext.mcontext.xfpustate_len = static_cast<Word>(size);
    frame.ucontext.mcontext.flags |= abi::freebsd_amd64::kMcHasFpxstate;
    if (!thread.host.Write(sp, vectors.data() + kLegacyFpState, size)) return false;
  }
  sp = (sp - sizeof frame) & ~15ull;
  constexpr size_t kContext = offsetof(typename Abi::SigFrame, ucontext);
  constexpr size_t kInfo = offsetof(typename Abi::SigFrame, info);
  bool wants_info = (action.flags & common::kSA_SIGINFO) != 0;
  if (wants_info) Os::FillInfo<Abi>(info, &frame.info);
  frame.handler = static_cast<Word>(action.handler);
  uint64_t second = wants_info ? sp + kInfo : static_cast<uint64_t>(info.code);
  if constexpr (kAmd64) {
    regs.rdi = static_cast<uint64_t>(info.signal);
    regs.rsi = second;
    regs.rdx = sp + kContext;
    regs.rcx = info.address;
  } else {
    frame.signum = static_cast<uint32_t>(info.signal);
    frame.siginfo = static_cast<uint32_t>(second);
    frame.ucontext_at = static_cast<uint32_t>(sp + kContext);
    frame.addr = static_cast<uint32_t>(info.address);
  }
  if (!thread.host.Write(sp, &frame, sizeof frame)) return false;
  regs.rsp = sp;
  regs.rip = thread.process->space->code_page;
  regs.eflags &= ~(kTrapFlag | kDirectionFlag);
  thread.full_exit = true;
  return true;
}

template <typename Abi>
Value Load(Machine& machine, Thread& thread, uint64_t address) {
  typename Abi::UContext context;
  if (!thread.host.Read(address, &context, sizeof context)) return -EFAULT;
  auto& machine_context = context.mcontext;
  constexpr uint32_t kKnown = abi::freebsd_amd64::kMcHasSegs | abi::freebsd_amd64::kMcHasBases |
                              abi::freebsd_amd64::kMcHasFpxstate;
  if (machine_context.flags & ~kKnown) return -EINVAL;
  user_regs_struct& regs = thread.host.regs;
  uint64_t flags;
  uint64_t code;
  if constexpr (Abi::kBits == 64) {
    flags = machine_context.rflags;
    code = kCodeAmd64;
  } else {
    flags = machine_context.eflags;
    code = kCode386;
  }
  if ((flags ^ regs.eflags) & ~kUserFlags) return -EINVAL;
  if ((machine_context.cs & 3) != (code & 3)) return -EINVAL;
  if (machine_context.ownedfp == abi::freebsd_amd64::kMcFpownedFpu ||
      machine_context.ownedfp == abi::freebsd_amd64::kMcFpownedPcb) {
    uint64_t size = machine_context.xfpustate_len;
    if ((machine_context.flags & abi::freebsd_amd64::kMcHasFpxstate) && size != 0) {
      std::string vectors = thread.host.GetVectorState();
      if (vectors.size() < kLegacyFpState + size) return -EINVAL;
      memcpy(vectors.data(), machine_context.fpstate, kLegacyFpState);
      if (!thread.host.Read(machine_context.xfpustate, vectors.data() + kLegacyFpState, size))
        return -EFAULT;
      thread.host.SetVectorState(vectors);
    } else {
      thread.host.SetFpState(machine_context.fpstate);
    }
  }
  FromMContext(machine_context, thread);
  regs.eflags |= kInterruptFlag | 2;
  SignalSet mask;
  for (int i = 0; i < 4; ++i) mask.SetWord(i, context.sigmask.word[i]);
  machine.SetMask(thread, mask);
  thread.full_exit = true;
  return kJustReturn;
}

template <typename Abi>
Value Store(Thread& thread, uint64_t address) {
  typename Abi::UContext context;
  FillContext<Abi>(thread, thread.mask, &context);
  // As the call will have left them: no error, result 0.
  if constexpr (Abi::kBits == 64) {
    context.mcontext.rax = 0;
    context.mcontext.rdx = 0;
    context.mcontext.rflags &= ~1ull;
  } else {
    context.mcontext.eax = 0;
    context.mcontext.edx = 0;
    context.mcontext.eflags &= ~1u;
  }
  return thread.host.Write(address, &context, sizeof context) ? 0 : -EFAULT;
}

}  // namespace

bool FreeBsd::PushHandler(Thread& thread, const SignalInfo& info, const Disposition& action,
                          const SignalSet& mask_to_restore) {
  return thread.process->space->bits == 64
             ? Push<Amd64>(release_, thread, info, action, mask_to_restore)
             : Push<I386>(release_, thread, info, action, mask_to_restore);
}

Value FreeBsd::SetContext(Machine& machine, Thread& thread, uint64_t address) const {
  return thread.process->space->bits == 64 ? Load<Amd64>(machine, thread, address)
                                           : Load<I386>(machine, thread, address);
}

Value FreeBsd::GetContext(Thread& thread, uint64_t address) const {
  return thread.process->space->bits == 64 ? Store<Amd64>(thread, address)
                                           : Store<I386>(thread, address);
}

}  // namespace faultline::kernel::model::freebsd
