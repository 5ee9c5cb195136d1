// What FreeBSD alone has, or shows in its own way.
#include "suites/model/tracees/tracee.h"

namespace tracee {

// ---- The start ----------------------------------------------------------------------------------

void ShowOwnStart(const Word* stack, const Word* auxiliary) {
  for (const Word* at = auxiliary; at[0] != abi::kAT_NULL; at += 2) {
    if (at[0] == abi::kAT_OSRELDATE) Number("osreldate", static_cast<long>(at[1]));
    if (at[0] == abi::kAT_NCPUS) Number("ncpus", static_cast<long>(at[1]));
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
}

void ShowOwnFrame() {
  int name[2] = {abi::kCTL_KERN, abi::kKERN_USRSTACK};
  Word end = 0, size = sizeof end;
  Make(abi::k___sysctl, At(name), 2, At(&end), At(&size), 0, 0);
  Number("code_below_stack_end", seen.pc_after < end && end - seen.pc_after < 4096);
}

namespace {

// ---- Registers over a call ----------------------------------------------------------------------

// The same call after an INT 0x80 has left known r10 and r11 in the kernel's frame.
void Stale(char**) {
  Call call = Prepared(abi::k_getpid);
  call.r10 = 0x10a10a;
  call.r11 = 0x11b11b;
  CallByInterrupt(&call);
  CallOnce(abi::k_sched_yield, false);
}

// The same call after a fault has left known r10 and r11 there.
void StaleOfAFault(char**) {
#if defined(__x86_64__)
  Install(abi::kSIGILL, Handler, abi::kSA_SIGINFO);
  instruction_size = 2;
  asm volatile("movl $0x10f10f, %%r10d; movl $0x11f11f, %%r11d; ud2" : : : "r10", "r11", "memory");
#endif
  CallOnce(abi::k_sched_yield, false);
}

// ---- Restarts -----------------------------------------------------------------------------------

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
  Make(abi::k_thr_wake, static_cast<Word>(ThreadSelf()));
  ready = 1;
  Number("result", Make(abi::k__umtx_op, At(mutex), abi::kUMTX_OP_MUTEX_LOCK, 0, 0, 0));
  EndLine();
}

// ---- Others stop the thread ---------------------------------------------------------------------

void ReadThePipe() {
  static char c;
  sleeper_call = {.number = abi::k_read, .arguments = {static_cast<Word>(pipe_ends[0]), At(&c), 1}};
}

unsigned umtx_word;

void WaitForTheWord() {
  sleeper_call = {.number = abi::k__umtx_op,
                  .arguments = {At(&umtx_word), abi::kUMTX_OP_WAIT_UINT}};
}

// An exec that fails, with another thread asleep in a call that restarts, or in one that does not.
void FailedExec(char** arguments) {
  MakePipe(pipe_ends);
  bool reads = Same(arguments[0], "read");
  if (reads)
    ReadThePipe();
  else
    WaitForTheWord();
  StartThread(Sleeper, nullptr);
  Await(&ready, 0);
  LetOthersRun();
  char* none[] = {nullptr};
  bool woken = false;
  // Once is enough, but for a sleeper that was not yet asleep. That a reader stays asleep is seen
  // in a few; the other one must wake, however many turns the host's clock takes from it.
  const int most = reads ? 10 : 1000;
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
  MakePipe(pipe_ends);
  WaitForTheWord();
  StartThread(Sleeper, nullptr);
  Await(&ready, 0);
  LetOthersRun();
  for (int i = 0; i < 10 && sleeper_done == 0; ++i) {
    long child = Make(abi::k_fork);
    if (child == 0) Exit(0);
    Make(call::kWait4, static_cast<Word>(child), 0, 0, 0);
    LetOthersRun();
  }
  Number("woken", sleeper_done);
  Number("result", sleeper_done ? sleeper_result : 0);
  EndLine();
}

// ---- CPUs, and what is not there ----------------------------------------------------------------

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
  Make(call::kWait4, static_cast<Word>(child), At(&status), 0, 0);
  Hex("childs", static_cast<Word>(status));
  EndLine();
}

void NotInRelease(char**) {
  Install(abi::kSIGSYS, Handler, abi::kSA_SIGINFO);
  Number("close_range", Make(abi::k_close_range, 100, 200, 0));
  Number("signals", static_cast<long>(seen.count));
  EndLine();
}

}  // namespace

const Fact kOwnFacts[] = {
    {"stale", Stale},
    {"stale-of-a-fault", StaleOfAFault},
    {"self-wake", SelfWake},
    {"failed-exec", FailedExec},
    {"fork-beside", ForkBeside},
    {"cpus", Cpus},
    {"not-in-release", NotInRelease},
};
const unsigned long kOwnFactCount = sizeof kOwnFacts / sizeof kOwnFacts[0];

}  // namespace tracee
