// Panics, recovery, and the last words.

#include "runtime/proc/panic.h"

#include "runtime/proc/internal.h"
#include "runtime/sys/context.h"
#include "runtime/sys/print.h"

// What morestack leaves for overflow(), and the lock on the stack it runs on; assembly writes them.
extern "C" {
runtime::G* runtime_over_g;
uintptr_t runtime_over_sp;
uintptr_t runtime_over_pc;
uintptr_t runtime_over_fp;
uint32_t runtime_dying;
// The g of whoever dies on runtime_diestack: no guard, the report must come out.
runtime::G runtime_dieg;
}

namespace runtime {

namespace {

uint32_t panicking;  // the thread that prints last words, by kernel id; atomic

constexpr int kFrames = 64;  // of a traceback, at most
constexpr int kOthers = 16;  // goroutines printed beside the one that died

// Whether a frame pointer can be followed: on g's own stack, or on its thread's (C frames in
// between).
GO_NOSPLIT bool onstack(uintptr_t fp, const G* g) {
  if (fp == 0 || (fp & (sizeof(uintptr_t) - 1)) != 0) return false;
  fp = reinterpret_cast<uintptr_t>(framerecord(fp));
  const uintptr_t end = fp + sizeof(FrameRecord);
  if (g->stacklo <= fp && end <= g->stackhi) return true;
  const M* m = g->m;
  if (m == nullptr) return false;
  if (m->threadlo <= fp && end <= m->threadhi) return true;
  const G* other = g == m->g0 || g == m->gsignal ? m->curg : m->g0;
  return other != nullptr && other->stacklo <= fp && end <= other->stackhi;
}

// In the call that made a frame. What comes after it may be another function: some calls do not
// return.
uintptr_t callof(const FrameRecord* frame) { return frame->pc - 1; }

}  // namespace

GO_NOSPLIT void startpanic() {
  const auto tid = static_cast<uint32_t>(sys::gettid());
  uint32_t none = 0;
  if (__atomic_compare_exchange_n(&panicking, &none, tid, false, __ATOMIC_SEQ_CST,
                                  __ATOMIC_SEQ_CST))
    return;
  if (none == tid) {  // it died while it told of its death
    static const char message[] = "fatal error: panic during panic\n";
    sys::write(2, message, sizeof(message) - 1);
    sys::exit_group(2);
  }
  for (;;) {  // another thread is at it and ends the process
    static const uint32_t never = 0;
    sys::futexwait(&never, 0, nullptr);
  }
}

void waitforpanic() {
  static const uint32_t never = 0;
  while (__atomic_load_n(&panicking, __ATOMIC_SEQ_CST) != 0) sys::futexwait(&never, 0, nullptr);
}

void traceback(uintptr_t pc, uintptr_t fp, const G* g) {
  char name[160];
  bool exact = true;  // the first pc is an instruction, the others are return addresses
  for (int i = 0; i < kFrames; i++) {
    symbolize(exact ? pc : pc - 1, name, sizeof(name));
    Print(2).s("  ").s(name).s(" pc=").hex(pc).s(" fp=").hex(fp).s("\n");
    if (!onstack(fp, g)) return;
    const FrameRecord* frame = framerecord(fp);
    pc = frame->pc;
    const uintptr_t outer = frame->fp;
    if (pc == 0) return;
    // On one stack frames go up; between two there is no order.
    if (outer <= fp && outer != 0 && g->stacklo <= outer && outer < g->stackhi &&
        g->stacklo <= fp && fp < g->stackhi) {
      return;
    }
    fp = outer;
    exact = false;
  }
  Print(2).s("  …\n");
}

void printgoroutine(const G* g, const char* what, uintptr_t pc, uintptr_t fp) {
  Print p(2);
  if (g->m != nullptr && g == g->m->g0) {
    p.s("\ng0 of m").d(g->m->id);
  } else if (g->m != nullptr && g == g->m->gsignal) {
    p.s("\ngsignal of m").d(g->m->id);
  } else {
    p.s("\ngoroutine ").d(g->goid);
  }
  p.s(" [").s(what).s("]:\n");
  p.flush();
  traceback(pc, fp, g);
}

void printothers(const G* but) {
  struct State {
    const G* but;
    int n;
  } state = {but, 0};
  forallg(
      [](G* g, void* p) {
        auto* s = static_cast<State*>(p);
        if (g == s->but || g->status == GStatus::kDead || g->status == GStatus::kIdle) return true;
        // Running on another thread: its frames change under our eyes.
        if (g->status == GStatus::kRunning) {
          Print(2).s("\ngoroutine ").d(g->goid).s(" [running on another thread]\n");
        } else {
          printgoroutine(g, statusname(g), g->sched.pc, g->sched.bp);
        }
        return ++s->n < kOthers;
      },
      &state);
}

void printregisters(const sys::os::MContext* context) {
  int n = 0;
  Print p(2);
  for (const sys::RegisterName* r = sys::kRegisters; r->name != nullptr; r++) {
    uintptr_t v = 0;
    __builtin_memcpy(&v, reinterpret_cast<const char*>(context) + r->offset, sizeof(v));
    p.s(r->name).s("=").hex(v).c(++n % 4 == 0 ? '\n' : ' ');
  }
  if (n % 4 != 0) p.c('\n');
}

GO_NOINLINE void throw_(const char* message) {
  startpanic();
  Print(2).s("fatal error: ").s(message).s("\n");
  const G* g = getg();
  if (g != nullptr) {
    const FrameRecord* frame = framerecord(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)));
    printgoroutine(g, "running", callof(frame), frame->fp);
    printothers(g);
  }
  exit(2);
}

// Where runtime_morestack leads, on runtime_diestack.
extern "C" GO_NOSPLIT [[noreturn]] void runtime_overflow(void*) {
  const G* g = runtime_over_g;
  const M* m = tlsm();
  startpanic();
  if (m != nullptr && (g == m->g0 || g == m->gsignal)) {
    Print(2)
        .s("runtime: stack overflow on ")
        .s(g == m->g0 ? "g0" : "gsignal")
        .s(": sp=")
        .hex(runtime_over_sp)
        .s(" guard=")
        .hex(g->stackguard)
        .s(" stack=[")
        .hex(g->stacklo)
        .s(",")
        .hex(g->stackhi)
        .s(")\n");
  } else {
    Print(2)
        .s("runtime: goroutine stack exceeds ")
        .u(g->stackhi - g->stacklo)
        .s("-byte limit: sp=")
        .hex(runtime_over_sp)
        .s(" stack=[")
        .hex(g->stacklo)
        .s(",")
        .hex(g->stackhi)
        .s(")\n");
  }
  Print(2).s("fatal error: stack overflow\n");
  printgoroutine(g, "running", runtime_over_pc, runtime_over_fp);
  exit(2);
}

namespace {

[[noreturn]] void dopanic(G* g, const Panic* panic, uintptr_t pc, uintptr_t fp) {
  if (PanicPoint* point = g->panicpoint) {
    *point->panic = *panic;
    unwindcgo(g->m, point);
    g->panicpoint = point->outer;
    g->sigcontext = nullptr;
    runtime_longjmp(&point->jmp);
  }
  startpanic();
  Print p(2);
  p.s("panic: ").s(panic->message).s("\n");
  if (panic->sig != 0) {
    p.s("[signal ")
        .d(panic->sig)
        .s(" code=")
        .d(panic->code)
        .s(" addr=")
        .hex(panic->addr)
        .s(" pc=")
        .hex(panic->pc);
    p.s("]\n");
  }
  p.flush();
  if (g->sigcontext != nullptr) {
    Print(2).s("\n");
    printregisters(static_cast<const sys::os::MContext*>(g->sigcontext));
  }
  printgoroutine(g, "running", pc, fp);
  printothers(g);
  exit(2);
}

}  // namespace

GO_NOINLINE void gopanic(const char* message) {
  G* g = tlsg();
  if (g == g->m->g0 || g == g->m->gsignal) throw_(message);
  const FrameRecord* frame = framerecord(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)));
  const Panic panic = {message, 0, 0, 0, callof(frame)};
  dopanic(g, &panic, panic.pc, frame->fp);
}

// Where runtime_sigpanic leads: on the goroutine that faulted, right below its frame.
extern "C" [[noreturn]] void runtime_sigpanicgo() {
  G* g = tlsg();
  if (g->status == GStatus::kSyscall)
    exitsyscall();  // it faulted between entersyscall and exitsyscall
  Panic panic = {nullptr, g->sig, g->sigcode, g->sigaddr, g->sigpc};
  switch (g->sig) {
    case sys::kSIGFPE:
      panic.message = g->sigcode == sys::kFPE_INTDIV ? "runtime error: integer divide by zero"
                                                     : "runtime error: floating point error";
      break;
    case sys::kSIGBUS:
      panic.message = "runtime error: invalid memory access (SIGBUS)";
      break;
    case sys::kSIGILL:
      panic.message = "runtime error: illegal instruction";
      break;
    default:
      panic.message = "runtime error: invalid memory address or nil pointer dereference";
  }
  const auto* context = static_cast<const sys::os::MContext*>(g->sigcontext);
  dopanic(g, &panic, panic.pc, sys::framepointer(*context));
}

bool recover(void (*fn)(void*), void* arg, Panic* panic) {
  G* g = tlsg();
  M* m = tlsm();
  PanicPoint point;
  point.outer = g->panicpoint;
  point.panic = panic;
  point.ncgo = m->ncgo;
  point.incallback = m->incallback;
  if (runtime_setjmp(&point.jmp) != 0) return false;
  g->panicpoint = &point;
  fn(arg);
  tlsg()->panicpoint = point.outer;
  return true;
}

}  // namespace runtime
