// The jobs whose cost under a tracer is measured. Each prints what it took, without its start.
//
//   workload JOB COUNT [filter]
//
// `filter`: below a seccomp filter that lets all pass, which is what any filter costs at least.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

void Fail(const char* what) {
  perror(what);
  exit(1);
}

// A call that the rules of the comparison name, and one that they do not.
void Targeted(long count) {
  for (long i = 0; i < count; ++i) syscall(SYS_getsid, 0);
}
void Untargeted(long count) {
  for (long i = 0; i < count; ++i) syscall(SYS_getppid);
}

void Signal(long count) {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  pid_t self = getpid();
  auto thread = static_cast<pid_t>(syscall(SYS_gettid));
  for (long i = 0; i < count; ++i) syscall(SYS_tgkill, self, thread, SIGUSR1);
}

void Fork(long count) {
  for (long i = 0; i < count; ++i) {
    pid_t child = fork();
    if (child < 0) Fail("fork");
    if (child == 0) _exit(0);
    int status;
    if (wait4(child, &status, 0, nullptr) != child) Fail("wait4");
  }
}

void Thread(long count) {
  for (long i = 0; i < count; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0)
      Fail("pthread_create");
    pthread_join(thread, nullptr);
  }
}

// The loop of the historic bug, in four threads.
void ForkInFour(long count) {
  pthread_t threads[4];
  for (pthread_t& thread : threads)
    if (pthread_create(
            &thread, nullptr,
            [](void* each) -> void* {
              Fork(reinterpret_cast<long>(each));
              return nullptr;
            },
            reinterpret_cast<void*>(count / 4)) != 0)
      Fail("pthread_create");
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
}

struct Job {
  const char* name;
  void (*run)(long count);
};
constexpr Job kJobs[] = {{"untargeted", Untargeted}, {"targeted", Targeted},
                         {"signal", Signal},         {"fork", Fork},
                         {"thread", Thread},         {"fork4", ForkInFour}};

void PassAll() {
  sock_filter pass = {.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = SECCOMP_RET_ALLOW};
  sock_fprog program = {.len = 1, .filter = &pass};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
    Fail("seccomp");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: workload JOB COUNT [filter]\n");
    return 64;
  }
  if (argc > 3 && strcmp(argv[3], "filter") == 0) PassAll();
  for (const Job& job : kJobs) {
    if (strcmp(job.name, argv[1]) != 0) continue;
    timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    job.run(atol(argv[2]));
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%lld\n", (end.tv_sec - begin.tv_sec) * 1000000000ll + end.tv_nsec - begin.tv_nsec);
    return 0;
  }
  fprintf(stderr, "workload: there is no job '%s'\n", argv[1]);
  return 64;
}
