// What a handler finds, and how the interrupted code gets its state back.
// Sources: sendsig_siginfo, cpu_getmcontext, cpu_setmcontext of
// sys/arch/{amd64,i386}/.../machdep.c, setucontext of sys/kern/kern_sig.c, 7.99; measured on a real
// kernel of 7.99.
#include <errno.h>

#include <cstring>

#include "kernel/model/bsd/mcontext.h"
#include "kernel/model/netbsd/context.h"

namespace faultline::kernel::model::netbsd {
namespace {

constexpr uint64_t kCarry = 0x1, kTrapFlag = 0x100, kInterruptFlag = 0x200, kDirectionFlag = 0x400,
                   kVirtualMode = 0x20000, kAlignmentCheck = 0x40000;
// PSL_USER and PSL_RF, x86/include/psl.h: what a program may change of its flags.
constexpr uint64_t kUserFlags = kCarry | 0x4 | 0x10 | 0x40 | 0x80 | kTrapFlag | kDirectionFlag |
                                0x800 | 0x4000 | 0x10000 | kAlignmentCheck | 0x200000;
constexpr int kRedZoneAmd64 = 128;

// Selectors that a program may look at; never loaded.
constexpr uint64_t kCodeAmd64 = 0x47, kDataAmd64 = 0x3f;
constexpr uint32_t kCode386 = 0x17, kData386 = 0x1f;

void ToMContext(const Thread& thread, abi::netbsd_amd64::MContext* to) {
  PutAmd64(thread.host.regs, to);
  to->es = to->ds = to->ss = kDataAmd64;
  to->cs = kCodeAmd64;
}

void FromMContext(const abi::netbsd_amd64::MContext& from, Thread& thread) {
  GetAmd64(from, &thread.host.regs);
}

void ToMContext(const Thread& thread, abi::netbsd_386::MContext* to) {
  Put386(thread.host.regs, to);
  to->es = to->ds = to->ss = kData386;
  to->cs = kCode386;
}

void FromMContext(const abi::netbsd_386::MContext& from, Thread& thread) {
  Get386(from, &thread.host.regs);
}

uint64_t FlagsIn(const abi::netbsd_amd64::MContext& from) { return from.rflags; }
uint64_t FlagsIn(const abi::netbsd_386::MContext& from) { return from.eflags; }

template <typename Abi>
void Fill(const Thread& thread, const SignalSet& mask, typename Abi::UContext* context) {
  using Word = typename Abi::Word;
  memset(context, 0, sizeof *context);
  context->flags = common::kUC_SIGMASK | common::kUC_CPU | common::kUC_FPU | common::kUC_TLSBASE;
  if constexpr (Abi::kBits == 32) context->flags |= common::kUC_FXSAVE;
  for (int i = 0; i < 4; ++i) context->sigmask.word[i] = mask.Word(i);
  context->stack.sp = static_cast<Word>(thread.alt_stack.base);
  context->stack.size = static_cast<Word>(thread.alt_stack.size);
  context->stack.flags = !thread.alt_stack.enabled ? common::kSS_DISABLE
                         : thread.alt_stack.in_use ? common::kSS_ONSTACK
                                                   : 0;
  ToMContext(thread, &context->mcontext);
  context->mcontext.tlsbase = static_cast<Word>(thread.private_pointer);
  thread.host.GetFpState(context->mcontext.fpstate);
}

template <typename Abi>
bool Push(Thread& thread, const SignalInfo& info, const Disposition& action,
          const SignalSet& mask) {
  using Word = typename Abi::Word;
  constexpr bool kAmd64 = Abi::kBits == 64;
  user_regs_struct& regs = thread.host.regs;
  typename Abi::SigFrame frame;
  memset(&frame, 0, sizeof frame);
  Fill<Abi>(thread, mask, &frame.ucontext);
  Os::FillInfo<Abi>(info, &frame.info);
  auto& stack = thread.alt_stack;
  // Whether it is in use is remembered, not seen by where the program stands.
  frame.ucontext.flags |= stack.in_use ? common::kUC_SETSTACK : common::kUC_CLRSTACK;
  if (!kAmd64) frame.ucontext.flags |= common::kUC_VM;
  bool switches = (action.flags & common::kSA_ONSTACK) && stack.enabled && !stack.in_use;
  uint64_t sp = switches ? stack.base + stack.size : regs.rsp - (kAmd64 ? kRedZoneAmd64 : 0);
  if constexpr (kAmd64) frame.ucontext.mcontext.trapno = static_cast<uint64_t>(info.trap);
  sp -= sizeof frame;
  if (kAmd64) sp = (sp & ~15ull) - 8;
  constexpr size_t kInfo = offsetof(typename Abi::SigFrame, info);
  constexpr size_t kContext = offsetof(typename Abi::SigFrame, ucontext);
  frame.ra = static_cast<Word>(action.trampoline);
  if constexpr (kAmd64) {
    regs.rdi = static_cast<uint64_t>(info.signal);
    regs.rsi = sp + kInfo;
    regs.rdx = sp + kContext;
    regs.r15 = sp + kContext;
  } else {
    frame.signum = static_cast<uint32_t>(info.signal);
    frame.siginfo_at = static_cast<uint32_t>(sp + kInfo);
    frame.ucontext_at = static_cast<uint32_t>(sp + kContext);
  }
  if (!thread.host.Write(sp, &frame, sizeof frame)) return false;
  regs.rsp = sp;
  regs.rip = action.handler;
  regs.eflags &= ~(kTrapFlag | kDirectionFlag | kVirtualMode | kAlignmentCheck);
  if (switches) stack.in_use = true;
  return true;
}

// Validates before anything is changed (cpu_mcontext_validate).
template <typename Abi>
Value LoadCpu(Thread& thread, const typename Abi::UContext& context, uint64_t flags_now) {
  if (!(context.flags & common::kUC_CPU)) return -EINVAL;
  if ((FlagsIn(context.mcontext) ^ flags_now) & ~kUserFlags) return -EINVAL;
  if ((context.mcontext.cs & 3) != 3) return -EINVAL;
  FromMContext(context.mcontext, thread);
  thread.host.regs.eflags |= kInterruptFlag | 2;
  if (context.flags & common::kUC_FPU) thread.host.SetFpState(context.mcontext.fpstate);
  if (context.flags & common::kUC_TLSBASE)
    return NetBsd::SetPrivate(thread, context.mcontext.tlsbase);
  return 0;
}

template <typename Abi>
Value Load(Machine& machine, Thread& thread, uint64_t address) {
  typename Abi::UContext context;
  if (!thread.host.Read(address, &context, sizeof context)) return -EFAULT;
  if (Value value = LoadCpu<Abi>(thread, context, thread.host.regs.eflags); value != 0)
    return value;
  if (context.flags & common::kUC_SETSTACK) thread.alt_stack.in_use = true;
  if (context.flags & common::kUC_CLRSTACK) thread.alt_stack.in_use = false;
  if (context.flags & common::kUC_STACK)
    thread.alt_stack.in_use = (context.stack.flags & common::kSS_ONSTACK) != 0;
  if (context.flags & common::kUC_SIGMASK) {
    SignalSet mask;
    for (int i = 0; i < 4; ++i) mask.SetWord(i, context.sigmask.word[i]);
    machine.SetMask(thread, mask);
  }
  thread.full_exit = true;
  return kJustReturn;
}

template <typename Abi>
Value Store(Thread& thread, uint64_t address) {
  typename Abi::UContext context;
  Fill<Abi>(thread, thread.mask, &context);
  context.flags |= common::kUC_STACK;
  return thread.host.Write(address, &context, sizeof context) ? 0 : -EFAULT;
}

template <typename Abi>
Value StartFrom(const Release& release, Machine& machine, Thread& thread, uint64_t address) {
  typename Abi::UContext context;
  if (!thread.host.Read(address, &context, sizeof context)) return -EFAULT;
  if (Value value = LoadCpu<Abi>(thread, context, thread.host.regs.eflags); value != 0)
    return value;
  if (release.lwp_has_contexts_mask && (context.flags & common::kUC_SIGMASK)) {
    SignalSet mask;
    for (int i = 0; i < 4; ++i) mask.SetWord(i, context.sigmask.word[i]);
    machine.SetMask(thread, mask);
  }
  return 0;
}

}  // namespace

bool NetBsd::PushHandler(Thread& thread, const SignalInfo& info, const Disposition& action,
                         const SignalSet& mask_to_restore) {
  return thread.process->space->bits == 64 ? Push<Amd64>(thread, info, action, mask_to_restore)
                                           : Push<I386>(thread, info, action, mask_to_restore);
}

Value NetBsd::SetContext(Machine& machine, Thread& thread, uint64_t address) const {
  return thread.process->space->bits == 64 ? Load<Amd64>(machine, thread, address)
                                           : Load<I386>(machine, thread, address);
}

Value NetBsd::GetContext(Thread& thread, uint64_t address) const {
  return thread.process->space->bits == 64 ? Store<Amd64>(thread, address)
                                           : Store<I386>(thread, address);
}

Value NetBsd::StartThread(Machine& machine, Thread& thread, uint64_t address) const {
  return thread.process->space->bits == 64 ? StartFrom<Amd64>(release_, machine, thread, address)
                                           : StartFrom<I386>(release_, machine, thread, address);
}

}  // namespace faultline::kernel::model::netbsd
