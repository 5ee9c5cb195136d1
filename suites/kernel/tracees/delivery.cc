// delivery: signals that are taken, or not.
//
//     delivery HOW
//
// HOW:
//     self    three times SIGUSR1, by tgkill of the thread itself, alone
//     queue   SIGUSR1 by sigqueue, value 77, alone
//     child   SIGCHLD, by a child that is waited for
//     thread  SIGUSR1 by tgkill of the main thread itself, while another thread is there
//     lone    the same, but the other thread blocks it
//     process SIGUSR1 by kill, while another thread is there that blocks it
//     calls   SIGUSR1 by sigqueue, value 77, alone, then five calls
//     merge   SIGUSR1 by tgkill, twice, alone, then five calls
//     read    SIGUSR1 by tgkill of the main thread, which sleeps in read, by another thread, which
//             then writes a byte; the handler has no SA_RESTART
//     ending  SIGUSR1 by kill, by another thread, which alone does not block it and then ends
//     exec    SIGUSR1 by kill, alone; then this program anew, for fork
//     pair    SIGUSR2 and SIGUSR1 of the thread itself, unblocked together
//     idle    SIGCHLD, which has no handler, and SIGUSR1, unblocked together
//     row     the first real-time signal with the values 1, 2 and 3, unblocked together
//     fork    none, but a child
//     pending SIGUSR1 by kill, blocked, before there is a child; both then unblock it
//     kill    SIGUSR1 by kill, while there is a child
//     spawn   the same, while there is a child with another program
//     wait    what such a child does: reads until the end of fd 0
//
// All of these are on their way before the call that sends or waits returns, so there is nothing to
// wait for, but for a signal that went to the other thread: that one ends when told.
// Prints: handlers=… on_main=… on_other=… value=… sum=… waited=1|0 at=… got=… order=… in_child=…
// at: how many of the calls had begun when the handler ran. got: what read returned. order: USR1 is
// 1, USR2 2, a real-time signal its value, each a digit. in_child: how often it ran there, or -1

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "suites/kernel/tracees/tracee.h"

namespace {

// Written by the handler.
Shared<int> handlers, on_main, on_other, value, sum;
Shared<bool> ready;  // the other thread has its mask
Shared<bool> sent;   // it may end
Shared<int> calls_begun, at, order;
int main_tid;
int pipe_ends[2];
bool blocks;

int Tid() { return static_cast<int>(syscall(SYS_gettid)); }

void OnSignal(int signal, siginfo_t* info, void*) {
  value = info->si_value.sival_int;
  sum = sum + (info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
  ++(Tid() == main_tid ? on_main : on_other);
  at = calls_begun;
  order = order * 10 + (signal == SIGUSR1 ? 1 : signal == SIGUSR2 ? 2 : value);
  ++handlers;
}

sigset_t Set(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

// To main, that sleeps in read; then what it reads, when it has taken the signal or sleeps again.
void* Disturb(void*) {
  auto sleeps = [] { return SleepsIn(main_tid, SYS_read); };
  Await(sleeps);
  syscall(SYS_tgkill, getpid(), main_tid, SIGUSR1);
  Await([&] { return handlers > 0 || sleeps(); });
  if (write(pipe_ends[1], "", 1) != 1) Die("write");
  return nullptr;
}

void* SendAndEnd(void*) {
  sigset_t set = Set(SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  kill(getpid(), SIGUSR1);
  return nullptr;
}

void FiveCalls() {
  for (int i = 0; i < 5; ++i) {
    ++calls_begun;
    syscall(SYS_getppid);
  }
}

// A child that ends with the pipe, and then says how often its handler ran.
pid_t Fork() {
  int before = handlers;
  pid_t child = fork();
  if (child != 0) return child;
  sigset_t set = Set(SIGUSR1);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  close(pipe_ends[1]);
  char byte;
  while (read(pipe_ends[0], &byte, 1) < 0) {
  }
  _exit(handlers - before);
}

pid_t Spawn() {
  pid_t child;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[0], 0);
  posix_spawn_file_actions_addclose(&actions, pipe_ends[1]);
  char name[] = "delivery", how[] = "wait";
  char* arguments[] = {name, how, nullptr};
  if (posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments, environ) != 0)
    Die("posix_spawn");
  return child;
}

// The child's exit status, when it has been let go; -1 if it died.
int EndOf(pid_t child) {
  close(pipe_ends[1]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void* Other(void*) {
  sigset_t set = Set(SIGUSR1);
  if (blocks) pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ready = true;
  Await([] { return static_cast<bool>(sent); });
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const char* how = argv[1];
  if (strcmp(how, "wait") == 0) {
    char byte;
    return static_cast<int>(read(0, &byte, 1));
  }
  if (pipe(pipe_ends) != 0) Die("pipe");
  main_tid = Tid();
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | (strcmp(how, "read") == 0 ? 0 : SA_RESTART);
  sigfillset(&action.sa_mask);
  sigaction(SIGUSR1, &action, nullptr);
  bool waited = false;
  int got = 0, in_child = 0;
  auto send = [] { syscall(SYS_tgkill, getpid(), main_tid, SIGUSR1); };
  if (strcmp(how, "self") == 0) {
    for (int i = 0; i < 3; ++i) send();
  } else if (strcmp(how, "queue") == 0) {
    sigqueue(getpid(), SIGUSR1, {.sival_int = 77});
  } else if (strcmp(how, "child") == 0) {
    sigaction(SIGCHLD, &action, nullptr);
    pid_t child = fork();
    if (child == 0) _exit(0);
    waited = waitpid(child, nullptr, 0) == child;
  } else if (strcmp(how, "calls") == 0) {
    sigqueue(getpid(), SIGUSR1, {.sival_int = 77});
    FiveCalls();
  } else if (strcmp(how, "merge") == 0) {
    send();
    send();
    FiveCalls();
  } else if (strcmp(how, "read") == 0) {
    pthread_t other;
    if (pthread_create(&other, nullptr, Disturb, nullptr) != 0) Die("pthread_create");
    char byte;
    got = static_cast<int>(read(pipe_ends[0], &byte, 1));
    pthread_join(other, nullptr);
  } else if (strcmp(how, "ending") == 0) {
    sigset_t set = Set(SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    pthread_t other;
    if (pthread_create(&other, nullptr, SendAndEnd, nullptr) != 0) Die("pthread_create");
    pthread_join(other, nullptr);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    Await([] { return handlers > 0; });
  } else if (strcmp(how, "exec") == 0) {
    kill(getpid(), SIGUSR1);
    char name[] = "delivery", next[] = "fork";
    char* arguments[] = {name, next, nullptr};
    execve("/proc/self/exe", arguments, environ);
    Die("execve");
  } else if (strcmp(how, "pair") == 0 || strcmp(how, "idle") == 0 || strcmp(how, "row") == 0) {
    sigaction(SIGUSR2, &action, nullptr);
    sigaction(SIGRTMIN, &action, nullptr);
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    if (strcmp(how, "pair") == 0) {
      syscall(SYS_tgkill, getpid(), main_tid, SIGUSR2);
      send();
    } else if (strcmp(how, "idle") == 0) {
      syscall(SYS_tgkill, getpid(), main_tid, SIGCHLD);
      send();
    } else {
      for (int i = 1; i <= 3; ++i) sigqueue(getpid(), SIGRTMIN, {.sival_int = i});
    }
    sigprocmask(SIG_SETMASK, &before, nullptr);
  } else if (strcmp(how, "fork") == 0) {
    in_child = EndOf(Fork());
  } else if (strcmp(how, "pending") == 0) {
    sigset_t set = Set(SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    kill(getpid(), SIGUSR1);
    pid_t child = Fork();
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    in_child = EndOf(child);
  } else if (strcmp(how, "kill") == 0 || strcmp(how, "spawn") == 0) {
    pid_t child = strcmp(how, "kill") == 0 ? Fork() : Spawn();
    kill(getpid(), SIGUSR1);
    in_child = EndOf(child);
  } else {
    blocks = strcmp(how, "thread") != 0;
    pthread_t other;
    if (pthread_create(&other, nullptr, Other, nullptr) != 0) Die("pthread_create");
    Await([] { return static_cast<bool>(ready); });
    if (strcmp(how, "process") == 0) {
      kill(getpid(), SIGUSR1);
    } else {
      send();
    }
    Await([] { return handlers > 0; });
    sent = true;
    pthread_join(other, nullptr);
  }
  printf(
      "handlers=%d on_main=%d on_other=%d value=%d sum=%d waited=%d at=%d got=%d order=%d "
      "in_child=%d\n",
      static_cast<int>(handlers), static_cast<int>(on_main), static_cast<int>(on_other),
      static_cast<int>(value), static_cast<int>(sum), waited, static_cast<int>(at), got,
      static_cast<int>(order), in_child);
  return 0;
}
