// life: the ways in which programs begin, multiply and end.
//
//     life exit N            life die SIGNO         by an unhandled signal to itself
//     life exec PATH ARGS…   from the main thread   life exec-thread PATH ARGS…   from another one
//     life crash             a null pointer in CrashHere, another thread asleep in SleepHere
//     life hang [N]          N threads (1) and the main one in SleepHere; prints "ready" first
//     life forks N           N children, each exits with its own status; vfork and fork by turns
//     life threads N         N threads at once
//     life orphan            a child that outlives it by as long as fd 0 stays open
//     life leader-exit N     the main thread ends; another one exits the process with N
//     life stop              stops itself by SIGSTOP, prints "continued"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "suites/kernel/tracees/tracee.h"

namespace {

int gate[2];  // never written to: reading sleeps
char** exec_arguments;
int exit_status;
Shared<int> arrived;

__attribute__((noinline)) void SleepHere() {
  char nothing;
  if (read(gate[0], &nothing, 1) < 0) Die("read");
  __asm__ volatile("" ::: "memory");  // no tail call: the frame is to be seen
}

void* Sleeper(void*) {
  ++arrived;
  SleepHere();
  return nullptr;
}

volatile int* nowhere = nullptr;
__attribute__((noinline)) void CrashHere() {
  *nowhere = 1;
  __asm__ volatile("" ::: "memory");
}

pthread_t Start(void* (*function)(void*)) {
  pthread_t thread;
  if (pthread_create(&thread, nullptr, function, nullptr) != 0) Die("pthread_create");
  return thread;
}

void* Exec(void*) {
  execv(exec_arguments[0], exec_arguments);
  Die("exec");
  return nullptr;
}

void* ExitLater(void*) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
  Await([&] {
    const char* state = ReadFile(path, text, sizeof text) ? strrchr(text, ')') : nullptr;
    return state && state[2] == 'Z';
  });
  exit(exit_status);
}

int Forks(int count) {
  for (int i = 0; i < count; ++i) {
    pid_t child = i % 2 ? fork() : vfork();
    if (child == 0) _exit(i % 100);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) != i % 100)
      return 1;
  }
  return 0;
}

int Threads(int count) {
  auto* threads = static_cast<pthread_t*>(calloc(static_cast<size_t>(count), sizeof(pthread_t)));
  for (int i = 0; i < count; ++i) threads[i] = Start(Sleeper);
  Await([&] { return arrived == count; });
  close(gate[1]);  // all reads end
  for (int i = 0; i < count; ++i) pthread_join(threads[i], nullptr);
  free(threads);
  return 0;
}

void Orphan() {
  if (fork() != 0) return;
  char nothing;
  while (read(0, &nothing, 1) > 0) {
  }
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const char* what = argv[1];
  int number = argc > 2 ? atoi(argv[2]) : 0;
  exec_arguments = argv + 2;
  exit_status = number;
  if (pipe(gate) != 0) Die("pipe");
  if (strcmp(what, "exit") == 0) return number;
  if (strcmp(what, "die") == 0) {
    kill(getpid(), number);
    Await([] { return false; });
  }
  if (strcmp(what, "exec") == 0) Exec(nullptr);
  if (strcmp(what, "exec-thread") == 0) {
    Start(Exec);
    SleepHere();
  }
  if (strcmp(what, "crash") == 0) {
    Start(Sleeper);
    Await([] { return arrived == 1; });
    CrashHere();
  }
  if (strcmp(what, "hang") == 0) {
    int count = number > 0 ? number : 1;
    for (int i = 0; i < count; ++i) Start(Sleeper);
    Await([&] { return arrived == count; });
    puts("ready");
    fflush(stdout);
    SleepHere();
  }
  if (strcmp(what, "forks") == 0) return Forks(number);
  if (strcmp(what, "threads") == 0) return Threads(number);
  if (strcmp(what, "orphan") == 0) Orphan();
  if (strcmp(what, "leader-exit") == 0) {
    Start(ExitLater);
    pthread_exit(nullptr);
  }
  if (strcmp(what, "stop") == 0) {
    kill(getpid(), SIGSTOP);
    puts("continued");
  }
  return 0;
}
