// One fact of a BSD's ABI after the other, each shown as it is found.
#include "suites/model/tracees/tracee.h"

namespace tracee {

volatile Seen seen;
unsigned char alt_stack[65536];
int instruction_size;
volatile unsigned ready;
volatile unsigned sleeper_done;
volatile long sleeper_result;
Call sleeper_call;
int pipe_ends[2];

namespace {

// ---- The start ----------------------------------------------------------------------------------

void Start(char** arguments) {
  // Where the first argument of all is: behind the number of them.
  Word sp = start_registers[7];
#if defined(__x86_64__) && defined(__FreeBSD__)
  auto* stack = reinterpret_cast<Word*>(start_registers[5]);
#else
  auto* stack = reinterpret_cast<Word*>(sp);
#endif
  Number("sp_mod_16", static_cast<long>(sp % 16));
  Word others = 0;
  for (unsigned i = 0; i < (sizeof(Word) == 8 ? 16 : 8); ++i)
    if (!(kStartRegisters >> i & 1)) others |= start_registers[i];
  Hex("others", others);
  Number("argc", static_cast<long>(stack[0]));
  Text("last", arguments[0] ? arguments[0] : "");
  Word* at = stack + 1 + stack[0] + 1;
  while (*at) ++at;
  for (Word* each = at + 1; each[0] != abi::kAT_NULL; each += 2)
    if (each[0] == abi::kAT_PAGESZ) Number("pagesz", static_cast<long>(each[1]));
  ShowOwnStart(stack, at + 1);
  EndLine();
}

// ---- Registers over a call ----------------------------------------------------------------------

void ShowCall(const Call& call, const Call& before) {
  Number("rax", static_cast<long>(call.result));
  Number("carry", static_cast<long>(call.failed));
  Number("rdx_kept", call.second == before.arguments[2]);
  Hex("rdx", call.second);
#if defined(__x86_64__)
  Hex("rcx", call.rcx);
  Hex("r8", call.r8);
  Hex("r9", call.r9);
  Hex("r10", call.r10);
  Hex("r11", call.r11);
  Hex("sp_near", At(&call) >> 12);
#endif
  EndLine();
}

}  // namespace

Call Prepared(Word number) {
  Call call = {};
  call.number = number;
  call.arguments[0] = ~0ul;
  call.arguments[2] = 0x3a3;
  call.arguments[3] = kFourth;
  call.arguments[4] = kFifth;
  call.arguments[5] = kSixth;
  return call;
}

void CallOnce(Word number, bool interrupt) {
  Call call = Prepared(number);
  call.r10 = 0xaaa;
  call.r11 = 0xbbb;
  call.rcx = 0xccc;
  Call before = call;
#if defined(__x86_64__)
  if (!interrupt) {
    CallBySyscall(&call);
    ShowCall(call, before);
    return;
  }
#endif
  (void)interrupt;
  CallByInterrupt(&call);
  ShowCall(call, before);
}

void LetOthersRun() {
  for (int i = 0; i < 200; ++i) Make(abi::k_sched_yield);
}

namespace {

void Brief(char**) { CallOnce(abi::k_getpid, false); }
void Plain(char**) { CallOnce(abi::k_umask, false); }
void Failing(char**) { CallOnce(abi::k_close, false); }
void Switched(char**) { CallOnce(abi::k_sched_yield, false); }
void Interrupt(char**) { CallOnce(abi::k_umask, true); }

void Kept(char**) {
  Number("brief", KeptRegistersLost(abi::k_getppid));
  Number("switched", KeptRegistersLost(abi::k_sched_yield));
  EndLine();
}

void Second(char**) {
  Call call = Prepared(call::kPipe);
  CallFast(&call);
  Number("read_end", static_cast<long>(call.result));
  Number("write_end", static_cast<long>(call.second));
  char c = 'x';
  Number("written", Make(abi::k_write, call.second, At(&c), 1));
  c = 0;
  Number("read", Make(abi::k_read, call.result, At(&c), 1));
  Number("got", c);
  long parent = Make(abi::k_getpid);
  call = Prepared(abi::k_fork);
  CallFast(&call);
  if (Make(abi::k_getpid) != parent)
    Exit(call.result == 0 && call.failed == 0 && call.second == ForkedSecond(0x3a3) ? 44 : 45);
  Number("parent_second", static_cast<long>(call.second));
  int status = 0;
  abi::Rusage usage;
  Number("waited_right", Make(call::kWait4, call.result, At(&status), 0, At(&usage)) ==
                             static_cast<long>(call.result));
  Hex("status", static_cast<Word>(status));
  EndLine();
}

// syscall and __syscall: the number is an argument.
void Indirect(char**) {
  long pid = Make(abi::k_getpid);
  Number("syscall", Make(abi::k_syscall, abi::k_getpid) == pid);
  Number("quad", Make(abi::k___syscall, abi::k_getpid, 0) == pid);
  EndLine();
}

// ---- Handlers -----------------------------------------------------------------------------------

}  // namespace

void Handler(int signal, abi::SigInfo* info, abi::UContext* context) {
  seen.sp = At(__builtin_frame_address(0)) + sizeof(Word);
  seen.pc_after = At(__builtin_return_address(0));
  seen.signal = signal;
  seen.context = At(context);
  seen.info = At(info);
  seen.count = seen.count + 1;
  seen.mask_to_restore = context->sigmask.word[0];
#if defined(__x86_64__)
  seen.rcx = context->mcontext.rcx;
  seen.r10 = context->mcontext.r10;
  seen.r11 = context->mcontext.r11;
  context->mcontext.rip += static_cast<Word>(instruction_size);
#else
  context->mcontext.eip += static_cast<unsigned>(instruction_size);
#endif
  if (IsInfo(At(info))) {
    seen.si_code = info->code;
    seen.si_pid = info->pid;
    seen.si_status = info->status;
    seen.addr = info->addr;
    seen.trap = TrapOf(*info);
    seen.value = info->value;
  }
  seen.mask = MaskNow();
}

void ShowHandler() {
  Number("count", static_cast<long>(seen.count));
  Number("signal", seen.signal);
  Number("sp_mod_16", static_cast<long>(seen.sp % 16));
  Number("context_from_sp", static_cast<long>(seen.context - seen.sp));
  Number("info_from_sp", static_cast<long>(seen.info - seen.sp));
  Number("code", seen.si_code);
  Number("pid_is_ours", seen.si_pid == Make(abi::k_getpid));
  Number("trap", seen.trap);
  Hex("mask", seen.mask);
  ShowOwnFrame();
  Number("on_alt", seen.sp - At(alt_stack) < sizeof alt_stack);
  EndLine();
}

namespace {

void Frame(char**) {
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO);
  Raise(abi::kSIGUSR1);
  ShowHandler();
  Hex("mask_after", MaskNow());
  EndLine();
}

void PlainFrame(char**) {
  Install(abi::kSIGUSR1, Handler, 0);
  Raise(abi::kSIGUSR1);
  Hex("second", seen.info);
  EndLine();
}

// What a handler blocks: the signals of its action, its own (but with SA_NODEFER), and what was
// blocked before, which alone its frame restores.
void Masks(char**) {
  abi::SigSet before = {};
  before.word[0] = 1u << (abi::kSIGTERM - 1);
  Make(call::kSigProcMask, abi::kSIG_SETMASK, At(&before), 0);
  abi::SigAction action = {};
  action.handler = static_cast<decltype(action.handler)>(At(&Handler));
  action.mask.word[0] = 1u << (abi::kSIGUSR2 - 1);
  action.flags = abi::kSA_SIGINFO;
  SetAction(abi::kSIGUSR1, &action, nullptr);
  Raise(abi::kSIGUSR1);
  Hex("inside", seen.mask);
  Hex("saved", seen.mask_to_restore);
  Hex("after", MaskNow());
  action.flags |= abi::kSA_NODEFER | abi::kSA_RESETHAND;
  SetAction(abi::kSIGUSR1, &action, nullptr);
  Raise(abi::kSIGUSR1);
  Hex("not_deferred", seen.mask);
  SetAction(abi::kSIGUSR1, nullptr, &action);
  Number("reset", action.handler == 0);
  EndLine();
}

void AltStack(char**) {
  abi::StackT stack = {};
  stack.sp = static_cast<decltype(stack.sp)>(At(alt_stack));
  stack.size = 1024;
  Number("too_small", Make(call::kSigAltStack, At(&stack), 0));
  stack.size = sizeof alt_stack;
  Number("set", Make(call::kSigAltStack, At(&stack), 0));
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO | abi::kSA_ONSTACK);
  Raise(abi::kSIGUSR1);
  ShowHandler();
}

void ThreadSignal(char**) {
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO);
  long id = ThreadSelf();
  Number("self", id);
  Make(call::kThreadKill, static_cast<Word>(id), abi::kSIGUSR1);
  ShowHandler();
}

// Each signal that is sent is kept, also of a number that is no real-time one.
void Queue(char**) {
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO);
  abi::SigSet set = {};
  set.word[0] = 1u << (abi::kSIGUSR1 - 1);
  Make(call::kSigProcMask, abi::kSIG_BLOCK, At(&set), 0);
  for (int i = 0; i < 3; ++i) Raise(abi::kSIGUSR1);
  abi::SigSet pending = {};
  Make(call::kSigPending, At(&pending));
  Hex("pending", pending.word[0]);
  Make(call::kSigProcMask, abi::kSIG_UNBLOCK, At(&set), 0);
  Number("count", static_cast<long>(seen.count));
  EndLine();
}

void Child(char**) {
  Install(abi::kSIGCHLD, Handler, abi::kSA_SIGINFO);
  long child = Make(abi::k_fork);
  if (child == 0) Exit(5);
  while (seen.count == 0) Make(abi::k_sched_yield);
  Number("code", seen.si_code);
  Number("status", seen.si_status);
  Number("pid_is_childs", seen.si_pid == child);
  EndLine();
}

// A SIGCHLD that nobody has taken is taken back when the child is reaped.
void TakenBack(char**) {
  Install(abi::kSIGCHLD, Handler, abi::kSA_SIGINFO);
  abi::SigSet set = {};
  set.word[0] = 1u << (abi::kSIGCHLD - 1);
  Make(call::kSigProcMask, abi::kSIG_BLOCK, At(&set), 0);
  long child = Make(abi::k_fork);
  if (child == 0) Exit(0);
  abi::SigSet pending = {};
  while (pending.word[0] == 0) Make(call::kSigPending, At(&pending));
  Number("waited_right", Make(call::kWait4, static_cast<Word>(child), 0, 0, 0) == child);
  Make(call::kSigPending, At(&pending));
  Hex("pending", pending.word[0]);
  EndLine();
}

int StackFlags() {
  abi::StackT stack = {};
  Make(call::kSigAltStack, 0, At(&stack));
  return stack.flags;
}

void ShowStack(char**) {
  Number("flags", StackFlags());
  EndLine();
}

void ExecHere(void* program) {
  abi::StackT stack = {};
  stack.sp = static_cast<decltype(stack.sp)>(At(alt_stack));
  stack.size = sizeof alt_stack;
  Make(call::kSigAltStack, At(&stack), 0);
  char fact[] = "show-stack";
  char* arguments[] = {static_cast<char*>(program), fact, nullptr};
  char* none[] = {nullptr};
  Make(abi::k_execve, At(program), At(arguments), At(none));
}

// An exec by the first thread, or by another one, that has an alternate stack: whether the new
// program has it.
void ExecWithStack(char** arguments) {
  char* program = arguments[-2];
  if (Same(arguments[0], "first")) ExecHere(program);
  StartThread(ExecHere, program);
  for (;;) Make(call::kYield);
}

// ---- Faults -------------------------------------------------------------------------------------

[[maybe_unused]] volatile int zero;

void Fault(char** arguments) {
  const char* kind = arguments[0];
  constexpr int kFaults[] = {abi::kSIGSEGV, abi::kSIGBUS, abi::kSIGFPE, abi::kSIGILL,
                             abi::kSIGTRAP};
  for (int signal : kFaults) Install(signal, Handler, abi::kSA_SIGINFO);
  Word pc = 0;
  if (Same(kind, "null")) {
    instruction_size = 2;
#if defined(__x86_64__)
    asm volatile("xorl %%eax, %%eax; movb (%%rax), %%al" : : : "rax");
#else
    asm volatile("xorl %%eax, %%eax; movb (%%eax), %%al" : : : "eax");
#endif
  } else if (Same(kind, "text")) {
    instruction_size = 3;
    asm volatile("movb $0, (%0)" : : "a"(&Fault) : "memory");
  } else if (Same(kind, "divide")) {
    instruction_size = 2;
    asm volatile("xorl %%edx, %%edx; movl $1, %%eax; xorl %%ecx, %%ecx; divl %%ecx"
                 :
                 :
                 : "eax", "ecx", "edx");
  } else if (Same(kind, "ud2")) {
    instruction_size = 2;
    asm volatile("ud2");
  } else if (Same(kind, "int3")) {
    instruction_size = 0;
    asm volatile("int3");
  } else if (Same(kind, "hlt")) {
    instruction_size = 1;
#if defined(__x86_64__)
    asm volatile("leaq 1f(%%rip), %0; 1: hlt" : "=a"(pc));
#else
    asm volatile("movl $1f, %0; 1: hlt" : "=a"(pc));
#endif
  }
  Number("count", static_cast<long>(seen.count));
  Number("signal", seen.signal);
  Number("code", seen.si_code);
  Number("trap", seen.trap);
  if (pc != 0) Number("addr_is_pc", seen.addr == pc);
  if (Same(kind, "null")) Number("addr_is_null", seen.addr == 0);
  EndLine();
}

// ---- Restarts -----------------------------------------------------------------------------------

void SendThenWrite(void* target) {
  Await(&ready, 0);
  // The other one sleeps by now, or will find the signal when it is about to.
  LetOthersRun();
  Make(call::kThreadKill, reinterpret_cast<Word>(target), abi::kSIGUSR1);
  while (seen.count == 0) Make(abi::k_sched_yield);
  char c = 'y';
  Make(abi::k_write, static_cast<Word>(pipe_ends[1]), At(&c), 1);
}

void ReadInterrupted(unsigned flags) {
  MakePipe(pipe_ends);
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO | flags);
  StartThread(SendThenWrite, reinterpret_cast<void*>(ThreadSelf()));
  char c = 0;
  Call call = Prepared(abi::k_read);
  call.arguments[0] = static_cast<Word>(pipe_ends[0]);
  call.arguments[1] = At(&c);
  call.arguments[2] = 1;
  ready = 1;
  CallFast(&call);
#if defined(__x86_64__)
  Number("kept", call.r8 == kFifth && call.r9 == kSixth);
  Number("rcx_is_fourth", call.rcx == kFourth);
  Number("r10_is_fourth", call.r10 == kFourth);
  Number("frame_rcx_is_fourth", seen.rcx == kFourth);
  Number("frame_r10_is_fourth", seen.r10 == kFourth);
#endif
  Number("result", static_cast<long>(call.result));
  Number("carry", static_cast<long>(call.failed));
  Number("count", static_cast<long>(seen.count));
  EndLine();
}

void Restart(char**) { ReadInterrupted(abi::kSA_RESTART); }
void NoRestart(char**) { ReadInterrupted(0); }

void FaultAgain(int, abi::SigInfo*, abi::UContext*) { *reinterpret_cast<volatile char*>(8) = 1; }

// A fault in the handler of such a fault.
void FaultTwice(char**) {
  long child = Make(abi::k_fork);
  if (child == 0) {
    Install(abi::kSIGSEGV, FaultAgain, abi::kSA_SIGINFO);
    FaultAgain(0, nullptr, nullptr);
    Exit(0);
  }
  int status = 0;
  Make(call::kWait4, static_cast<Word>(child), At(&status), 0, 0);
  Number("killed_by", status & 0x7f);
  EndLine();
}

// ---- Others stop the thread ---------------------------------------------------------------------

}  // namespace

void Sleeper(void*) {
  ready = 1;
  Call call = sleeper_call;
  CallFast(&call);
  sleeper_result = call.failed ? -static_cast<long>(call.result) : static_cast<long>(call.result);
  sleeper_done = 1;
}

namespace {

// A child stops in wait4 and goes on: nothing restarts, and its parent sees both.
void StopAndGo(char**) {
  MakePipe(pipe_ends);
  long child = Make(abi::k_fork);
  if (child == 0) {
    char c;
    long got = Make(abi::k_read, static_cast<Word>(pipe_ends[0]), At(&c), 1);
    Exit(got == 1 ? 21 : 22);
  }
  LetOthersRun();
  Make(abi::k_kill, static_cast<Word>(child), abi::kSIGSTOP);
  int status = 0;
  Make(call::kWait4, static_cast<Word>(child), At(&status), abi::kWUNTRACED, 0);
  Hex("stopped", static_cast<Word>(status));
  Make(abi::k_kill, static_cast<Word>(child), abi::kSIGCONT);
  Make(call::kWait4, static_cast<Word>(child), At(&status), abi::kWCONTINUED, 0);
  Hex("continued", static_cast<Word>(status));
  char c = 'a';
  Make(abi::k_write, static_cast<Word>(pipe_ends[1]), At(&c), 1);
  Make(call::kWait4, static_cast<Word>(child), At(&status), 0, 0);
  Hex("status", static_cast<Word>(status));
  EndLine();
}

// ---- Time ---------------------------------------------------------------------------------------

void Timers(char**) {
  Install(abi::kSIGALRM, Handler, abi::kSA_SIGINFO | abi::kSA_RESTART);
  abi::Itimerval value = {};
  value.value.usec = 20000;
  Make(call::kSetItimer, abi::kITIMER_REAL, At(&value), 0);
  abi::Timespec time = {};
  time.sec = 100;
  abi::Timespec rest = {};
  Number("sleep", Make(call::kNanoSleep, At(&time), At(&rest)));
  Number("rest", static_cast<long>(rest.sec));
  Number("count", static_cast<long>(seen.count));
  abi::PollFd none = {};
  MakePipe(pipe_ends);
  none.fd = pipe_ends[0];
  none.events = abi::kPOLLIN;
  Number("poll", Make(abi::k_poll, At(&none), 1, 10));
  Make(call::kSetItimer, abi::kITIMER_REAL, At(&value), 0);
  Number("poll_interrupted", Make(abi::k_poll, At(&none), 1, ~0ul));
  EndLine();
}

// A POSIX timer that fires once, and what its signal says.
void PosixTimer(char**) {
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO);
  abi::SigEvent event = {};
  event.notify = abi::kSIGEV_SIGNAL;
  event.signo = abi::kSIGUSR1;
  event.value = 0x1234;
  int id = -1;
  Number("made", Make(call::kTimerCreate, abi::kCLOCK_MONOTONIC, At(&event), At(&id)));
  auto number = static_cast<Word>(id);
  abi::Timespec times[2] = {};  // the interval, and until the first
  times[1].nsec = 5000000;
  Number("set", Make(call::kTimerSetTime, number, 0, At(times), 0));
  abi::Timespec time = {};
  time.sec = 100;
  Number("sleep", Make(call::kNanoSleep, At(&time), 0));
  Number("count", static_cast<long>(seen.count));
  Number("code", seen.si_code);
  Hex("value", seen.value);
  Number("overrun", Make(call::kTimerGetOverrun, number));
  Number("delete", Make(call::kTimerDelete, number));
  Number("delete_again", Make(call::kTimerDelete, number));
  EndLine();
}

// ---- What is not there --------------------------------------------------------------------------

void Missing(char**) {
  Number("first", Make(call::kMissing, 1, 2, 3));
  Number("again", Make(call::kMissing, 1, 2, 3));
  EndLine();
}

void Spin(char**) {
  Text("pid", "ready");
  EndLine();
  for (;;) {
  }
}

void Sleep(char**) {
  Text("pid", "ready");
  EndLine();
  abi::Timespec time = {};
  time.sec = 1000;
  Make(call::kNanoSleep, At(&time), 0);
}

void Die(char** arguments) {
  int signal = 0;
  for (const char* digit = arguments[0]; *digit; ++digit) signal = signal * 10 + (*digit - '0');
  Make(abi::k_kill, static_cast<Word>(Make(abi::k_getpid)), static_cast<Word>(signal));
}

void Leave(char** arguments) { Exit(arguments[0][0] - '0'); }

// Calls without end, for the benchmark: getpid as often as asked.
void Calls(char** arguments) {
  long count = 0;
  for (const char* digit = arguments[0]; *digit; ++digit) count = count * 10 + (*digit - '0');
  for (long i = 0; i < count; ++i) Make(abi::k_getpid);
}

constexpr Fact kFacts[] = {
    {"start", Start},
    {"brief", Brief},
    {"plain", Plain},
    {"failing", Failing},
    {"switched", Switched},
    {"interrupt", Interrupt},
    {"kept", Kept},
    {"second", Second},
    {"indirect", Indirect},
    {"frame", Frame},
    {"plain-frame", PlainFrame},
    {"masks", Masks},
    {"alt-stack", AltStack},
    {"show-stack", ShowStack},
    {"exec-with-stack", ExecWithStack},
    {"thread-signal", ThreadSignal},
    {"queue", Queue},
    {"child", Child},
    {"taken-back", TakenBack},
    {"fault", Fault},
    {"fault-twice", FaultTwice},
    {"restart", Restart},
    {"no-restart", NoRestart},
    {"stop-and-go", StopAndGo},
    {"timers", Timers},
    {"posix-timer", PosixTimer},
    {"missing", Missing},
    {"spin", Spin},
    {"sleep", Sleep},
    {"die", Die},
    {"leave", Leave},
    {"calls", Calls},
};

}  // namespace

void Run(const char* name, char** arguments) {
  auto show = [&](const Fact& fact) {
    if (!Same(fact.name, name)) return;
    fact.show(arguments);
    Exit(0);
  };
  for (const Fact& fact : kFacts) show(fact);
  for (unsigned long i = 0; i < kOwnFactCount; ++i) show(kOwnFacts[i]);
  Exit(64);
}

}  // namespace tracee
