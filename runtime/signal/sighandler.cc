// What is done with a signal once it stands on gsignal. README.md draws the way here.

#include "runtime/arch/arch.h"
#include "runtime/proc/internal.h"
#include "runtime/signal/internal.h"
#include "runtime/sys/context.h"
#include "runtime/sys/print.h"

extern "C" void runtime_sigtramp();

namespace runtime {

namespace {

struct PerSignal {
  SigHook hook;            // atomic
  uintptr_t count;         // atomic
  uintptr_t foreigncount;  // atomic
  uintptr_t previous;      // the handler before us, or SIG_DFL; atomic
};
PerSignal table[sys::kNSIG];

// Of memory: Darwin has SIGBUS for what is there and may not be used.
GO_NOSPLIT bool isaccess(int sig) { return sig == sys::kSIGSEGV || sig == sys::kSIGBUS; }
GO_NOSPLIT bool isfault(int sig) {
  return sig == sys::kSIGSEGV || sig == sys::kSIGBUS || sig == sys::kSIGFPE || sig == sys::kSIGILL;
}

// How far beyond a stack's end an access still means that the stack is used up: frames may jump the
// page without access.
constexpr uintptr_t kBeyond = 1 << 20;

GO_NOSPLIT bool belowstack(uintptr_t addr, uintptr_t sp, uintptr_t lo, uintptr_t hi) {
  if (hi == 0) return false;
  const bool at = addr < lo && lo - addr <= kBeyond;
  const bool spnear = sp < hi && (sp >= lo ? sp - lo <= 2 * sys::kPageSize : lo - sp <= kBeyond);
  return at && (spnear || (sp >= addr && sp - addr <= kBeyond));
}

// Sends the goroutine to runtime_sigpanic, with its registers kept on its stack.
GO_NOSPLIT void preparepanic(int sig, const sys::SigInfo* info, sys::Context context, G* g) {
  g->sig = sig;
  g->sigcode = info->code;
  g->sigaddr = static_cast<uintptr_t>(info->addr);
  g->sigpc = context.pc();
  uintptr_t sp = (context.sp() - kRedZone) & ~uintptr_t{15};
  char* copy = nullptr;
  if (kFrameRoom != 0) {
    // The context itself lies there, and is still needed: where nothing grows to.
    if (sp > g->stacklo + kFrameRoom) copy = reinterpret_cast<char*>(g->stacklo);
  } else if (sp - sizeof(sys::os::MContext) - kStackGuard / 2 > g->stacklo) {
    sp = (sp - sizeof(sys::os::MContext)) & ~uintptr_t{15};
    copy = reinterpret_cast<char*>(sp);
  }
  const auto* from = reinterpret_cast<const char*>(&context.registers());
  for (size_t i = 0; copy != nullptr && i < sizeof(sys::os::MContext); i++) copy[i] = from[i];
  g->sigcontext = copy;
  sp -= kSigpanicSlot;
  *reinterpret_cast<uintptr_t*>(sp) = context.pc();
  context.set_sp(sp);
  context.set_pc(reinterpret_cast<uintptr_t>(&runtime_sigpanic));
}

GO_NOSPLIT Print& describe(Print& p, int sig, const sys::SigInfo* info,
                           const sys::Context& context) {
  return p.s("[signal ")
      .d(sig)
      .s(" code=")
      .d(info->code)
      .s(" addr=")
      .hex(info->addr)
      .s(" pc=")
      .hex(context.pc())
      .s("]\n");
}

// After startpanic.
[[noreturn]] void fatal(const char* what, int sig, const sys::SigInfo* info,
                        const sys::Context& context, const G* g) {
  Print p(2);
  p.s(what);
  describe(p, sig, info, context).s("\n");
  p.flush();
  printregisters(&context.registers());
  const M* m = tlsm();
  if (g != nullptr) {
    printgoroutine(g, g == m->g0 ? "in C" : "running", context.pc(), context.fp());
    printothers(g);
  } else {
    Print(2).s("\nthread ").d(sys::gettid()).s(" [not created by the runtime]:\n");
    char name[160];
    symbolize(context.pc(), name, sizeof(name));
    Print(2).s("  ").s(name).s(" pc=").hex(context.pc()).s("\n");
  }
  exit(2);
}

}  // namespace

GO_NOSPLIT void badsignal() {
  // One write, nothing else: this thread has no g, no m, and nobody knows how much stack. Said
  // once, however many threads come to say it.
  static uint32_t said;
  static const char message[] = "runtime: signal received on thread not created by Go.\n";
  while (__atomic_exchange_n(&said, 1, __ATOMIC_SEQ_CST) != 0) sys::futexwait(&said, 1, nullptr);
  sys::write(2, message, sizeof(message) - 1);
  sys::exit_group(2);
}

SigForward sighandler(int sig, sys::SigInfo* info, void* ctx, G* g) {
  PerSignal& entry = table[sig];
  M* m = tlsm();
  __atomic_fetch_add(&entry.count, 1, __ATOMIC_SEQ_CST);
  if (g == nullptr) __atomic_fetch_add(&entry.foreigncount, 1, __ATOMIC_SEQ_CST);
  sys::Context context(ctx);

  if (const SigHook hook = __atomic_load_n(&entry.hook, __ATOMIC_ACQUIRE)) {
    m->insignal = g == nullptr ? InSignal::kForeign : InSignal::kOwn;
    const bool done = hook(sig, info, ctx);
    m->insignal = InSignal::kNone;
    if (done) return nullptr;
  }

  const uintptr_t previous = __atomic_load_n(&entry.previous, __ATOMIC_ACQUIRE);
  const auto forward = previous > sys::kSIG_IGN ? reinterpret_cast<SigForward>(previous)
                                                : static_cast<SigForward>(nullptr);

  if (isfault(sig) && sys::synchronous(*info)) {
    const auto addr = static_cast<uintptr_t>(info->addr);
    if (g != nullptr && g != m->g0 && g != m->gsignal) {
      if (isaccess(sig) && addr < g->stacklo && g->stacklo - addr <= sys::kPageSize) {
        startpanic();
        Print(2)
            .s("runtime: goroutine stack exceeds ")
            .u(g->stackhi - g->stacklo)
            .s("-byte limit: addr=")
            .hex(addr)
            .s("\n");
        fatal("fatal error: stack overflow\n", sig, info, context, g);
      }
      if (context.sp() < g->stacklo || context.sp() > g->stackhi) {
        startpanic();
        fatal("fatal error: fault with a stack pointer off the goroutine's stack\n", sig, info,
              context, g);
      }
      preparepanic(sig, info, context, g);
      return nullptr;
    }
    if (g != nullptr && g == m->g0 && belowstack(addr, context.sp(), m->threadlo, m->threadhi)) {
      startpanic();
      Print(2)
          .s("runtime: stack overflow in C code: addr=")
          .hex(addr)
          .s(" sp=")
          .hex(context.sp())
          .s(" stack=[")
          .hex(m->threadlo)
          .s(",")
          .hex(m->threadhi)
          .s(")\n");
      fatal("fatal error: stack overflow in C code\n", sig, info, context, g);
    }
    if (forward != nullptr) return forward;
    startpanic();
    fatal(g == nullptr ? "fatal error: unexpected signal on a thread not created by the runtime\n"
                       : "fatal error: unexpected signal during execution of C or runtime code\n",
          sig, info, context, g);
  }

  if (sigsend(sig)) return nullptr;
  if (forward != nullptr) return forward;
  if (isfault(sig)) {  // sent by someone
    startpanic();
    fatal("fatal error: unexpected signal\n", sig, info, context, g);
  }
  return nullptr;  // caught, and counted: that was all
}

GO_NOSPLIT long setsig(int sig, Disposition disposition, bool restart) {
  if (sig < 1 || sig >= sys::kNSIG) return -sys::kEINVAL;
  sys::SigAction action = {};
  switch (disposition) {
    case Disposition::kDefault:
      action.handler = sys::kSIG_DFL;
      break;
    case Disposition::kIgnore:
      action.handler = sys::kSIG_IGN;
      break;
    case Disposition::kCatch:
      action.handler = reinterpret_cast<uintptr_t>(&runtime_sigtramp);
      break;
  }
  action.flags = sys::kSA_SIGINFO | sys::kSA_ONSTACK | restartflag(restart);
  sys::SigAction old = {};
  __builtin_memset(&action.mask, 0xff, sizeof(action.mask));
  const long error = sys::sigaction(sig, &action, &old);
  if (error == 0 && old.handler != reinterpret_cast<uintptr_t>(&runtime_sigtramp)) {
    __atomic_store_n(&table[sig].previous, static_cast<uintptr_t>(old.handler), __ATOMIC_RELEASE);
  }
  return error;
}

GO_NOSPLIT SigHook sighook(int sig, SigHook hook) {
  return __atomic_exchange_n(&table[sig].hook, hook, __ATOMIC_SEQ_CST);
}

GO_NOSPLIT SigPlace sigplace() {
  SigPlace place = {};
  const M* m = tlsm();
  if (m == nullptr || m->insignal == InSignal::kNone) return place;
  const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  place.foreign = m->insignal == InSignal::kForeign;
  place.ongsignal = m->gsignal->stacklo <= sp && sp < m->gsignal->stackhi;
  place.mid = m->id;
  return place;
}

GO_NOSPLIT uint64_t sigcount(int sig) {
  return __atomic_load_n(&table[sig].count, __ATOMIC_SEQ_CST);
}
GO_NOSPLIT uint64_t sigforeign(int sig) {
  return __atomic_load_n(&table[sig].foreigncount, __ATOMIC_SEQ_CST);
}

void initsig() {
  static constexpr int kFaults[] = {sys::kSIGSEGV, sys::kSIGBUS, sys::kSIGFPE, sys::kSIGILL};
  for (const int sig : kFaults) {
    setsig(sig, Disposition::kCatch, true);
  }
}

void blocksignals(sys::SigSet set) {
  if (threadsmade() != 1) throw_("blocksignals: there are other threads already");
  threadmask = threadmask | set;
  sys::sigprocmask(sys::kSIG_SETMASK, &threadmask, nullptr);
}

}  // namespace runtime
