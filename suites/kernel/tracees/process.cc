// process: one process is made, by a raw call, or waited for.
//
//     process make CALL MS       CALL: fork, vfork, clone, clone-vfork, clone3, clone3-vfork;
//                                clone-thread, clone3-thread: result, args and child_args alone
//     process thread             a thread by the C library
//     process wait CALL END      CALL: wait4, waitid. END: exit (with 3) or kill (SIGKILL)
//     process livelock TIMES     a fork; whenever its thread sleeps in poll, another one sends
//     SIGUSR1,
//                                TIMES times at most
//
// make: the child waits until its creator has come back, MS milliseconds at most, and exits with 3.
// Prints result=right|… (the child's number), waited=yes|no (whether the creator came back after
// the child's end only), memory=shared|copied, args=kept|lost and child_args=… (the argument
// registers behind the call, and what clone3's argument points to), sigchld=yes|no, wait=right|…
// (plain wait4) and wall=right|… (with __WALL), status=…
// wait: there are two children, the second one goes on, and is waited for, by wait4, when nothing
// is left to be said of the first. Prints pid=first|second|… last=… (of the second) status=… code=…
// livelock: handlers=… children=… (how many were made) args=… result=right|…

#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "suites/kernel/tracees/tracee.h"

// A call that makes a process, and what it left in its argument registers on both sides.
struct Make {
  unsigned long number;
  unsigned long arguments[5];
  unsigned long parent_after[5];
  unsigned long child_after[5];
};

extern "C" {
// Returns in the creator only; the child runs RunChild, on the stack that the call gave it.
long MakeProcess(Make* make);
[[noreturn]] void RunChild(Make* make);
}

#if defined(__x86_64__)
__asm__(R"(
  .text
# In: rdi, a Make. Out: rax, the call's result. Keeps what the ABI asks for. The child begins with
# the stack pointer of the call: the creator's, or a fresh one that nothing lies above.
MakeProcess:
  push %r12
  mov %rdi, %r12
  mov (%r12), %rax
  mov 8(%r12), %rdi
  mov 16(%r12), %rsi
  mov 24(%r12), %rdx
  mov 32(%r12), %r10
  mov 40(%r12), %r8
  syscall
  test %rax, %rax
  jz 1f
  mov %rdi, 48(%r12)
  mov %rsi, 56(%r12)
  mov %rdx, 64(%r12)
  mov %r10, 72(%r12)
  mov %r8, 80(%r12)
  pop %r12
  ret
1:
  mov %rdi, 88(%r12)
  mov %rsi, 96(%r12)
  mov %rdx, 104(%r12)
  mov %r10, 112(%r12)
  mov %r8, 120(%r12)
  mov %r12, %rdi
  and $-16, %rsp
  call RunChild
  ud2
)");
constexpr unsigned long kNumbers[] = {57, 58, 56, 435};
constexpr long kPoll = 7;
#else
__asm__(R"(
  .text
# In: 4(%esp), a Make. Out: eax, the call's result. Keeps what the ABI asks for. The child begins
# with the stack pointer of the call: the creator's, or a fresh one that nothing lies above.
MakeProcess:
  push %ebx
  push %ebp
  push %esi
  push %edi
  mov 20(%esp), %ebp
  mov (%ebp), %eax
  mov 4(%ebp), %ebx
  mov 8(%ebp), %ecx
  mov 12(%ebp), %edx
  mov 16(%ebp), %esi
  mov 20(%ebp), %edi
  int $0x80
  test %eax, %eax
  jz 1f
  mov %ebx, 24(%ebp)
  mov %ecx, 28(%ebp)
  mov %edx, 32(%ebp)
  mov %esi, 36(%ebp)
  mov %edi, 40(%ebp)
  pop %edi
  pop %esi
  pop %ebp
  pop %ebx
  ret
1:
  mov %ebx, 44(%ebp)
  mov %ecx, 48(%ebp)
  mov %edx, 52(%ebp)
  mov %esi, 56(%ebp)
  mov %edi, 60(%ebp)
  and $-16, %esp
  sub $12, %esp
  push %ebp
  call RunChild
  ud2
)");
constexpr unsigned long kNumbers[] = {2, 190, 120, 435};
constexpr long kPoll = 168;
#endif

namespace {

// In memory that all processes share.
struct Board {
  Shared<int> back;      // the creator has come back
  Shared<int> ended;     // the child is about to end
  Shared<int> children;  // that have run
  Shared<int> kept;      // the child's registers and arguments were as they should be
  Shared<int> pid;
};
Board* board;
int written;  // in the program's own memory
long patience_ms;
bool makes_thread;
clone_args asked, given;  // clone3's arguments, as they should be and as they are

bool Kept(const Make& make, const unsigned long after[5]) {
  return memcmp(make.arguments, after, sizeof make.arguments) == 0 &&
         memcmp(&asked, &given, sizeof asked) == 0;
}

long NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char* Right(long value, long right) {
  static char text[4][32];
  static int next;
  if (value == right) return "right";
  char* here = text[next++ % 4];
  snprintf(here, sizeof text[0], "%ld", value);
  return here;
}

Make* NewMake(const char* call) {
  auto* make = static_cast<Make*>(calloc(1, sizeof(Make)));
  // What the call does not use, or must not fall over: sentinels that fit 32 bits.
  for (int i = 0; i < 5; ++i) make->arguments[i] = 0x5a5a00 + static_cast<unsigned long>(i);
  constexpr size_t kStack = 1 << 16;
  auto* stack = static_cast<char*>(
      mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (stack == MAP_FAILED) Die("mmap");
  makes_thread = strstr(call, "-thread");
  unsigned long flags = strstr(call, "-vfork") ? CLONE_VM | CLONE_VFORK : 0;
  if (makes_thread)
    flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  if (strncmp(call, "clone3", 6) == 0) {
    given.flags = flags;
    given.exit_signal = makes_thread ? 0 : SIGCHLD;
    given.stack = reinterpret_cast<unsigned long>(stack);
    given.stack_size = kStack;
    make->number = kNumbers[3];
    make->arguments[0] = reinterpret_cast<unsigned long>(&given);
    make->arguments[1] = sizeof given;
  } else if (strncmp(call, "clone", 5) == 0) {
    make->number = kNumbers[2];
    make->arguments[0] = flags | (makes_thread ? 0 : SIGCHLD);
    make->arguments[1] = reinterpret_cast<unsigned long>(stack + kStack);
  } else {
    make->number = kNumbers[strcmp(call, "vfork") == 0];
  }
  asked = given;
  return make;
}

int MakeOne(const char* call) {
  Make* make = NewMake(call);
  sigset_t chld, pending;
  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_BLOCK, &chld, nullptr);
  long result = MakeProcess(make);
  int ended = board->ended;
  board->back = 1;
  if (result < 0) {
    printf("result=%ld args=%s\n", result, Kept(*make, make->parent_after) ? "kept" : "lost");
    return 0;
  }
  if (makes_thread) {
    Await([] { return board->ended != 0; });
    printf("result=%s args=%s child_args=%s\n", Right(result, board->pid),
           Kept(*make, make->parent_after) ? "kept" : "lost", board->kept ? "kept" : "lost");
    return 0;
  }
  int status = 0;
  long wait = wait4(static_cast<pid_t>(result), &status, 0, nullptr);
  if (wait < 0) wait = -errno;
  long wall = wait < 0 ? wait4(static_cast<pid_t>(result), &status, __WALL, nullptr) : wait;
  sigpending(&pending);
  printf(
      "result=%s waited=%s memory=%s args=%s child_args=%s sigchld=%s wait=%s wall=%s status=%x\n",
      Right(result, board->pid), ended ? "yes" : "no", written ? "shared" : "copied",
      Kept(*make, make->parent_after) ? "kept" : "lost", board->kept ? "kept" : "lost",
      sigismember(&pending, SIGCHLD) ? "yes" : "no", Right(wait, result), Right(wall, result),
      status);
  return 0;
}

void* Nothing(void*) { return nullptr; }

int Wait(const char* call, const char* end) {
  int gate[2];
  if (pipe(gate) != 0) Die("pipe");
  pid_t children[2];
  for (int i = 0; i < 2; ++i) {
    children[i] = fork();
    if (children[i] != 0) continue;
    if (i == 0 && strcmp(end, "exit") == 0) _exit(3);
    close(gate[1]);
    char nothing;
    (void)!read(gate[0], &nothing, 1);
    _exit(0);
  }
  if (strcmp(end, "kill") == 0) kill(children[0], SIGKILL);
  long pid = 0;
  int status = -1, code = -1;
  if (strcmp(call, "waitid") == 0) {
    siginfo_t info = {};
    if (waitid(P_PID, static_cast<id_t>(children[0]), &info, WEXITED) != 0) Die("waitid");
    pid = info.si_pid, status = info.si_status, code = info.si_code;
  } else {
    pid = syscall(SYS_wait4, children[0], &status, 0, nullptr);
  }
  auto say = [&](const char* name, long found) {
    if (found == children[0]) {
      printf("%s=first ", name);
    } else if (found == children[1]) {
      printf("%s=second ", name);
    } else {
      printf("%s=%ld ", name, found);
    }
  };
  say("pid", pid);
  close(gate[1]);
  say("last", syscall(SYS_wait4, children[1], nullptr, 0, nullptr));
  printf("status=%x code=%d\n", status, code);
  return 0;
}

Shared<int> handlers;
Shared<bool> over;
int times;
void OnSignal(int) { ++handlers; }

void* Disturb(void*) {
  for (int sent = 0; sent < times; ++sent) {
    Await([&] { return over || (handlers == sent && SleepsIn(getpid(), kPoll)); });
    if (over) break;
    syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
    Await([&] { return handlers > sent; });
  }
  return nullptr;
}

int Livelock() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;  // no SA_RESTART: a fork begins anew all the same
  sigaction(SIGUSR1, &action, nullptr);
  Make* make = NewMake("fork");
  board->back = 1;
  pthread_t disturber;
  if (pthread_create(&disturber, nullptr, Disturb, nullptr) != 0) Die("pthread_create");
  long result = MakeProcess(make);
  over = true;
  pthread_join(disturber, nullptr);
  int status;
  if (result > 0) wait4(static_cast<pid_t>(result), &status, 0, nullptr);
  printf("handlers=%d children=%d result=%s args=%s child_args=%s\n", static_cast<int>(handlers),
         static_cast<int>(board->children), Right(result, board->pid),
         Kept(*make, make->parent_after) ? "kept" : "lost", board->kept ? "kept" : "lost");
  return 0;
}

}  // namespace

void RunChild(Make* make) {
  written = 1;
  board->kept = Kept(*make, make->child_after);
  board->pid = static_cast<int>(syscall(SYS_gettid));
  ++board->children;
  for (long end = NowMs() + patience_ms; !board->back && NowMs() < end;) sched_yield();
  board->ended = 1;
  for (;;) syscall(makes_thread ? SYS_exit : SYS_exit_group, 3);
}

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  board = static_cast<Board*>(
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (board == MAP_FAILED) Die("mmap");
  if (argc > 3 && strcmp(argv[1], "make") == 0) {
    patience_ms = atol(argv[3]);
    return MakeOne(argv[2]);
  }
  if (strcmp(argv[1], "thread") == 0) {
    pthread_t thread;
    int error = pthread_create(&thread, nullptr, Nothing, nullptr);
    if (error == 0) pthread_join(thread, nullptr);
    printf("error=%d\n", error);
    return 0;
  }
  if (argc > 3 && strcmp(argv[1], "wait") == 0) return Wait(argv[2], argv[3]);
  if (argc > 2 && strcmp(argv[1], "livelock") == 0) {
    times = atoi(argv[2]);
    return Livelock();
  }
  return 64;
}
