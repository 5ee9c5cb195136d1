// What a handler finds, and how the interrupted code gets its state back.
// Source: sendsig, sigreturn of bsd/dev/i386/unix_signal.c, xnu-1504.9.17, 2050.18.24, 4570.51.1.
#include <cpuid.h>
#include <errno.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/bsd/mcontext.h"
#include "kernel/model/bsd/segments.h"
#include "kernel/model/darwin/context.h"

namespace faultline::kernel::model::darwin {
namespace {

constexpr uint64_t kInterruptFlag = 0x200;
// EFL_USER_CLEAR, osfmk/i386/eflags.h: what a program cannot set.
constexpr uint64_t kNoUserFlags = 0x3000 | 0x4000 | 0x10000;
constexpr uint64_t kRedZoneAmd64 = 128;  // C_64_REDZONE_LEN, also on an alternate stack

// Selectors that a program may look at; never loaded (osfmk/i386/seg.h).
constexpr uint64_t kCodeAmd64 = 0x2b;
constexpr uint32_t kCode386 = 0x1b, kData386 = 0x23;

// ---- Vector state -------------------------------------------------------------------------------

// The host's state is as XSAVE lays it out: FXSAVE's 512 bytes, a header that begins with the set
// of components that are in use, components where CPUID says.
constexpr int kYmmHigh = 2, kOpmask = 5, kZmmHigh = 6, kZmmUpper = 7;
constexpr size_t kXstateHeader = 512;

struct Component {
  size_t offset = 0;
  size_t size = 0;
};

Component Find(const std::string& state, int component) {
  constexpr unsigned kLeaf = 0xd;
  unsigned size = 0, offset = 0, flags = 0, none = 0;
  if (__get_cpuid_count(kLeaf, static_cast<unsigned>(component), &size, &offset, &flags, &none) ==
          0 ||
      size == 0 || offset + size > state.size())
    return {};
  return {.offset = offset, .size = size};
}

bool Has(const std::string& state, int component) { return Find(state, component).size != 0; }

// Reads as much as both have; 0 where the host has none.
void Get(const std::string& state, int component, void* to, size_t size) {
  Component found = Find(state, component);
  memcpy(to, state.data() + found.offset, std::min(size, found.size));
}

void Put(std::string* state, int component, const void* from, size_t size) {
  Component found = Find(*state, component);
  if (found.size == 0) return;
  memcpy(state->data() + found.offset, from, std::min(size, found.size));
  uint64_t used;
  memcpy(&used, state->data() + kXstateHeader, sizeof used);
  used |= 1ull << component;
  memcpy(state->data() + kXstateHeader, &used, sizeof used);
}

template <typename T>
bool IsClear(const T& what) {
  const auto* bytes = reinterpret_cast<const char*>(&what);
  return std::all_of(bytes, bytes + sizeof what, [](char byte) { return byte == 0; });
}

// What a frame of this release has room for, on this processor.
template <typename Abi>
size_t FrameSize(Vectors known, const std::string& state) {
  if (known == Vectors::kAvx512 && Has(state, kOpmask)) return Abi::kMContextAvx512;
  if (known >= Vectors::kAvx && Has(state, kYmmHigh)) return Abi::kMContextAvx;
  return sizeof(typename Abi::MContext);
}

template <typename Abi>
void StoreVectors(const Thread& thread, const std::string& state, std::string* context) {
  char* to = context->data();
  thread.host.GetFpState(to + offsetof(typename Abi::MContext, fpstate));
  if (context->size() >= Abi::kMContextAvx) {
    typename Abi::AvxState avx = {};
    Get(state, kYmmHigh, avx.ymmh, sizeof avx.ymmh);
    memcpy(to + Abi::kAvxAt, &avx, sizeof avx);
  }
  if (context->size() >= Abi::kMContextAvx512) {
    typename Abi::Avx512State avx512 = {};
    Get(state, kOpmask, avx512.opmask, sizeof avx512.opmask);
    Get(state, kZmmHigh, avx512.zmmh, sizeof avx512.zmmh);
    if constexpr (Abi::kBits == 64) Get(state, kZmmUpper, avx512.zmm, sizeof avx512.zmm);
    memcpy(to + Abi::kAvx512At, &avx512, sizeof avx512);
  }
}

template <typename Abi>
void LoadVectors(const Release& release, const Thread& thread, const std::string& context) {
  const char* from = context.data();
  if (context.size() >= Abi::kMContextAvx) {
    std::string state = thread.host.GetVectorState();
    typename Abi::AvxState avx;
    memcpy(&avx, from + Abi::kAvxAt, sizeof avx);
    Put(&state, kYmmHigh, avx.ymmh, sizeof avx.ymmh);
    if (context.size() >= Abi::kMContextAvx512) {
      typename Abi::Avx512State avx512;
      memcpy(&avx512, from + Abi::kAvx512At, sizeof avx512);
      bool clear = IsClear(avx512.zmmh);
      if constexpr (Abi::kBits == 64) clear = clear && IsClear(avx512.zmm);
      if (clear && release.loses_opmask) memset(avx512.opmask, 0, sizeof avx512.opmask);
      Put(&state, kOpmask, avx512.opmask, sizeof avx512.opmask);
      Put(&state, kZmmHigh, avx512.zmmh, sizeof avx512.zmmh);
      if constexpr (Abi::kBits == 64) Put(&state, kZmmUpper, avx512.zmm, sizeof avx512.zmm);
    }
    thread.host.SetVectorState(state);
  }
  thread.host.SetFpState(from + offsetof(typename Abi::MContext, fpstate));
}

// ---- Frames -------------------------------------------------------------------------------------

void StoreRegisters(const Thread& thread, abi::darwin_amd64::MContext* to) {
  const user_regs_struct& regs = thread.host.regs;
  PutAmd64(regs, to);
  to->cs = kCodeAmd64;
}

void StoreRegisters(const Thread& thread, abi::darwin_386::MContext* to) {
  Put386(thread.host.regs, to);
  to->cs = kCode386;
  to->ss = to->ds = to->es = kData386;
}

bool LoadRegisters(const abi::darwin_amd64::MContext& from, Thread& thread) {
  user_regs_struct& regs = thread.host.regs;
  if (from.rip >= MemoryEnd(thread)) return false;
  GetAmd64(from, &regs);
  return true;
}

bool LoadRegisters(const abi::darwin_386::MContext& from, Thread& thread) {
  user_regs_struct& regs = thread.host.regs;
  uint64_t fs = regs.fs, gs = regs.gs;
  Get386(from, &regs);
  // Only what the host can load: none, what is there, and what a handler began with.
  if (regs.fs != fs && regs.fs != 0) return false;
  if (regs.gs == static_cast<uint64_t>(common::kUSER_CTHREAD)) regs.gs = kHostTlsSelector;
  if (regs.gs != gs && regs.gs != 0 && regs.gs != kHostTlsSelector) return false;
  return true;
}

template <typename Abi>
bool Push(const Release& release, Thread& thread, const SignalInfo& info, const Disposition& action,
          const SignalSet& mask) {
  using Word = typename Abi::Word;
  using UContext = typename Abi::UContext;
  using SigInfo = typename Abi::SigInfo;
  constexpr bool kAmd64 = Abi::kBits == 64;
  user_regs_struct& regs = thread.host.regs;
  std::string vectors = thread.host.GetVectorState();
  size_t size = FrameSize<Abi>(release.vectors, vectors);
  std::string registers(size, '\0');
  typename Abi::MContext machine;
  memset(&machine, 0, sizeof machine);
  StoreRegisters(thread, &machine);
  machine.trapno = static_cast<uint16_t>(info.trap);
  if (info.fault) machine.faultvaddr = static_cast<Word>(info.address);
  memcpy(registers.data(), &machine, sizeof machine);
  StoreVectors<Abi>(thread, vectors, &registers);

  // Whether the alternate stack is in use is remembered, not seen by where the program stands.
  auto& stack = thread.alt_stack;
  bool was_on = stack.in_use;
  bool switches = (action.flags & common::kSA_ONSTACK) && stack.enabled && !was_on;
  uint64_t sp = switches ? stack.base + stack.size : regs.rsp;
  if (kAmd64) sp -= kRedZoneAmd64;
  uint64_t context_at = sp -= sizeof(UContext);
  uint64_t info_at = sp -= sizeof(SigInfo);
  uint64_t registers_at = sp -= size;
  if (!kAmd64) sp -= sizeof(abi::darwin_386::SigFrame) - (release.has_token ? 0 : sizeof(Word));
  sp = (sp & ~15ull) - sizeof(Word);

  UContext context;
  memset(&context, 0, sizeof context);
  context.onstack = was_on ? 1 : 0;
  context.sigmask.word[0] = mask.Word(0);
  context.stack.sp = static_cast<Word>(sp);
  context.stack.size = static_cast<Word>(switches ? stack.size : 0);
  context.stack.flags = was_on ? common::kSS_ONSTACK : 0;
  context.mcsize = static_cast<Word>(size);
  context.mcontext = static_cast<Word>(registers_at);
  SigInfo told;
  memset(&told, 0, sizeof told);
  Os::FillInfo<Abi>(info, &told);
  told.pad[0] = static_cast<Word>(regs.rsp);
  if (!info.fault) told.addr = static_cast<Word>(regs.rip);
  if (!thread.host.Write(registers_at, registers.data(), size) ||
      !thread.host.Write(info_at, &told, sizeof told) ||
      !thread.host.Write(context_at, &context, sizeof context))
    return false;

  bool wants_info = (action.flags & common::kSA_SIGINFO) != 0;
  int style = wants_info ? common::kUC_FLAVOR : common::kUC_TRAD;
  // Of the token only sigreturn makes anything, and only where a program has asked for it.
  uint64_t token = context_at ^ thread.process->space->usr_stack;
  if constexpr (kAmd64) {
    regs.rdi = action.handler;
    regs.rsi = static_cast<uint64_t>(style);
    regs.rdx = static_cast<uint64_t>(info.signal);
    regs.rcx = info_at;
    regs.r8 = context_at;
    if (release.has_token) regs.r9 = token;
  } else {
    abi::darwin_386::SigFrame frame = {.retaddr = ~0u,
                                       .catcher = static_cast<uint32_t>(action.handler),
                                       .sigstyle = static_cast<uint32_t>(style),
                                       .sig = static_cast<uint32_t>(info.signal),
                                       .siginfo_at = static_cast<uint32_t>(info_at),
                                       .ucontext_at = static_cast<uint32_t>(context_at),
                                       .token = static_cast<uint32_t>(token)};
    size_t used = sizeof frame - (release.has_token ? 0 : sizeof frame.token);
    if (!thread.host.Write(sp, &frame, used)) return false;
    // Handlers begin with it, whatever the code had that they interrupt.
    if (regs.gs != kHostTlsSelector &&
        SetSegmentBase(thread, true, thread.private_pointer, common::kCthreadPages - 1) != 0)
      return false;
  }
  regs.rsp = sp;
  regs.rip = action.trampoline;
  regs.eflags = kInterruptFlag | 2;
  if (switches) stack.in_use = true;
  return true;
}

template <typename Abi>
Value Load(const Release& release, Machine& machine, Thread& thread, uint64_t address) {
  typename Abi::UContext context;
  if (!thread.host.Read(address, &context, sizeof context)) return -EFAULT;
  std::string registers(FrameSize<Abi>(release.vectors, thread.host.GetVectorState()), '\0');
  if (!thread.host.Read(context.mcontext, registers.data(), registers.size())) return -EFAULT;
  typename Abi::MContext saved;
  memcpy(&saved, registers.data(), sizeof saved);
  // As the kernel does it: mask and flag first, whatever becomes of the rest.
  SignalSet mask;
  mask.SetWord(0, context.sigmask.word[0]);
  machine.SetMask(thread, mask);
  thread.alt_stack.in_use = (context.onstack & 1) != 0;
  user_regs_struct& regs = thread.host.regs;
  user_regs_struct before = regs;
  if (!LoadRegisters(saved, thread)) {
    regs = before;
    return -EINVAL;
  }
  regs.eflags = (regs.eflags & ~kNoUserFlags) | kInterruptFlag | 2;
  LoadVectors<Abi>(release, thread, registers);
  thread.full_exit = true;
  return kJustReturn;
}

}  // namespace

bool Darwin::PushHandler(Thread& thread, const SignalInfo& info, const Disposition& action,
                         const SignalSet& mask_to_restore) {
  return thread.process->space->bits == 64
             ? Push<Amd64>(release_, thread, info, action, mask_to_restore)
             : Push<I386>(release_, thread, info, action, mask_to_restore);
}

Value Darwin::SetContext(Machine& machine, Thread& thread, uint64_t address) const {
  return thread.process->space->bits == 64 ? Load<Amd64>(release_, machine, thread, address)
                                           : Load<I386>(release_, machine, thread, address);
}

}  // namespace faultline::kernel::model::darwin
