// What a handler finds, and how the interrupted code gets its state back.
// Sources: sendsig, sys_sigreturn of sys/arch/{amd64,i386}/.../machdep.c of 5.5 and, for the
// cookie, of 7.5; measured on a real kernel of 5.8.
#include <errno.h>

#include <cstring>

#include "kernel/model/bsd/mcontext.h"
#include "kernel/model/bsd/segments.h"
#include "kernel/model/openbsd/context.h"

namespace faultline::kernel::model::openbsd {
namespace {

constexpr uint64_t kCarry = 0x1, kTrapFlag = 0x100, kInterruptFlag = 0x200, kDirectionFlag = 0x400,
                   kVirtualMode = 0x20000, kAlignmentCheck = 0x40000;
// PSL_USERSTATIC and PSL_USER, arch/amd64/include/psl.h: what a program may change of its flags.
constexpr uint64_t kUserFlags = kCarry | 0x4 | 0x10 | 0x40 | 0x80 | kTrapFlag | kDirectionFlag |
                                0x800 | 0x4000 | 0x10000 | kAlignmentCheck | 0x200000;
constexpr int kRedZoneAmd64 = 128;
constexpr uint64_t kFpBytes = 512;

// Selectors that a program may look at; never loaded.
constexpr uint64_t kCodeAmd64 = 0x2b, kDataAmd64 = 0x23;
constexpr uint32_t kCode386 = 0x2b, kData386 = 0x33;

template <typename Abi>
constexpr size_t ContextBytes(bool cookies) {
  return cookies ? sizeof(typename Abi::MContext) : offsetof(typename Abi::MContext, cookie);
}

// sigonstack: whether it is in use is seen by where the program stands.
bool OnAltStack(const Thread& thread) {
  const auto& stack = thread.alt_stack;
  return stack.enabled && thread.host.regs.rsp - stack.base < stack.size;
}

template <typename Abi>
bool Push(const Release& release, Thread& thread, const SignalInfo& info, const Disposition& action,
          const SignalSet& mask) {
  using Word = typename Abi::Word;
  constexpr bool kAmd64 = Abi::kBits == 64;
  const Memory& memory = MemoryOf(thread);
  user_regs_struct& regs = thread.host.regs;
  typename Abi::MContext context;
  memset(&context, 0, sizeof context);
  if constexpr (kAmd64) {
    PutAmd64(regs, &context);
    context.es = context.ds = context.ss = kDataAmd64;
    context.cs = kCodeAmd64;
  } else {
    Put386(regs, &context);
    context.es = context.ds = context.ss = kData386;
    context.cs = kCode386;
  }
  context.mask = mask.Word(0);
  context.trapno = static_cast<Word>(info.trap);
  typename Abi::SigInfo siginfo;
  memset(&siginfo, 0, sizeof siginfo);
  Os::FillInfo<Abi>(info, &siginfo);
  char fp[kFpBytes];
  if (!thread.host.GetFpState(fp)) return false;

  bool switches =
      (action.flags & common::kSA_ONSTACK) && thread.alt_stack.enabled && !OnAltStack(thread);
  uint64_t sp = switches ? thread.alt_stack.base + thread.alt_stack.size
                         : regs.rsp - (kAmd64 ? kRedZoneAmd64 : 0);
  // Only its whole pages are a stack.
  if (switches && release.stacks) sp &= ~(kPage - 1);
  sp = (sp & ~15ull) - kFpBytes;
  context.fpstate = static_cast<Word>(sp);
  uint64_t fp_at = sp;
  bool tells = (action.flags & common::kSA_SIGINFO) != 0;
  size_t bytes = ContextBytes<Abi>(release.cookies);
  uint64_t context_at, info_at;
  if constexpr (kAmd64) {
    info_at = sp - ((sizeof siginfo + 15) & ~15ull);
    context_at = (tells ? info_at : sp) - ((bytes + 15) & ~15ull);
    sp = context_at;
  } else {
    constexpr uint64_t kFrame = sizeof(abi::openbsd_386::SigFrame);
    sp -= kFrame + bytes + sizeof siginfo;
    context_at = sp + kFrame;
    info_at = context_at + bytes;
    abi::openbsd_386::SigFrame frame = {.signum = static_cast<uint32_t>(info.signal),
                                        .siginfo_at = tells ? static_cast<uint32_t>(info_at) : 0,
                                        .context_at = static_cast<uint32_t>(context_at),
                                        .handler = static_cast<uint32_t>(action.handler)};
    if (!thread.host.Write(sp, &frame, sizeof frame)) return false;
  }
  if (release.cookies) context.cookie = static_cast<Word>(context_at ^ memory.cookie);
  if (!thread.host.Write(fp_at, fp, sizeof fp) || !thread.host.Write(context_at, &context, bytes) ||
      (tells && !thread.host.Write(info_at, &siginfo, sizeof siginfo)))
    return false;
  if (kAmd64) {
    regs.rax = action.handler;
    regs.rdi = static_cast<uint64_t>(info.signal);
    regs.rsi = tells ? info_at : 0;
    regs.rdx = context_at;
  }
  regs.rsp = sp;
  regs.rip = thread.process->space->code_page;
  regs.eflags &= ~(kTrapFlag | kDirectionFlag | kVirtualMode | kAlignmentCheck);
  return true;
}

template <typename Abi>
Value Load(const Release& release, Machine& machine, Thread& thread, uint64_t address) {
  const Memory& memory = MemoryOf(thread);
  if (release.cookies && thread.host.regs.rip != memory.sigreturn) return kGone;
  typename Abi::MContext context = {};
  if (!thread.host.Read(address, &context, ContextBytes<Abi>(release.cookies))) return -EFAULT;
  if (release.cookies) {
    using Word = typename Abi::Word;
    if (context.cookie != static_cast<Word>(address ^ memory.cookie)) return kGone;
    // Not to be used twice.
    Word none = 0;
    thread.host.Write(address + offsetof(typename Abi::MContext, cookie), &none, sizeof none);
  }
  uint64_t flags;
  if constexpr (Abi::kBits == 64)
    flags = context.rflags;
  else
    flags = context.eflags;
  if ((flags ^ thread.host.regs.eflags) & ~kUserFlags) return -EINVAL;
  if ((context.cs & 3) != 3) return -EINVAL;
  char fp[kFpBytes];
  if (context.fpstate != 0 && !thread.host.Read(context.fpstate, fp, sizeof fp)) return -EFAULT;
  if constexpr (Abi::kBits == 64)
    GetAmd64(context, &thread.host.regs);
  else
    Get386(context, &thread.host.regs);
  thread.host.regs.eflags |= kInterruptFlag | 2;
  if (context.fpstate != 0) thread.host.SetFpState(fp);
  machine.SetMask(thread, ToSet(context.mask));
  thread.full_exit = true;
  return kJustReturn;
}

}  // namespace

bool OpenBsd::PushHandler(Thread& thread, const SignalInfo& info, const Disposition& action,
                          const SignalSet& mask_to_restore) {
  return thread.process->space->bits == 64
             ? Push<Amd64>(release_, thread, info, action, mask_to_restore)
             : Push<I386>(release_, thread, info, action, mask_to_restore);
}

Value OpenBsd::SigReturn(Machine& machine, Thread& thread, uint64_t address) const {
  return thread.process->space->bits == 64 ? Load<Amd64>(release_, machine, thread, address)
                                           : Load<I386>(release_, machine, thread, address);
}

}  // namespace faultline::kernel::model::openbsd
