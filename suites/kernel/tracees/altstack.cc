// altstack: alternate signal stacks, and what the kernel keeps of a signal's action.
//
//     altstack HOW
//
// HOW:
//     set      gives itself a stack of 64 KB, asks for it, and takes SIGUSR1 on it
//     same     gives and asks in one call, by one struct, twice
//     thread   the same as set in a thread that is made afterwards, without a stack of its own
//     context  as thread, after a handler wrote half the size to its context
//     threads  the same in a thread that such a thread makes
//     fork     the same in a child
//     vfork    asks in a child that shares the memory
//     flag     with SS_AUTODISARM
//     small    gives itself 16 KB
//     old      as set, SIGUSR1's action by 386's old sigaction
//     none     as set, but SIGUSR1's action is without SA_ONSTACK and SA_RESTART
//     restart  SIGUSR1 while the main thread reads
// Prints: error=… (of sigaltstack) struct=same|changed (what was given to it), said=…|none (the
// stack's size, for who asks), flags=onstack+restart (for who asks), action=same|changed (what was
// given to sigaction), on=stack|other (where the handler ran), used=… (of the stack's 64 KB, its
// top being lower by so many bytes), read=… (its result).

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "suites/kernel/tracees/tracee.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

namespace {

constexpr size_t kSize = 64 * 1024;
char stack[kSize] __attribute__((aligned(64)));
// Where the handler ran: below this, and how often.
Shared<unsigned long> handler_sp;
Shared<int> handlers;

bool halves;  // the next handler shall

void OnSignal(int, siginfo_t*, void* context) {
  if (halves) static_cast<ucontext_t*>(context)->uc_stack.ss_size = kSize / 2;
  halves = false;
  handler_sp = reinterpret_cast<unsigned long>(__builtin_frame_address(0));
  ++handlers;
}

void Print(const stack_t& given, const stack_t& now, int error) {
  printf("error=%d struct=%s ", error,
         given.ss_sp == stack && (given.ss_size == kSize || given.ss_size == kSize / 4)
             ? "same"
             : "changed");
  if (now.ss_flags & SS_DISABLE) {
    printf("said=none ");
  } else {
    printf("said=%zu ", now.ss_size);
  }
}

// Takes SIGUSR1, and says what it saw.
void TakeSignal() {
  handlers = 0;
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
  Await([] { return handlers != 0; });
  unsigned long base = reinterpret_cast<unsigned long>(stack);
  bool on = handler_sp >= base && handler_sp < base + kSize;
  printf("on=%s lower=%s ", on ? "stack" : "other",
         on && handler_sp < base + kSize / 2 ? "yes" : "no");
}

void AskAndTake() {
  stack_t now = {};
  sigaltstack(nullptr, &now);
  stack_t given = {.ss_sp = stack, .ss_flags = 0, .ss_size = kSize};
  Print(given, now, 0);
  TakeSignal();
}

void* Thread(void* further) {
  if (further == nullptr) {
    AskAndTake();
    return nullptr;
  }
  pthread_t thread;
  if (pthread_create(&thread, nullptr, Thread, nullptr) != 0) Die("pthread_create");
  pthread_join(thread, nullptr);
  return nullptr;
}

// Who reads, for the thread that interrupts it.
int reader, ends[2];

void* Interrupt(void*) {
  Await([] { return SleepsIn(reader, SYS_read); });
  syscall(SYS_tgkill, getpid(), reader, SIGUSR1);
  Await([] { return handlers != 0; });
  if (write(ends[1], "x", 1) != 1) Die("write");
  return nullptr;
}

#if !defined(__x86_64__)
struct OldAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long mask, flags;
  void (*restorer)();
};
#endif

// Sets SIGUSR1's action, asks for it, and says what it heard.
void SetAction(bool old, int flags) {
  unsigned long heard = 0;
  bool same = false;
  if (old) {
#if !defined(__x86_64__)
    OldAction action = {.handler = OnSignal, .mask = 0, .flags = 0, .restorer = nullptr};
    action.flags = static_cast<unsigned long>(flags);
    OldAction given = action, now = {};
    if (syscall(SYS_sigaction, SIGUSR1, &action, nullptr) != 0 ||
        syscall(SYS_sigaction, SIGUSR1, nullptr, &now) != 0)
      Die("sigaction");
    heard = now.flags;
    same = memcmp(&action, &given, sizeof given) == 0;
#endif
  } else {
    // The kernel's own struct: the library would show its copy of it.
    struct Action {
      void (*handler)(int);
      unsigned long flags;
      void (*restorer)();
      unsigned long long mask;
    } __attribute__((packed)) action = {}, now = {}, given = {};
    struct sigaction library = {};
    library.sa_sigaction = OnSignal;
    library.sa_flags = flags;
    if (sigaction(SIGUSR1, &library, nullptr) != 0 ||
        syscall(SYS_rt_sigaction, SIGUSR1, nullptr, &action, 8) != 0)
      Die("sigaction");
    given = action;  // with the library's restorer
    if (syscall(SYS_rt_sigaction, SIGUSR1, &action, nullptr, 8) != 0 ||
        syscall(SYS_rt_sigaction, SIGUSR1, nullptr, &now, 8) != 0)
      Die("sigaction");
    heard = now.flags;
    same = memcmp(&action, &given, sizeof given) == 0;
  }
  printf("flags=%s%s action=%s ", heard & SA_ONSTACK ? "onstack+" : "",
         heard & SA_RESTART ? "restart" : "", same ? "same" : "changed");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const char* how = argv[1];
  auto is = [&](const char* name) { return strcmp(how, name) == 0; };
  setvbuf(stdout, nullptr, _IOFBF, 4096);

  stack_t given = {.ss_sp = stack, .ss_flags = 0, .ss_size = is("small") ? kSize / 4 : kSize};
  if (is("flag")) given.ss_flags = static_cast<int>(SS_AUTODISARM);
  SetAction(is("old"), is("none")      ? 0
                       : is("context") ? SA_ONSTACK | SA_RESTART | SA_SIGINFO
                                       : SA_ONSTACK | SA_RESTART);
  int error = sigaltstack(&given, is("same") ? &given : nullptr) == 0 ? 0 : errno;
  if (is("same")) {
    // It says what there was: nothing.
    printf("first=%s ", given.ss_flags & SS_DISABLE ? "none" : "some");
    given = {.ss_sp = stack, .ss_flags = 0, .ss_size = kSize};
    if (sigaltstack(&given, &given) != 0) Die("sigaltstack");
  }
  stack_t now = {};
  if (sigaltstack(nullptr, &now) != 0) Die("sigaltstack");

  if (is("context")) {
    halves = true;
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
  }
  if (is("thread") || is("threads") || is("context")) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, Thread, is("threads") ? argv[1] : nullptr) != 0)
      Die("pthread_create");
    pthread_join(thread, nullptr);
  } else if (is("fork")) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      AskAndTake();
      printf("\n");
      fflush(stdout);
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    return 0;
  } else if (is("vfork")) {
    pid_t child = vfork();
    if (child == 0) {
      syscall(SYS_sigaltstack, nullptr, &now);
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    Print(given, now, error);
  } else if (is("restart")) {
    Print(given, now, error);
    if (pipe(ends) != 0) Die("pipe");
    reader = static_cast<int>(syscall(SYS_gettid));
    pthread_t thread;
    if (pthread_create(&thread, nullptr, Interrupt, nullptr) != 0) Die("pthread_create");
    char byte;
    ssize_t got = read(ends[0], &byte, 1);
    printf("read=%d ", got < 0 ? -errno : static_cast<int>(got));
    pthread_join(thread, nullptr);
  } else {
    Print(given, now, error);
    TakeSignal();
  }
  printf("\n");
  return 0;
}
