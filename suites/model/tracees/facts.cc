// One fact of FreeBSD's ABI after the other, each shown as it is found.
#include "suites/model/tracees/tracee.h"

namespace tracee {
namespace {

constexpr Word kFourth = 0x4a4, kFifth = 0x5a5, kSixth = 0x6a6;
unsigned char alt_stack[65536];

// ---- The start ----------------------------------------------------------------------------------

void Start(char** arguments) {
#if defined(__x86_64__)
  auto* stack = reinterpret_cast<Word*>(start_registers[5]);
  Number("sp_mod_16", static_cast<long>(start_registers[7] % 16));
  Word others = 0;
  for (int i = 0; i < 16; ++i)
    if (i != 5 && i != 7) others |= start_registers[i];  // rdi, rsp
#else
  auto* stack = reinterpret_cast<Word*>(start_registers[7]);
  Word others = 0;
  for (int i = 0; i < 7; ++i) others |= start_registers[i];
#endif
  Hex("others", others);
  Number("argc", static_cast<long>(stack[0]));
  Text("last", arguments[0] ? arguments[0] : "");
  Word* at = stack + 1 + stack[0] + 1;
  while (*at) ++at;
  for (++at; at[0] != abi::kAT_NULL; at += 2) {
    if (at[0] == abi::kAT_OSRELDATE) Number("osreldate", static_cast<long>(at[1]));
    if (at[0] == abi::kAT_NCPUS) Number("ncpus", static_cast<long>(at[1]));
    if (at[0] == abi::kAT_PAGESZ) Number("pagesz", static_cast<long>(at[1]));
    if (at[0] == abi::kAT_EXECPATH) Text("execpath", reinterpret_cast<const char*>(at[1]));
  }
  int name[2] = {abi::kCTL_KERN, abi::kKERN_OSRELDATE};
  int date = 0;
  Word size = sizeof date;
  Make(abi::k___sysctl, At(name), 2, At(&date), At(&size), 0, 0);
  Number("sysctl_osreldate", date);
  name[1] = abi::kKERN_USRSTACK;
  Word end = 0;
  size = sizeof end;
  Make(abi::k___sysctl, At(name), 2, At(&end), At(&size), 0, 0);
  Hex("usrstack", end);
  name[1] = abi::kKERN_PS_STRINGS;
  Word strings = 0;
  size = sizeof strings;
  Make(abi::k___sysctl, At(name), 2, At(&strings), At(&size), 0, 0);
  Hex("ps_strings_below", end - strings);
  auto* ps = reinterpret_cast<abi::PsStrings*>(strings);
  Number("ps_argc", static_cast<long>(ps->nargvstr));
  Number("ps_argv_is_ours", reinterpret_cast<Word>(stack + 1) == ps->argvstr);
  EndLine();
}

// ---- Registers over a call ----------------------------------------------------------------------

void ShowCall(const Call& call, const Call& before) {
  Number("rax", static_cast<long>(call.result));
  Number("carry", static_cast<long>(call.failed));
  Number("rdx_kept", call.second == before.arguments[2]);
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

// More than enough turns for a thread that is ready to do all that it can.
void LetOthersRun() {
  for (int i = 0; i < 200; ++i) Make(abi::k_sched_yield);
}

void Brief(char**) { CallOnce(abi::k_getpid, false); }
void Plain(char**) { CallOnce(abi::k_umask, false); }
void Failing(char**) { CallOnce(abi::k_close, false); }
void Switched(char**) { CallOnce(abi::k_sched_yield, false); }
void Interrupt(char**) { CallOnce(abi::k_umask, true); }

// The same call after an INT 0x80 has left known r10 and r11 in the kernel's frame.
void Stale(char**) {
  Call call = Prepared(abi::k_getpid);
  call.r10 = 0x10a10a;
  call.r11 = 0x11b11b;
  CallByInterrupt(&call);
  CallOnce(abi::k_sched_yield, false);
}

void Kept(char**) {
  Number("brief", KeptRegistersLost(abi::k_getppid));
  Number("switched", KeptRegistersLost(abi::k_sched_yield));
  EndLine();
}

void Second(char**) {
  Call call = Prepared(abi::k_freebsd10_pipe);
#if defined(__x86_64__)
  CallBySyscall(&call);
#else
  CallByInterrupt(&call);
#endif
  Number("read_end", static_cast<long>(call.result));
  Number("write_end", static_cast<long>(call.second));
  char c = 'x';
  Number("written", Make(abi::k_write, call.second, At(&c), 1));
  c = 0;
  Number("read", Make(abi::k_read, call.result, At(&c), 1));
  Number("got", c);
  call = Prepared(abi::k_fork);
#if defined(__x86_64__)
  CallBySyscall(&call);
#else
  CallByInterrupt(&call);
#endif
  if (call.second == 1) Exit(call.result == 0 && call.failed == 0 ? 44 : 45);
  Number("parent_second", static_cast<long>(call.second));
  int status = 0;
  abi::Rusage usage;
  Number("waited_right", Make(abi::k_wait4, call.result, At(&status), 0, At(&usage)) ==
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

struct Seen {
  Word sp, code, context, info, pc_after;
  int signal, si_code, si_pid, si_status, trap;
  Word addr;
  unsigned mask, mask_to_restore, onstack;
  Word value;
  Word count;
  Word rcx, r10, r11;
};
volatile Seen seen;
bool skip_instruction;
int instruction_size;

void Handler(int signal, abi::SigInfo* info, abi::UContext* context) {
  seen.sp = At(__builtin_frame_address(0)) + sizeof(Word);
  seen.pc_after = At(__builtin_return_address(0));
  seen.signal = signal;
  seen.context = At(context);
  seen.info = At(info);
  seen.count = seen.count + 1;
  seen.onstack = static_cast<unsigned>(context->mcontext.onstack);
  seen.mask_to_restore = context->sigmask.word[0];
#if defined(__x86_64__)
  seen.rcx = context->mcontext.rcx;
  seen.r10 = context->mcontext.r10;
  seen.r11 = context->mcontext.r11;
  if (skip_instruction) context->mcontext.rip += static_cast<Word>(instruction_size);
#else
  if (skip_instruction) context->mcontext.eip += static_cast<unsigned>(instruction_size);
#endif
  if (At(info) > 4096 && At(info) != 0x10001) {
    seen.si_code = info->code;
    seen.si_pid = info->pid;
    seen.si_status = info->status;
    seen.addr = info->addr;
    seen.trap = info->trapno;
    seen.value = info->value;
  }
  abi::SigSet mask;
  Make(abi::k_sigprocmask, abi::kSIG_BLOCK, 0, At(&mask));
  seen.mask = mask.word[0];
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
  Number("onstack", static_cast<long>(seen.onstack));
  int name[2] = {abi::kCTL_KERN, abi::kKERN_USRSTACK};
  Word end = 0, size = sizeof end;
  Make(abi::k___sysctl, At(name), 2, At(&end), At(&size), 0, 0);
  Number("code_below_stack_end", seen.pc_after < end && end - seen.pc_after < 4096);
  Number("on_alt", seen.sp - At(alt_stack) < sizeof alt_stack);
  EndLine();
}

void Frame(char**) {
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO);
  Make(abi::k_kill, static_cast<Word>(Make(abi::k_getpid)), abi::kSIGUSR1);
  ShowHandler();
  abi::SigSet mask;
  Make(abi::k_sigprocmask, abi::kSIG_BLOCK, 0, At(&mask));
  Hex("mask_after", mask.word[0]);
  EndLine();
}

void PlainFrame(char**) {
  Install(abi::kSIGUSR1, Handler, 0);
  Make(abi::k_kill, static_cast<Word>(Make(abi::k_getpid)), abi::kSIGUSR1);
  Hex("second", seen.info);
  EndLine();
}

unsigned MaskNow() {
  abi::SigSet mask;
  Make(abi::k_sigprocmask, abi::kSIG_BLOCK, 0, At(&mask));
  return mask.word[0];
}

// What a handler blocks: the signals of its action, its own (but with SA_NODEFER), and what was
// blocked before, which alone its frame restores.
void Masks(char**) {
  abi::SigSet before = {};
  before.word[0] = 1u << (abi::kSIGTERM - 1);
  Make(abi::k_sigprocmask, abi::kSIG_SETMASK, At(&before), 0);
  abi::SigAction action = {};
  action.handler = static_cast<decltype(action.handler)>(At(&Handler));
  action.mask.word[0] = 1u << (abi::kSIGUSR2 - 1);
  action.flags = abi::kSA_SIGINFO;
  auto me = static_cast<Word>(Make(abi::k_getpid));
  Make(abi::k_sigaction, abi::kSIGUSR1, At(&action), 0);
  Make(abi::k_kill, me, abi::kSIGUSR1);
  Hex("inside", seen.mask);
  Hex("saved", seen.mask_to_restore);
  Hex("after", MaskNow());
  action.flags |= abi::kSA_NODEFER | abi::kSA_RESETHAND;
  Make(abi::k_sigaction, abi::kSIGUSR1, At(&action), 0);
  Make(abi::k_kill, me, abi::kSIGUSR1);
  Hex("not_deferred", seen.mask);
  Make(abi::k_sigaction, abi::kSIGUSR1, 0, At(&action));
  Number("reset", action.handler == 0);
  EndLine();
}

void AltStack(char**) {
  abi::StackT stack = {};
  stack.sp = static_cast<decltype(stack.sp)>(At(alt_stack));
  stack.size = 1024;
  Number("too_small", Make(abi::k_sigaltstack, At(&stack), 0));
  stack.size = sizeof alt_stack;
  Number("set", Make(abi::k_sigaltstack, At(&stack), 0));
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO | abi::kSA_ONSTACK);
  Make(abi::k_kill, static_cast<Word>(Make(abi::k_getpid)), abi::kSIGUSR1);
  ShowHandler();
}

void ThreadSignal(char**) {
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO);
  Word id = 0;
  Make(abi::k_thr_self, At(&id));
  Number("self", static_cast<long>(id) > abi::kPID_MAX);
  Make(abi::k_thr_kill, id, abi::kSIGUSR1);
  ShowHandler();
}

// Each signal that is sent is kept, also of a number that is no real-time one.
void Queue(char**) {
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO);
  abi::SigSet set = {};
  set.word[0] = 1u << (abi::kSIGUSR1 - 1);
  Make(abi::k_sigprocmask, abi::kSIG_BLOCK, At(&set), 0);
  for (int i = 0; i < 3; ++i)
    Make(abi::k_kill, static_cast<Word>(Make(abi::k_getpid)), abi::kSIGUSR1);
  abi::SigSet pending = {};
  Make(abi::k_sigpending, At(&pending));
  Hex("pending", pending.word[0]);
  Make(abi::k_sigprocmask, abi::kSIG_UNBLOCK, At(&set), 0);
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
  Make(abi::k_sigprocmask, abi::kSIG_BLOCK, At(&set), 0);
  long child = Make(abi::k_fork);
  if (child == 0) Exit(0);
  abi::SigSet pending = {};
  while (pending.word[0] == 0) Make(abi::k_sigpending, At(&pending));
  Number("waited_right", Make(abi::k_wait4, static_cast<Word>(child), 0, 0, 0) == child);
  Make(abi::k_sigpending, At(&pending));
  Hex("pending", pending.word[0]);
  EndLine();
}

// ---- Faults -------------------------------------------------------------------------------------

[[maybe_unused]] volatile int zero;

void Fault(char** arguments) {
  const char* kind = arguments[0];
  skip_instruction = true;
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

volatile unsigned ready;
int pipe_ends[2];

void MakeThePipe() {
  Call call = Prepared(abi::k_freebsd10_pipe);
#if defined(__x86_64__)
  CallBySyscall(&call);
#else
  CallByInterrupt(&call);
#endif
  pipe_ends[0] = static_cast<int>(call.result);
  pipe_ends[1] = static_cast<int>(call.second);
}

void SendThenWrite(void* target) {
  Await(&ready, 0);
  // The other one sleeps by now, or will find the signal when it is about to.
  LetOthersRun();
  Make(abi::k_thr_kill, reinterpret_cast<Word>(target), abi::kSIGUSR1);
  while (seen.count == 0) Make(abi::k_sched_yield);
  char c = 'y';
  Make(abi::k_write, static_cast<Word>(pipe_ends[1]), At(&c), 1);
}

void ReadInterrupted(unsigned flags) {
  MakeThePipe();
  Install(abi::kSIGUSR1, Handler, abi::kSA_SIGINFO | flags);
  Word id = 0;
  Make(abi::k_thr_self, At(&id));
  StartThread(SendThenWrite, reinterpret_cast<void*>(id));
  char c = 0;
  Call call = Prepared(abi::k_read);
  call.arguments[0] = static_cast<Word>(pipe_ends[0]);
  call.arguments[1] = At(&c);
  call.arguments[2] = 1;
  ready = 1;
#if defined(__x86_64__)
  CallBySyscall(&call);
  Number("kept", call.r8 == kFifth && call.r9 == kSixth);
  Number("rcx_is_fourth", call.rcx == kFourth);
  Number("frame_rcx_is_fourth", seen.rcx == kFourth);
  Number("frame_r10_is_fourth", seen.r10 == kFourth);
#else
  CallByInterrupt(&call);
#endif
  Number("result", static_cast<long>(call.result));
  Number("carry", static_cast<long>(call.failed));
  Number("count", static_cast<long>(seen.count));
  EndLine();
}

void Restart(char**) { ReadInterrupted(abi::kSA_RESTART); }
void NoRestart(char**) { ReadInterrupted(0); }

// One thread, one CPU: the sleep of an untimed lock ends before it begins, and the call is made
// again. What it finds in its fourth and fifth argument decides what it does then.
[[maybe_unused]] abi::UmtxTime unused_time;
volatile unsigned mutex[8];

void UnlockLater(void*) {
  Await(&ready, 0);
  LetOthersRun();
  mutex[0] = 0;
  // Whoever waits for it is woken by a lock and an unlock of our own.
  Make(abi::k__umtx_op, At(mutex), abi::kUMTX_OP_MUTEX_LOCK, 0, 0, 0);
  Make(abi::k__umtx_op, At(mutex), abi::kUMTX_OP_MUTEX_UNLOCK, 0, 0, 0);
}

void SelfWake(char**) {
  long other = StartThread(UnlockLater, nullptr);
  mutex[0] = static_cast<unsigned>(other);
  Word id = 0;
  Make(abi::k_thr_self, At(&id));
  Make(abi::k_thr_wake, id);
  ready = 1;
  Number("result", Make(abi::k__umtx_op, At(mutex), abi::kUMTX_OP_MUTEX_LOCK, 0, 0, 0));
  EndLine();
}

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
  Make(abi::k_wait4, static_cast<Word>(child), At(&status), 0, 0);
  Number("killed_by", status & 0x7f);
  EndLine();
}

// The same call after a fault has left known r10 and r11 there.
void StaleOfAFault(char**) {
#if defined(__x86_64__)
  Install(abi::kSIGILL, Handler, abi::kSA_SIGINFO);
  skip_instruction = true;
  instruction_size = 2;
  asm volatile("movl $0x10f10f, %%r10d; movl $0x11f11f, %%r11d; ud2" : : : "r10", "r11", "memory");
#endif
  CallOnce(abi::k_sched_yield, false);
}

// ---- Others stop the thread ---------------------------------------------------------------------

volatile Word sleeper_call;
volatile long sleeper_result;
volatile unsigned sleeper_done;
unsigned umtx_word;

void Sleeper(void*) {
  Call call = Prepared(sleeper_call);
  call.arguments[0] = ~0ul;
  call.arguments[1] = call.arguments[2] = call.arguments[3] = 0;
  char c;
  if (sleeper_call == abi::k_read) {
    call.arguments[0] = static_cast<Word>(pipe_ends[0]);
    call.arguments[1] = At(&c);
    call.arguments[2] = 1;
  }
  if (sleeper_call == abi::k__umtx_op) {
    call.arguments[0] = At(&umtx_word);
    call.arguments[1] = abi::kUMTX_OP_WAIT_UINT;
    call.arguments[4] = 0;
  }
  ready = 1;
#if defined(__x86_64__)
  CallBySyscall(&call);
#else
  CallByInterrupt(&call);
#endif
  sleeper_result = call.failed ? -static_cast<long>(call.result) : static_cast<long>(call.result);
  sleeper_done = 1;
}

// An exec that fails, with another thread asleep in a call that restarts, or in one that does not.
void FailedExec(char** arguments) {
  MakeThePipe();
  sleeper_call = Same(arguments[0], "read") ? abi::k_read : abi::k__umtx_op;
  StartThread(Sleeper, nullptr);
  Await(&ready, 0);
  LetOthersRun();
  char* none[] = {nullptr};
  bool woken = false;
  // Once is enough, but for a sleeper that was not yet asleep. That a reader stays asleep is seen
  // in a few; the other one must wake, however many turns the host's clock takes from it.
  const int most = sleeper_call == abi::k_read ? 10 : 1000;
  for (int i = 0; i < most && !woken; ++i) {
    long result = Make(abi::k_execve, At("/does/not/exist"), At(none), At(none));
    if (i == 0) Number("exec", result);
    LetOthersRun();
    woken = sleeper_done != 0;
  }
  Number("done_before", woken);
  char c = 'z';
  Make(abi::k_write, static_cast<Word>(pipe_ends[1]), At(&c), 1);
  while (sleeper_done == 0) Make(abi::k_sched_yield);
  Number("result", sleeper_result);
  EndLine();
}

// A fork, with another thread asleep.
void ForkBeside(char**) {
  MakeThePipe();
  sleeper_call = abi::k__umtx_op;
  StartThread(Sleeper, nullptr);
  Await(&ready, 0);
  LetOthersRun();
  for (int i = 0; i < 10 && sleeper_done == 0; ++i) {
    long child = Make(abi::k_fork);
    if (child == 0) Exit(0);
    Make(abi::k_wait4, static_cast<Word>(child), 0, 0, 0);
    LetOthersRun();
  }
  Number("woken", sleeper_done);
  Number("result", sleeper_done ? sleeper_result : 0);
  EndLine();
}

// A child stops in wait4 and goes on: nothing restarts, and its parent sees both.
void StopAndGo(char**) {
  MakeThePipe();
  long child = Make(abi::k_fork);
  if (child == 0) {
    char c;
    long got = Make(abi::k_read, static_cast<Word>(pipe_ends[0]), At(&c), 1);
    Exit(got == 1 ? 21 : 22);
  }
  LetOthersRun();
  Make(abi::k_kill, static_cast<Word>(child), abi::kSIGSTOP);
  int status = 0;
  Make(abi::k_wait4, static_cast<Word>(child), At(&status), abi::kWUNTRACED, 0);
  Hex("stopped", static_cast<Word>(status));
  Make(abi::k_kill, static_cast<Word>(child), abi::kSIGCONT);
  Make(abi::k_wait4, static_cast<Word>(child), At(&status), abi::kWCONTINUED, 0);
  Hex("continued", static_cast<Word>(status));
  char c = 'a';
  Make(abi::k_write, static_cast<Word>(pipe_ends[1]), At(&c), 1);
  Make(abi::k_wait4, static_cast<Word>(child), At(&status), 0, 0);
  Hex("status", static_cast<Word>(status));
  EndLine();
}

// ---- Time ---------------------------------------------------------------------------------------

void Timers(char**) {
  Install(abi::kSIGALRM, Handler, abi::kSA_SIGINFO | abi::kSA_RESTART);
  abi::Itimerval value = {};
  value.value.usec = 20000;
  Make(abi::k_setitimer, abi::kITIMER_REAL, At(&value), 0);
  abi::Timespec time = {};
  time.sec = 100;
  abi::Timespec rest = {};
  Number("sleep", Make(abi::k_nanosleep, At(&time), At(&rest)));
  Number("rest", static_cast<long>(rest.sec));
  Number("count", static_cast<long>(seen.count));
  abi::PollFd none = {};
  MakeThePipe();
  none.fd = pipe_ends[0];
  none.events = abi::kPOLLIN;
  Number("poll", Make(abi::k_poll, At(&none), 1, 10));
  Make(abi::k_setitimer, abi::kITIMER_REAL, At(&value), 0);
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
  Number("made", Make(abi::k_ktimer_create, abi::kCLOCK_MONOTONIC, At(&event), At(&id)));
  auto number = static_cast<Word>(id);
  abi::Timespec times[2] = {};  // the interval, and until the first
  times[1].nsec = 5000000;
  Number("set", Make(abi::k_ktimer_settime, number, 0, At(times), 0));
  abi::Timespec time = {};
  time.sec = 100;
  Number("sleep", Make(abi::k_nanosleep, At(&time), 0));
  Number("count", static_cast<long>(seen.count));
  Number("code", seen.si_code);
  Hex("value", seen.value);
  Number("overrun", Make(abi::k_ktimer_getoverrun, number));
  Number("delete", Make(abi::k_ktimer_delete, number));
  Number("delete_again", Make(abi::k_ktimer_delete, number));
  EndLine();
}

long Affinity(Word call, Word* cpus) {
#if defined(__x86_64__)
  return Make(call, abi::kCPU_LEVEL_WHICH, abi::kCPU_WHICH_TID, ~0ul, 8, At(cpus));
#else
  // The 64-bit number is two words.
  return Make(call, abi::kCPU_LEVEL_WHICH, abi::kCPU_WHICH_TID, ~0ul, ~0ul, 8, At(cpus));
#endif
}

// The CPUs that a thread may run on; its children inherit them.
void Cpus(char**) {
  Word cpus[2] = {};
  Number("get", Affinity(abi::k_cpuset_getaffinity, cpus));
  Hex("all", cpus[0]);
  cpus[0] = 2;
  Number("set", Affinity(abi::k_cpuset_setaffinity, cpus));
  cpus[0] = 0;
  Number("set_none", Affinity(abi::k_cpuset_setaffinity, cpus));
  long child = Make(abi::k_fork);
  Affinity(abi::k_cpuset_getaffinity, cpus);
  if (child == 0) Exit(static_cast<int>(cpus[0]));
  Hex("after", cpus[0]);
  int status = 0;
  Make(abi::k_wait4, static_cast<Word>(child), At(&status), 0, 0);
  Hex("childs", static_cast<Word>(status));
  EndLine();
}

// ---- What is not there --------------------------------------------------------------------------

void Missing(char**) {
  Number("quotactl", Make(abi::k_quotactl, 1, 2, 3));
  Number("again", Make(abi::k_quotactl, 1, 2, 3));
  EndLine();
}

void NotInRelease(char**) {
  Install(abi::kSIGSYS, Handler, abi::kSA_SIGINFO);
  Number("close_range", Make(abi::k_close_range, 100, 200, 0));
  Number("signals", static_cast<long>(seen.count));
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
  Make(abi::k_nanosleep, At(&time), 0);
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

constexpr struct {
  const char* name;
  void (*run)(char**);
} kFacts[] = {
    {"start", Start},
    {"brief", Brief},
    {"plain", Plain},
    {"failing", Failing},
    {"switched", Switched},
    {"interrupt", Interrupt},
    {"stale", Stale},
    {"stale-of-a-fault", StaleOfAFault},
    {"kept", Kept},
    {"second", Second},
    {"indirect", Indirect},
    {"frame", Frame},
    {"plain-frame", PlainFrame},
    {"masks", Masks},
    {"alt-stack", AltStack},
    {"thread-signal", ThreadSignal},
    {"queue", Queue},
    {"child", Child},
    {"taken-back", TakenBack},
    {"fault", Fault},
    {"fault-twice", FaultTwice},
    {"restart", Restart},
    {"no-restart", NoRestart},
    {"self-wake", SelfWake},
    {"failed-exec", FailedExec},
    {"fork-beside", ForkBeside},
    {"stop-and-go", StopAndGo},
    {"timers", Timers},
    {"posix-timer", PosixTimer},
    {"cpus", Cpus},
    {"missing", Missing},
    {"not-in-release", NotInRelease},
    {"spin", Spin},
    {"sleep", Sleep},
    {"die", Die},
    {"leave", Leave},
    {"calls", Calls},
};

}  // namespace

void Run(const char* name, char** arguments) {
  for (const auto& fact : kFacts) {
    if (!Same(fact.name, name)) continue;
    fact.run(arguments);
    return;
  }
  Exit(64);
}

}  // namespace tracee
