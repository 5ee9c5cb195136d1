// sibling: a signal comes while the main thread sleeps in read and another thread is awake.
//
//     sibling process    kill() by the other thread
//     sibling queue      sigqueue() by the other thread, value 77
//     sibling thread     tgkill() at the main thread
//     sibling blocked    kill(), but the other thread blocks the signal
//     sibling alone      kill() by a child; there is no other thread
//     sibling storm N    N queued real-time signals by a child, values 1 to N
//     sibling awake      kill() at a time when the main thread is in no call, and the other one
//     sleeps in read
//
// Prints: handlers=… on_main=… on_other=… code=… sender=self|child|other value=… sum=… result=…
// and, on amd64, r10=… as the reader's read left it.

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "suites/kernel/tracees/tracee.h"

namespace {

// Written by the handler, read by everybody.
Shared<int> handlers, on_main, on_other, code, sender, value, sum;
Shared<int> reader_tid;   // who sleeps in read
Shared<bool> stop_other;  // the other thread may end
int main_tid, child, pipe_ends[2];

int Tid() { return static_cast<int>(syscall(SYS_gettid)); }

void OnSignal(int, siginfo_t* info, void*) {
  code = info->si_code;
  sender = info->si_pid;
  value = info->si_value.sival_int;
  __atomic_add_fetch(reinterpret_cast<int*>(&sum), info->si_value.sival_int, __ATOMIC_SEQ_CST);
  ++(Tid() == main_tid ? on_main : on_other);
  ++handlers;
}

bool ReaderSleeps() { return reader_tid != 0 && SleepsIn(reader_tid, SYS_read); }

Call DoRead() {
  static char buffer[16];
  Call call = {
      .number = SYS_read,
      .arguments = {static_cast<unsigned long>(pipe_ends[0]),
                    reinterpret_cast<unsigned long>(buffer), sizeof buffer, 0x4a4, 0x5a5, 0x6a6},
      .result = 0};
  reader_tid = Tid();
  Do(&call);
  return call;
}

void Complete() {
  if (write(pipe_ends[1], "x", 1) != 1) Die("write");
}

void Send(const char* how) {
  if (strcmp(how, "queue") == 0) {
    if (sigqueue(getpid(), SIGUSR1, {.sival_int = 77}) != 0) Die("sigqueue");
  } else if (strcmp(how, "thread") == 0) {
    syscall(SYS_tgkill, getpid(), main_tid, SIGUSR1);
  } else {
    kill(getpid(), SIGUSR1);
  }
}

void* Other(void* argument) {
  const char* how = static_cast<const char*>(argument);
  if (strcmp(how, "blocked") == 0) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }
  if (strcmp(how, "storm") == 0) {
    Await([] { return static_cast<bool>(stop_other); });
    return nullptr;
  }
  Await(ReaderSleeps);
  Send(how);
  Await([] { return handlers == 1; });
  Await(ReaderSleeps);
  Complete();
  return nullptr;
}

void* Reader(void* result) {
  *static_cast<Call*>(result) = DoRead();
  return nullptr;
}

// A child that does `what` in a parent that sleeps in read, waits until that was noticed, and lets
// it go.
template <typename What>
void ForkSender(What what) {
  pid_t parent = getpid();
  int done[2];
  if (pipe(done) != 0) Die("pipe");
  child = fork();
  if (child != 0) {
    close(done[0]);
    return;
  }
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/syscall", parent);
  auto sleeps = [&] {
    return ReadFile(path, text, sizeof text) && strtol(text, nullptr, 10) == SYS_read &&
           text[0] != 'r';
  };
  Await(sleeps);
  what(parent);
  // The parent counts for itself; this only lets its read end once nothing is pending any more.
  char status[64], all[4096];
  snprintf(status, sizeof status, "/proc/%d/status", parent);
  Await([&] {
    if (!ReadFile(status, all, sizeof all)) return true;
    const char* pending = strstr(all, "ShdPnd:\t");
    const char* own = strstr(all, "SigPnd:\t");
    return pending && own && strtoull(pending + 8, nullptr, 16) == 0 &&
           strtoull(own + 8, nullptr, 16) == 0;
  });
  Await(sleeps);
  Complete();
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const char* how = argv[1];
  int storm = argc > 2 ? atoi(argv[2]) : 0;
  main_tid = Tid();
  if (pipe(pipe_ends) != 0) Die("pipe");
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&action.sa_mask);
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGRTMIN + 1, &action, nullptr);

  Call call = {};
  pthread_t other;
  if (strcmp(how, "alone") == 0) {
    ForkSender([](pid_t parent) { kill(parent, SIGUSR1); });
    call = DoRead();
  } else if (strcmp(how, "storm") == 0) {
    static int count;
    count = storm;
    ForkSender([](pid_t parent) {
      for (int i = 1; i <= count; ++i)
        while (sigqueue(parent, SIGRTMIN + 1, {.sival_int = i}) != 0) {
          if (errno != EAGAIN) Die("sigqueue");
          sched_yield();
        }
    });
    if (pthread_create(&other, nullptr, Other, const_cast<char*>(how)) != 0) Die("pthread_create");
    call = DoRead();
    // Some may still be on their way to the other thread.
    Await([&] { return handlers >= storm; });
    stop_other = true;
    pthread_join(other, nullptr);
  } else if (strcmp(how, "awake") == 0) {
    if (pthread_create(&other, nullptr, Reader, &call) != 0) Die("pthread_create");
    Await(ReaderSleeps);
    kill(getpid(), SIGUSR1);
    Await([] { return handlers == 1; });
    Await(ReaderSleeps);
    Complete();
    pthread_join(other, nullptr);
  } else {
    if (pthread_create(&other, nullptr, Other, const_cast<char*>(how)) != 0) Die("pthread_create");
    call = DoRead();
    pthread_join(other, nullptr);
  }
  if (child > 0) waitpid(child, nullptr, 0);
  const char* who = sender == getpid() ? "self" : sender == child && child != 0 ? "child" : "other";
  printf(
      "handlers=%d on_main=%d on_other=%d code=%d sender=%s value=%d sum=%d result=%ld r10=%lx\n",
      static_cast<int>(handlers), static_cast<int>(on_main), static_cast<int>(on_other),
      static_cast<int>(code), who, static_cast<int>(value), static_cast<int>(sum), call.result,
      call.arguments[3]);
  return 0;
}
