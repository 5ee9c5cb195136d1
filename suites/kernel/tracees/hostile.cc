// hostile: what is hard to trace. Each program ends by itself and knows whether all went well.
//
//     hostile WHAT SEED [ARGUMENTS…]          SEED decides where there is a choice
//
//     bomb SEED N           N processes alive at once, a tree; all end: 0
//     bomb-left SEED N      the same, but the first one ends at once: 0
//     bomb-killed SEED N    the same, but it kills them all, itself included: SIGKILL
//     exec-storm SEED DEPTH OTHER   a thread that is not the main one executes OTHER, and that this
//                           program, DEPTH times, while others fork, start threads and take
//                           signals: 5
//     vfork-storm SEED      three threads at once: vfork and exec: 0
//     leader-exit SEED      the main thread ends, another one later exits the process with 6
//     leader-exec SEED      the main thread ends, another one then executes a program: 6
//     leader-last SEED      the main thread ends, then all others do: 0
//     exit-storm SEED       the process exits with 4 while threads are born and end
//     kill-any SEED         kills children in every state: 0
//     fork-killed SEED FILE killed as it forks; FILE then has the child's number, if there was one,
//                           and the child says "e": SIGKILL
//     signals SEED          1,000 signals, 10,000 a second, none may be lost: 0
//     outlived SEED         a child, a daemon and a process of two threads outlive it: 3
//                           They end when fd 0 does, and say "e" then.
//     stopped SEED          a stopped child in a session of its own outlives it, whose number it
//                           prints: 0
//     stopped-job SEED      a stopped child whose job nobody can continue any more: the kernel
//     sends
//                           it SIGHUP and SIGCONT: 0
//     stop-storm SEED       is stopped and continued by a child, again and again: 0
//     close-all SEED        closes all descriptors, then goes on: 7
//     block-all SEED        blocks all signals and gets each one: 0
//     tracer SEED           tries to trace a child in each way; all fail with EPERM: 0
//     storm SEED            all of it, for ever; ends when the first process does
//
// Faults that a sound program survives must not change what comes of these: calls that fail with
// EINTR are repeated, and handlers look at nothing.

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "suites/kernel/tracees/tracee.h"

namespace {

// Ignored unless handled: it may still be pending when a thread executes another program.
constexpr int kHarmless = SIGWINCH;

char* self;           // the path of this program
unsigned draw_state;  // of Draw()

// 0 to below-1. Park and Miller's minimal standard generator.
unsigned Draw(unsigned below) {
  draw_state = static_cast<unsigned>(draw_state * 48271ull % 0x7fffffff);
  return draw_state % below;
}
// Threads draw from one state; that they disturb one another there does no harm.

void Pause(unsigned microseconds) {
  timespec time = {.tv_sec = 0, .tv_nsec = static_cast<long>(microseconds) * 1000};
  nanosleep(&time, nullptr);
}

pid_t Fork() {
  pid_t child = fork();
  if (child < 0) Die("fork");
  return child;
}

// The status of a child that ended, or was stopped with WUNTRACED.
int WaitFor(pid_t child, int options = 0) {
  int status = 0;
  while (waitpid(child, &status, options) != child)
    if (errno != EINTR) Die("waitpid");
  return status;
}

bool ExitedWith(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

// True for a byte, false at the end.
bool ReadByte(int fd) {
  char byte;
  ssize_t size;
  while ((size = read(fd, &byte, 1)) < 0)
    if (errno != EINTR) Die("read");
  return size == 1;
}

void WriteByte(int fd, char byte) {
  while (write(fd, &byte, 1) < 0)
    if (errno != EINTR) Die("write");
}

void Open(int ends[2]) {
  if (pipe(ends) != 0) Die("pipe");
}

pthread_t Start(void* (*function)(void*), void* argument = nullptr) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  pthread_t thread;
  int error;
  // A process that is about to execute another program starts no threads any more.
  while ((error = pthread_create(&thread, &attributes, function, argument)) == EAGAIN)
    sched_yield();
  if (error != 0) Die("pthread_create");
  return thread;
}

// The process ends with whoever forked it. (`parent`: who that is; it may be gone already.)
void EndWith(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
}

void Handler(int) {}

void Handle(int signal) {
  struct sigaction action = {};
  action.sa_handler = Handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

[[noreturn]] void Execute(char* program, const char* what, unsigned seed, int number = 0,
                          char* other = nullptr) {
  char seed_text[16], number_text[16], what_text[16];
  snprintf(what_text, sizeof what_text, "%s", what);
  snprintf(seed_text, sizeof seed_text, "%u", seed);
  snprintf(number_text, sizeof number_text, "%d", number);
  char* arguments[] = {program, what_text, seed_text, number_text, other, nullptr};
  execv(program, arguments);
  Die("execv");
  _exit(70);
}

// ---- Busy threads
// --------------------------------------------------------------------------------

[[noreturn]] void* Forker(void*) {
  for (;;) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child > 0) WaitFor(child);
  }
}

void* Nothing(void*) { return nullptr; }

[[noreturn]] void* Starter(void*) {
  for (;;) pthread_join(Start(Nothing), nullptr);
}

[[noreturn]] void* Signaller(void*) {
  for (;;) {
    kill(getpid(), kHarmless);
    sched_yield();
  }
}

[[noreturn]] void* Sleeper(void*) {
  for (;;) pause();
}

// ---- Many processes
// ------------------------------------------------------------------------------

int up[2], hold[2];

// Process `number` of the tree forks two, says that it is there and waits.
int Grow(int number, int count) {
  pid_t children[2] = {};
  for (int i = 0; i < 2; ++i) {
    int next = 2 * number + 1 + i;
    if (next >= count) continue;
    children[i] = Fork();
    if (children[i] == 0) {
      close(hold[1]);
      _exit(Grow(next, count));
    }
  }
  WriteByte(up[1], 'u');
  if (number == 0) {
    for (int i = 0; i < count; ++i) ReadByte(up[0]);
    close(hold[1]);
  }
  ReadByte(hold[0]);
  int result = 0;
  for (pid_t child : children)
    if (child != 0 && !ExitedWith(WaitFor(child), 0)) result = 1;
  return result;
}

int Bomb(int count, const char* end) {
  Open(up);
  Open(hold);
  if (strcmp(end, "bomb") == 0) return Grow(0, count);
  setsid();
  if (Fork() == 0) {
    close(hold[1]);
    Open(hold);  // its own
    _exit(Grow(0, count));
  }
  if (strcmp(end, "bomb-killed") == 0) {
    Pause(Draw(20000));
    kill(0, SIGKILL);
  }
  return 0;
}

// ---- exec
// ----------------------------------------------------------------------------------------

struct Next {
  unsigned seed;
  int depth;
  char* other;
};

void* ExecNext(void* argument) {
  auto* next = static_cast<Next*>(argument);
  Pause(Draw(1500));
  if (next->depth == 0) _exit(5);
  Execute(next->other, "exec-storm", next->seed + 1, next->depth - 1, self);
}

int ExecStorm(unsigned seed, int depth, char* other) {
  Handle(kHarmless);
  Next next = {.seed = seed, .depth = depth, .other = other};
  Start(Forker);
  Start(Starter);
  Start(Signaller);
  Start(ExecNext, &next);
  Forker(nullptr);
}

void* VforkExec(void*) {
  for (int i = 0; i < 5; ++i) {
    pid_t child = vfork();
    if (child == 0) {
      char zero[] = "0", what[] = "nothing";
      char* arguments[] = {self, what, zero, nullptr};
      execv(self, arguments);
      _exit(70);
    }
    if (child < 0 || !ExitedWith(WaitFor(child), 0)) _exit(1);
  }
  return nullptr;
}

int VforkStorm() {
  pthread_t threads[3];
  for (pthread_t& thread : threads) thread = Start(VforkExec);
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  return 0;
}

// ---- The main thread ends first
// ------------------------------------------------------------------

void AwaitLeaderGone() {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
  Await([&] {
    const char* state = ReadFile(path, text, sizeof text) ? strrchr(text, ')') : nullptr;
    return state && state[2] == 'Z';
  });
}

void* Survivor(void* what) {
  AwaitLeaderGone();
  for (int i = 0; i < 3; ++i) {
    kill(getpid(), kHarmless);
    pid_t child = Fork();
    if (child == 0) _exit(i);
    if (!ExitedWith(WaitFor(child), i)) _exit(1);
    pthread_join(Start(Nothing), nullptr);
  }
  if (what == nullptr) return nullptr;
  if (strcmp(static_cast<char*>(what), "leader-exit") == 0) _exit(6);
  Execute(self, "six", 1);
}

int LeaderFirst(char* what) {
  Handle(kHarmless);
  for (int i = 0; i < 2; ++i) Start(Survivor);
  Start(Survivor, strcmp(what, "leader-last") == 0 ? nullptr : what);
  pthread_exit(nullptr);
}

void* ExitSoon(void*) {
  Pause(Draw(2000));
  _exit(4);
}

int ExitStorm() {
  Start(ExitSoon);
  Start(Starter);
  Starter(nullptr);
}

// ---- SIGKILL in any state
// ------------------------------------------------------------------------

void* StopOneself(void*) {
  for (;;) kill(getpid(), SIGSTOP);
}

pid_t exec_parent;  // the process ends with this one

void* ExecAgain(void*) {
  // A thread's own affair, and it is this one that the next program will have.
  EndWith(exec_parent);
  Execute(self, "exec-again", draw_state, exec_parent);
}

int ExecAgainAndAgain(pid_t parent) {
  exec_parent = parent;
  Start(ExecAgain);
  Sleeper(nullptr);
}

enum State : uint8_t { kStopped, kExec, kVfork, kHandler, kClone, kFork, kExit, kStates };

[[noreturn]] void Be(State state) {
  EndWith(getppid());
  switch (state) {
    case kStopped:
      Start(Sleeper);
      StopOneself(nullptr);
      break;
    case kExec:
      ExecAgainAndAgain(getppid());
      break;
    case kVfork: {
      pid_t parent = getpid();
      if (vfork() == 0) {
        EndWith(parent);
        for (;;) pause();
      }
      break;
    }
    case kHandler: {
      Handle(kHarmless);
      Handle(SIGALRM);
      itimerval timer = {.it_interval = {.tv_sec = 0, .tv_usec = 50},
                         .it_value = {.tv_sec = 0, .tv_usec = 50}};
      setitimer(ITIMER_REAL, &timer, nullptr);
      Start(Signaller);
      Signaller(nullptr);
    }
    case kClone:
      Start(Starter);
      Starter(nullptr);
    case kFork:
      Start(Forker);
      Forker(nullptr);
    default:
      Start(Starter);
      Start(Sleeper);
      Pause(Draw(1000));
      break;
  }
  _exit(0);
}

int KillAny() {
  for (int state = 0; state < kStates; ++state) {
    pid_t child = Fork();
    if (child == 0) Be(static_cast<State>(state));
    if (state == kStopped && Draw(2) == 0) {
      if (!WIFSTOPPED(WaitFor(child, WUNTRACED))) return 1;
      if (Draw(2) == 0) kill(child, SIGCONT);
    } else {
      Pause(Draw(2000));
    }
    kill(child, SIGKILL);
    int status = WaitFor(child);
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!killed && !(state == kExit && ExitedWith(status, 0))) return 2 + state;
  }
  return 0;
}

Shared<int> about_to_fork;

void StayOn(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);  // may be forbidden
}

void* KillSoon(void*) {
  StayOn(1);
  Await([] { return about_to_fork != 0; });
  for (Shared<int> i; i < static_cast<int>(Draw(3000)); ++i) {
  }
  kill(getpid(), SIGKILL);
  return nullptr;
}

int ForkKilled(const char* path) {
  // Where the kernel writes the child's number before the child runs: what became of this process
  // cannot be asked.
  int file = open(path, O_RDWR);
  void* born = mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (born == MAP_FAILED) Die("mmap");
  // Where there are two, the killer has a processor of its own: it can act within the fork, and the
  // tracer, too, before the child has run.
  Start(KillSoon);
  Pause(100);
  StayOn(0);
  about_to_fork = 1;
  if (syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, nullptr, born, nullptr, nullptr) == 0) {
    Pause(1000);
    WriteByte(1, 'e');
    _exit(0);
  }
  Sleeper(nullptr);
}

// ---- Signals
// -------------------------------------------------------------------------------------

constexpr int kSignals = 1000;
Shared<int> taken;
void Count(int) { ++taken; }

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int ManySignals() {
  Handle(SIGALRM);
  int counted = SIGRTMIN + 1;
  struct sigaction action = {};
  action.sa_handler = Count;
  action.sa_flags = SA_RESTART;
  sigaction(counted, &action, nullptr);
  Start(Sleeper);
  itimerval timer = {.it_interval = {.tv_sec = 0, .tv_usec = 100},
                     .it_value = {.tv_sec = 0, .tv_usec = 100}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  pid_t parent = getpid();
  pid_t child = Fork();
  if (child == 0) {
    int64_t begin = NowNs();
    for (int i = 0; i < kSignals; ++i) {
      while (NowNs() - begin < i * 100000ll) sched_yield();
      while (sigqueue(parent, counted, {}) != 0)
        if (errno != EAGAIN) Die("sigqueue");
    }
    _exit(0);
  }
  int status = WaitFor(child);
  Await([] { return taken == kSignals; });
  return ExitedWith(status, 0) ? 0 : 1;
}

void StopStorm(pid_t parent) {
  for (int i = 0; i < 30; ++i) {
    kill(parent, i % 2 == 0 ? SIGSTOP : SIGCONT);
    Pause(Draw(200));
  }
}

int StoppedAgainAndAgain() {
  Start(Sleeper);
  Start(Starter);
  pid_t parent = getpid();
  pid_t child = Fork();
  if (child == 0) {
    StopStorm(parent);
    _exit(0);
  }
  return ExitedWith(WaitFor(child), 0) ? 0 : 1;
}

// ---- Left behind
// ---------------------------------------------------------------------------------

void* UntilInputEnds(void*) {
  while (ReadByte(0)) {
  }
  WriteByte(1, 'e');
  _exit(0);
}

int Outlived() {
  if (Fork() == 0) UntilInputEnds(nullptr);
  if (Fork() == 0) {
    setsid();
    if (Fork() == 0) UntilInputEnds(nullptr);
    _exit(0);
  }
  if (Fork() == 0) {
    Start(UntilInputEnds);
    pthread_exit(nullptr);
  }
  return 3;
}

// Stops itself; ends once it is continued.
void StopThenEnd() {
  Start(Sleeper);
  raise(SIGSTOP);  // not kill(): the other thread could take it, and this one get further
  _exit(0);
}

int LeaveStopped() {
  pid_t child = Fork();
  if (child == 0) {
    setsid();
    StopThenEnd();
  }
  if (!WIFSTOPPED(WaitFor(child, WUNTRACED))) return 1;
  printf("%d\n", child);
  return 0;
}

// A job of two processes loses the one that connects it to its session.
int OrphanStoppedJob() {
  setsid();
  pid_t middle = Fork();
  if (middle == 0) {
    setpgid(0, 0);
    pid_t child = Fork();
    if (child == 0) StopThenEnd();
    _exit(WIFSTOPPED(WaitFor(child, WUNTRACED)) ? 0 : 1);
  }
  return ExitedWith(WaitFor(middle), 0) ? 0 : 1;
}

// ---- Others
// --------------------------------------------------------------------------------------

int CloseAll() {
  for (int fd = 0; fd < 1024; ++fd) close(fd);
  Handle(kHarmless);
  kill(getpid(), kHarmless);
  pthread_join(Start(Nothing), nullptr);
  pid_t child = Fork();
  if (child == 0) _exit(1);
  return ExitedWith(WaitFor(child), 1) ? 7 : 1;
}

int BlockAll() {
  sigset_t all;
  sigfillset(&all);
  pid_t child = Fork();
  if (child == 0) {
    sigprocmask(SIG_BLOCK, &all, nullptr);
    pthread_t thread = Start(Sleeper);
    for (int signal = 1; signal < 65; ++signal) {
      if (signal == SIGKILL || signal == SIGSTOP) continue;
      if (signal == 32 || signal == 33) continue;  // the C library's own, which it never blocks
      kill(getpid(), signal);
      pthread_kill(thread, signal);
    }
    kill(getpid(), SIGSTOP);
    Sleeper(nullptr);
  }
  if (!WIFSTOPPED(WaitFor(child, WUNTRACED))) return 1;
  kill(child, SIGCONT);
  Pause(Draw(500));
  kill(child, SIGKILL);
  int status = WaitFor(child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 1;
}

int TraceChild() {
  pid_t child = Fork();
  if (child == 0) {
    bool refused = ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == -1 && errno == EPERM;
    if (!refused) _exit(1);
    Sleeper(nullptr);
  }
  const __ptrace_request requests[] = {PTRACE_ATTACH, PTRACE_SEIZE};
  for (__ptrace_request request : requests)
    if (ptrace(request, child, nullptr, nullptr) != -1 || errno != EPERM) return 1;
  kill(child, SIGKILL);
  return WIFSIGNALED(WaitFor(child)) ? 0 : 1;
}

int Storm() {
  pid_t first = getpid();
  for (int state = 0; state < kStates; ++state) {
    if (Fork() != 0) continue;
    EndWith(first);
    Be(static_cast<State>(state));
  }
  Handle(kHarmless);
  Start(Starter);
  Start(Signaller);
  Start(Sleeper);
  Forker(nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  self = argv[0];
  char* what = argv[1];
  auto seed = static_cast<unsigned>(strtoul(argv[2], nullptr, 10));
  int number = argc > 3 ? atoi(argv[3]) : 0;
  draw_state = seed % 0x7ffffffe + 1;
  for (int i = 0; i < 3; ++i) Draw(2);
  // No core of those that are killed on purpose.
  rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
  auto is = [&](const char* name) { return strcmp(what, name) == 0; };
  if (is("nothing")) return 0;
  if (is("six")) return 6;
  if (is("exec-again")) return ExecAgainAndAgain(number);
  if (strncmp(what, "bomb", 4) == 0) return Bomb(number, what);
  if (is("exec-storm")) return ExecStorm(seed, number, argv[4]);
  if (is("vfork-storm")) return VforkStorm();
  if (strncmp(what, "leader-", 7) == 0) return LeaderFirst(what);
  if (is("exit-storm")) return ExitStorm();
  if (is("kill-any")) return KillAny();
  if (is("fork-killed")) return ForkKilled(argv[3]);
  if (is("signals")) return ManySignals();
  if (is("outlived")) return Outlived();
  if (is("stopped")) return LeaveStopped();
  if (is("stopped-job")) return OrphanStoppedJob();
  if (is("stop-storm")) return StoppedAgainAndAgain();
  if (is("close-all")) return CloseAll();
  if (is("block-all")) return BlockAll();
  if (is("tracer")) return TraceChild();
  if (is("storm")) return Storm();
  return 64;
}
