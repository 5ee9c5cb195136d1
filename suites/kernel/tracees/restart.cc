// restart: one blocking call, interrupted in a chosen way, and what became of its arguments.
//
//     restart CALL HOW [TIMES]
//
// CALL: wait4, read, recvfrom, futex, and on amd64 int80-wait4; nanosleep: 1 s, interrupted after
// 0.7 s.
// HOW: what interrupts it, TIMES times (default 1), each time once it sleeps:
//     nothing   nothing does
//     restart   a handler with SA_RESTART          plain     the same without SA_SIGINFO
//     altstack  the same on an alternate stack     two       two signals at once, a handler each
//     eintr     a handler without SA_RESTART
//     ignored   an ignored signal                  stop      SIGSTOP and SIGCONT, from a child
//     mixed     stop, and while stopped an ignored signal and one with a handler (SA_RESTART): all
//     of
//               them are taken in one go, before the call is made again
//
// Prints one line: result=… a0=… … a5=…, then for each interruption by a handler
// saved_pc=rewound|after saved_a3=… (what its frame held), and sentinels=… for registers that are
// no arguments; elapsed=… is how long the call took, in ms.

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

#include "suites/kernel/tracees/tracee.h"

namespace {

Shared<int> handlers;                // written by handlers, read by the interrupter
Shared<bool> interrupted;            // all interruptions are over
Shared<bool> finished;               // the call has returned
Shared<long> saved_rewound;          // how often a frame's PC was back on the instruction
Shared<unsigned long> saved_fourth;  // the fourth argument's register in the last such frame
long call_number;

void OnSignalInfo(int, siginfo_t*, void* context) {
  const auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
#if defined(__x86_64__)
  bool rewound = registers[REG_RAX] == call_number;
  if (rewound) saved_fourth = static_cast<unsigned long>(registers[REG_R10]);
#else
  bool rewound = registers[REG_EAX] == call_number;
  if (rewound) saved_fourth = static_cast<unsigned long>(registers[REG_ESI]);
#endif
  if (rewound) ++saved_rewound;
  ++handlers;
}
void OnSignal(int) { ++handlers; }

void Handle(int signal, int flags) {
  struct sigaction action = {};
  if (flags & SA_SIGINFO) {
    action.sa_sigaction = OnSignalInfo;
  } else {
    action.sa_handler = OnSignal;
  }
  action.sa_flags = flags;
  if (sigaction(signal, &action, nullptr) != 0) Die("sigaction");
}

struct Plan {
  const char* how;
  int times;
  pid_t tid;           // the thread that calls
  void (*complete)();  // lets the call end of itself
};

int pipe_ends[2];
int sockets[2];
int child_gate[2];
int futex_word;

void Signal(const Plan& plan, int signal) {
  if (syscall(SYS_tgkill, getpid(), plan.tid, signal) != 0) Die("tgkill");
}

// A child, for this process cannot continue itself.
void StopAndContinue(int tid, bool mixed) {
  pid_t victim = getpid();
  // A fork whose end sends no SIGCHLD: that one might interrupt the call once more.
  pid_t child = static_cast<pid_t>(syscall(SYS_clone, 0, 0, 0, 0, 0));
  if (child == 0) {
    kill(victim, SIGSTOP);
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", victim);
    // Stopped, or in the tracer's stop for it.
    Await([&] {
      if (!ReadFile(path, text, sizeof text)) return true;
      const char* state = strrchr(text, ')');
      return state && (state[2] == 'T' || state[2] == 't');
    });
    if (mixed) {
      syscall(SYS_tgkill, victim, tid, SIGUSR2);
      syscall(SYS_tgkill, victim, tid, SIGUSR1);
    }
    kill(victim, SIGCONT);
    _exit(0);
  }
  waitpid(child, nullptr, __WALL);
}

void* Interrupt(void* argument) {
  const Plan& plan = *static_cast<Plan*>(argument);
  auto sleeps = [&] { return finished || SleepsIn(plan.tid, call_number); };
  for (int i = 0; i < plan.times && !finished; ++i) {
    Await(sleeps);
    int before = handlers;
    int expected = 1;
    // Part of the subject, not a way to wait: a sleep that is interrupted late.
    if (call_number == SYS_nanosleep) usleep(700000);
    if (strcmp(plan.how, "nothing") == 0) break;
    if (strcmp(plan.how, "ignored") == 0) {
      Signal(plan, SIGUSR1);
      continue;
    }
    if (strcmp(plan.how, "stop") == 0) {
      StopAndContinue(plan.tid, false);
      continue;
    }
    if (strcmp(plan.how, "mixed") == 0) {
      StopAndContinue(plan.tid, true);
      Await([&] { return handlers > before; });
      continue;
    }
    Signal(plan, SIGUSR1);
    if (strcmp(plan.how, "two") == 0) {
      Signal(plan, SIGUSR2);
      expected = 2;
    }
    Await([&] { return handlers >= before + expected; });
  }
  Await(sleeps);
  if (!finished) plan.complete();
  interrupted = true;
  return nullptr;
}

void PrepareSignals(const char* how) {
  if (strcmp(how, "mixed") == 0) {
    signal(SIGUSR2, SIG_IGN);
    Handle(SIGUSR1, SA_SIGINFO | SA_RESTART);
  } else if (strcmp(how, "restart") == 0 || strcmp(how, "two") == 0) {
    Handle(SIGUSR1, SA_SIGINFO | SA_RESTART);
    Handle(SIGUSR2, SA_SIGINFO | SA_RESTART);
  } else if (strcmp(how, "plain") == 0) {
    Handle(SIGUSR1, SA_RESTART);
  } else if (strcmp(how, "altstack") == 0) {
    static char stack[64 * 1024];
    stack_t alternate = {.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
    if (sigaltstack(&alternate, nullptr) != 0) Die("sigaltstack");
    Handle(SIGUSR1, SA_SIGINFO | SA_RESTART | SA_ONSTACK);
  } else if (strcmp(how, "eintr") == 0) {
    Handle(SIGUSR1, SA_SIGINFO);
  } else if (strcmp(how, "ignored") == 0) {
    signal(SIGUSR1, SIG_IGN);
  }
}

long NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

unsigned long Word(const void* pointer) { return reinterpret_cast<unsigned long>(pointer); }

int status;
rusage usage;
char buffer[16];
sockaddr_storage address;
socklen_t address_size = sizeof address;

pid_t ForkGated() {
  if (pipe2(child_gate, O_CLOEXEC) != 0) Die("pipe");
  pid_t child = fork();
  if (child == 0) {
    close(child_gate[1]);
    char nothing;
    _exit(read(child_gate[0], &nothing, 1) == 0 ? 7 : 1);
  }
  return child;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  const char* name = argv[1];
  Plan plan = {
      .how = argv[2], .times = argc > 3 ? atoi(argv[3]) : 1, .tid = getpid(), .complete = nullptr};
  // Arguments that a call does not use hold values that nobody else would put there.
  Call call = {.number = 0, .arguments = {0, 0, 0, 0x4a4, 0x5a5, 0x6a6}, .result = 0};
  bool int80 = strcmp(name, "int80-wait4") == 0;
  if (strcmp(name, "wait4") == 0 || int80) {
    call.number = int80 ? 114 : SYS_wait4;
    call.arguments[0] = static_cast<unsigned long>(ForkGated());
    call.arguments[1] = Word(&status);
    call.arguments[3] = Word(&usage);
    plan.complete = [] { close(child_gate[1]); };
  } else if (strcmp(name, "read") == 0) {
    if (pipe(pipe_ends) != 0) Die("pipe");
    call.number = SYS_read;
    call.arguments[0] = static_cast<unsigned long>(pipe_ends[0]);
    call.arguments[1] = Word(buffer);
    call.arguments[2] = sizeof buffer;
    plan.complete = [] {
      if (write(pipe_ends[1], "x", 1) != 1) Die("write");
    };
  } else if (strcmp(name, "recvfrom") == 0) {
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) != 0) Die("socketpair");
    call.number = SYS_recvfrom;
    call.arguments[0] = static_cast<unsigned long>(sockets[0]);
    call.arguments[1] = Word(buffer);
    call.arguments[2] = sizeof buffer;
    call.arguments[3] = 0;
    call.arguments[4] = Word(&address);
    call.arguments[5] = Word(&address_size);
    plan.complete = [] {
      if (send(sockets[1], "x", 1, 0) != 1) Die("send");
    };
  } else if (strcmp(name, "futex") == 0) {
    call.number = SYS_futex;
    call.arguments[0] = Word(&futex_word);
    call.arguments[3] = 0;  // no timeout
    plan.complete = [] { syscall(SYS_futex, &futex_word, 1 /* FUTEX_WAKE */, 1); };
  } else if (strcmp(name, "nanosleep") == 0) {
    static timespec second = {.tv_sec = 1, .tv_nsec = 0};
    call.number = SYS_nanosleep;
    call.arguments[0] = Word(&second);
    call.arguments[1] = 0;
    plan.complete = [] { Await([] { return static_cast<bool>(finished); }); };
  } else {
    return 64;
  }
  call_number = call.number;
  PrepareSignals(plan.how);
  pthread_t interrupter;
  if (pthread_create(&interrupter, nullptr, Interrupt, &plan) != 0) Die("pthread_create");
  long begin = NowMs();
#if defined(__x86_64__)
  unsigned long extra[3] = {0x8a8, 0x9a9, 0xaaa};
  if (int80) {
    // 32-bit pointers: this program lies below 2 GB (it is linked at a fixed address).
    DoInt80(&call, extra);
  } else {
    Do(&call);
  }
#else
  Do(&call);
#endif
  long elapsed = NowMs() - begin;
  finished = true;
  // Not in pthread_join yet: its own futex call must not be what is interrupted.
  Await([] { return static_cast<bool>(interrupted); });
  pthread_join(interrupter, nullptr);
  printf("result=%ld",
         call.result > 0 && call.number == call_number && strstr(name, "wait4") ? 1 : call.result);
  for (int i = 2; i < 6; ++i) printf(" a%d=%lx", i, call.arguments[i]);
#if defined(__x86_64__)
  if (int80) printf(" r8=%lx r9=%lx r10=%lx", extra[0], extra[1], extra[2]);
#endif
  printf(" rusage=%lx address=%lx size=%lx", Word(&usage), Word(&address), Word(&address_size));
  printf(" handlers=%d rewound=%ld saved_a3=%lx elapsed=%ld tid=%d\n", static_cast<int>(handlers),
         static_cast<long>(saved_rewound), static_cast<unsigned long>(saved_fourth), elapsed,
         plan.tid);
  return 0;
}
