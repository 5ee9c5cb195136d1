// What NetBSD alone has, or shows in its own way.
#include "suites/model/tracees/tracee.h"

namespace tracee {

// ---- The start ----------------------------------------------------------------------------------

void ShowOwnStart(const Word* stack, const Word* auxiliary) {
  Word entry = 0;
  for (const Word* at = auxiliary; at[0] != abi::kAT_NULL; at += 2) {
    if (at[0] == abi::kAT_ENTRY) entry = at[1];
    if (at[0] == abi::kAT_STACKBASE) Hex("stackbase", at[1]);
    if (at[0] == abi::kAT_SUN_EXECNAME) Text("execpath", reinterpret_cast<const char*>(at[1]));
  }
#if defined(__x86_64__)
  Number("rcx_is_entry", start_registers[2] == entry);
  Hex("r11", start_registers[11]);
#else
  (void)entry;
#endif
  auto* ps = reinterpret_cast<abi::PsStrings*>(start_registers[1]);
  Number("ps_argc", static_cast<long>(ps->nargvstr));
  Number("ps_argv_is_ours", At(stack + 1) == ps->argvstr);
  int name[2] = {abi::kCTL_KERN, abi::kKERN_OSREV};
  int number = 0;
  Word size = sizeof number;
  Make(abi::k___sysctl, At(name), 2, At(&number), At(&size), 0, 0);
  Number("osrevision", number);
  name[0] = abi::kCTL_HW;
  name[1] = abi::kHW_NCPUONLINE;
  Make(abi::k___sysctl, At(name), 2, At(&number), At(&size), 0, 0);
  Number("ncpus", number);
}

void ShowOwnFrame() {
  auto* context = reinterpret_cast<abi::UContext*>(seen.context);
  Hex("flags", context->flags);
}

extern "C" {
// r15, rcx and r11 as HandlerProbe (call.S) finds them, which goes on with `probed`.
Word handler_registers[3];
HandlerFunction probed = Handler;
void HandlerProbe(int signal, abi::SigInfo* info, abi::UContext* context);
// getcontext as libc has it: 0, and 1 when it is loaded.
[[gnu::returns_twice]] int GetContext(abi::UContext* context);
}

namespace {

// ---- Calls --------------------------------------------------------------------------------------

// getpid, whose second result is the parent; by SYSCALL and by INT 0x80.
void Pids(char**) {
  long parent = Make(abi::k_getpid);
  long child = Make(abi::k_fork);
  if (child == 0) {
    Call call = Prepared(abi::k_getpid);
    CallFast(&call);
    Exit(call.second == static_cast<Word>(parent) ? 1 : call.second == 0 ? 2 : 3);
  }
  int status = 0;
  Make(call::kWait4, static_cast<Word>(child), At(&status), 0, 0);
  Hex("second", static_cast<Word>(status));
  EndLine();
}

// A number that the kernel does not know.
void Unknown(char**) {
  Install(abi::kSIGSYS, Handler, abi::kSA_SIGINFO);
  Number("result", Make(500));
  Number("signals", static_cast<long>(seen.count));
  EndLine();
}

// ---- Actions ------------------------------------------------------------------------------------

long ActionWith(Word handler, unsigned flags, Word trampoline, Word version) {
  abi::SigAction action = {};
  action.handler = static_cast<decltype(action.handler)>(handler);
  action.flags = flags;
  return Make(abi::k___sigaction_sigtramp, abi::kSIGUSR1, At(&action), 0, trampoline, version);
}

void Actions(char**) {
  Word handler = At(&Handler), trampoline = 4096;
  Number("none", ActionWith(handler, 0, 0, 2));
  Number("two", ActionWith(handler, 0, trampoline, 2));
  Number("three", ActionWith(handler, 0, trampoline, 3));
  Number("four", ActionWith(handler, 0, trampoline, 4));
  Number("default", ActionWith(abi::kSIG_DFL, 0, 0, 0));
  Number("ignore", ActionWith(abi::kSIG_IGN, 0, 0, 0));
  Number("unknown_flag", ActionWith(handler, 0x100, trampoline, 2));
  EndLine();
}

// ---- The alternate stack ------------------------------------------------------------------------

long SetStack(int flags, abi::StackT* old = nullptr) {
  abi::StackT stack = {};
  stack.sp = static_cast<decltype(stack.sp)>(At(alt_stack));
  stack.size = sizeof alt_stack;
  stack.flags = flags;
  return Make(call::kSigAltStack, At(&stack), At(old));
}

int StackFlags() {
  abi::StackT stack = {};
  Make(call::kSigAltStack, 0, At(&stack));
  return stack.flags;
}

// The registers that a handler finds beside its arguments.
void Probe(char**) {
  Install(abi::kSIGUSR1, HandlerProbe, abi::kSA_SIGINFO);
  Raise(abi::kSIGUSR1);
  Number("r15_is_context", handler_registers[0] == seen.context);
  Number("rcx_is_handler", handler_registers[1] == At(&HandlerProbe));
  Number("r11_has_flags", (handler_registers[2] & 0x202) == 0x202);
  EndLine();
}

// A fault that tells no address: it is told the last one that there was.
void StaleAddress(char**) {
  Install(abi::kSIGSEGV, Handler, abi::kSA_SIGINFO);
  instruction_size = 2;
#if defined(__x86_64__)
  asm volatile("movl $0x1238, %%eax; movb (%%rax), %%al" : : : "rax", "memory");
#else
  asm volatile("movl $0x1238, %%eax; movb (%%eax), %%al" : : : "eax", "memory");
#endif
  instruction_size = 1;
  asm volatile("hlt" : : : "memory");
  Number("count", static_cast<long>(seen.count));
  Hex("addr", seen.addr);
  EndLine();
}

long changed, disabled;
int flags_inside, flags_before;
abi::UContext before;

void ChangeInside(int, abi::SigInfo*, abi::UContext*) {
  flags_inside = StackFlags();
  disabled = SetStack(abi::kSS_DISABLE);
  changed = SetStack(abi::kSS_ONSTACK);
}

// Sets the frame's part that says whether the stack is in use aside: as longjmp of a program does.
void LeaveByJump(int, abi::SigInfo*, abi::UContext*) {
  before.flags &= ~(abi::kUC_STACK | abi::kUC_SETSTACK | abi::kUC_CLRSTACK);
  Make(abi::k_setcontext, At(&before));
}

void StackInUse(char**) {
  flags_before = StackFlags();
  SetStack(0);
  Install(abi::kSIGUSR1, ChangeInside, abi::kSA_ONSTACK);
  Raise(abi::kSIGUSR1);
  Number("before", flags_before);
  Number("inside", flags_inside);
  Number("disabled", disabled);
  Number("changed", changed);
  Number("after", StackFlags());
  Install(abi::kSIGUSR1, LeaveByJump, abi::kSA_ONSTACK | abi::kSA_NODEFER);
  if (GetContext(&before) == 0) Raise(abi::kSIGUSR1);
  // The kernel remembers, and does not look where the program stands.
  Number("after_a_jump", StackFlags());
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO | abi::kSA_ONSTACK);
  Raise(abi::kSIGUSR1);
  Number("on_alt", seen.sp - At(alt_stack) < sizeof alt_stack);
  EndLine();
}

// ---- Contexts -----------------------------------------------------------------------------------

void Contexts(char**) {
  Make(abi::k_getcontext, At(&before));
  Hex("flags", before.flags);
  abi::UContext none = before;
  none.flags &= ~abi::kUC_CPU;
  Number("without_registers", Make(abi::k_setcontext, At(&none)));
  int id = 0;
  Number("thread_without_registers", Make(abi::k__lwp_create, At(&none), 0, At(&id)));
  // The TLS base, and the mask, are a context's too.
  Make(abi::k__lwp_setprivate, 0x1000);
  if (GetContext(&before) == 0) {
    Make(abi::k__lwp_setprivate, 0x2000);
    before.sigmask.word[0] = 1u << (abi::kSIGTERM - 1);
    Make(abi::k_setcontext, At(&before));
  }
  Hex("private", static_cast<Word>(Make(abi::k__lwp_getprivate)));
  Hex("mask", MaskNow());
  EndLine();
}

// ---- Threads ------------------------------------------------------------------------------------

volatile unsigned born, may_end;
int born_stack_flags;
unsigned born_mask;
volatile long born_self;

void Born(void*) {
  born_self = ThreadSelf();
  born_stack_flags = StackFlags();
  born_mask = MaskNow();
  born = 1;
  Await(&may_end, 0);
}

// What a new thread has of its creator, and of its context: StartThread's is that of the moment.
void NewThread(char**) {
  SetStack(0);
  long second = StartThread(Born, nullptr);
  abi::SigSet mask = {};
  mask.word[0] = 1u << (abi::kSIGTERM - 1);
  Number("main", ThreadSelf());
  Await(&born, 0);
  Number("second", second);
  Number("self", born_self);
  Number("stack", born_stack_flags);
  Number("wait_of_self", Make(abi::k__lwp_wait, 1, 0));
  may_end = 1;
  int gone = 0;
  Number("wait", Make(abi::k__lwp_wait, 0, At(&gone)));
  Number("gone", gone);
  Number("wait_again", Make(abi::k__lwp_wait, 0, At(&gone)));
  Number("kill_gone", Make(abi::k__lwp_kill, static_cast<Word>(second), 0));
  // The third has a mask in its context that its creator has not.
  static abi::UContext context;
  static Birth birth = {Born, nullptr, 0, 0, 0};
  Make(abi::k_getcontext, At(&context));
  context.sigmask = mask;
  Word top = static_cast<Word>(Mmap(65536)) + 65536 - 64;
#if defined(__x86_64__)
  context.mcontext.rip = At(&ThreadStart);
  context.mcontext.rsp = top - 8;
  context.mcontext.rdi = At(&birth);
#else
  reinterpret_cast<Word*>(top)[1] = At(&birth);
  context.mcontext.eip = At(&ThreadStart);
  context.mcontext.esp = top;
#endif
  born = 0;
  int id = 0;
  Make(abi::k__lwp_create, At(&context), abi::kLWP_DETACHED, At(&id));
  Await(&born, 0);
  Number("third", id);
  Hex("mask", born_mask);
  EndLine();
}

long Park(const abi::Timespec* until, int unpark = 0) {
  return Make(abi::k____lwp_park60, abi::kCLOCK_MONOTONIC, 0, At(until), static_cast<Word>(unpark));
}

void Parking(char**) {
  abi::Timespec soon = {};
  soon.nsec = 1000000;
  Number("times_out", Park(&soon));
  auto self = static_cast<Word>(ThreadSelf());
  Number("unpark", Make(abi::k__lwp_unpark, self, 0));
  Number("has_token", Park(nullptr));
  Number("token_is_gone", Park(&soon));
  Number("nobody", Make(abi::k__lwp_unpark, 77, 0));
  Install(abi::kSIGALRM, Handler, abi::kSA_SIGINFO | abi::kSA_RESTART);
  abi::Itimerval value = {};
  value.value.usec = 5000;
  Make(call::kSetItimer, abi::kITIMER_REAL, At(&value), 0);
  Number("interrupted", Park(nullptr));
  sleeper_call = {.number = abi::k____lwp_park60, .arguments = {abi::kCLOCK_MONOTONIC}};
  long other = StartThread(Sleeper, nullptr);
  Await(&ready, 0);
  LetOthersRun();
  Number("wakes", Park(&soon, static_cast<int>(other)));
  while (sleeper_done == 0) Make(abi::k_sched_yield);
  Number("woken", sleeper_result == 0 || sleeper_result == -abi::kEALREADY);
  EndLine();
}

// The memory of a process, which only later releases tell.
void Map(char**) {
  int name[5] = {abi::kCTL_VM, abi::kVM_PROC, abi::kVM_PROC_MAP, -1, sizeof(abi::KinfoVmentry)};
  Word size = 0;
  Number("result", Make(abi::k___sysctl, At(name), 5, 0, At(&size), 0, 0));
  Number("whole", size % sizeof(abi::KinfoVmentry) == 0 && size != 0);
  EndLine();
}

}  // namespace

const Fact kOwnFacts[] = {
    {"pids", Pids},         {"probe", Probe},
    {"unknown", Unknown},   {"stale-address", StaleAddress},
    {"actions", Actions},   {"stack-in-use", StackInUse},
    {"contexts", Contexts}, {"new-thread", NewThread},
    {"parking", Parking},   {"map", Map},
};
const unsigned long kOwnFactCount = sizeof kOwnFacts / sizeof kOwnFacts[0];

}  // namespace tracee
