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
//
// All of these are on their way before the call that sends or waits returns, so there is nothing to
// wait for, but for a signal that went to the other thread: that one ends when told.
// Prints: handlers=… on_main=… on_other=… value=… sum=… waited=1|0

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "suites/kernel/tracees/tracee.h"

namespace {

// Written by the handler.
Shared<int> handlers, on_main, on_other, value, sum;
Shared<bool> ready;  // the other thread has its mask
Shared<bool> sent;   // it may end
int main_tid;
bool blocks;

int Tid() { return static_cast<int>(syscall(SYS_gettid)); }

void OnSignal(int, siginfo_t* info, void*) {
  value = info->si_value.sival_int;
  sum = sum + (info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
  ++(Tid() == main_tid ? on_main : on_other);
  ++handlers;
}

void* Other(void*) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  if (blocks) pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ready = true;
  Await([] { return static_cast<bool>(sent); });
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const char* how = argv[1];
  main_tid = Tid();
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGCHLD, &action, nullptr);
  bool waited = false;
  auto send = [] { syscall(SYS_tgkill, getpid(), main_tid, SIGUSR1); };
  if (strcmp(how, "self") == 0) {
    for (int i = 0; i < 3; ++i) send();
  } else if (strcmp(how, "queue") == 0) {
    sigqueue(getpid(), SIGUSR1, {.sival_int = 77});
  } else if (strcmp(how, "child") == 0) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    waited = waitpid(child, nullptr, 0) == child;
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
  printf("handlers=%d on_main=%d on_other=%d value=%d sum=%d waited=%d\n",
         static_cast<int>(handlers), static_cast<int>(on_main), static_cast<int>(on_other),
         static_cast<int>(value), static_cast<int>(sum), waited);
  return 0;
}
