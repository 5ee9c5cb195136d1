// time: how long a wait lasts, and what clocks say.
//
//     time wait CALL MS       CALL: nanosleep, until (clock_nanosleep to a deadline), until64 (by
//                             386's call with wide numbers), poll, select,
//                             epoll, futex, futex-until, futex-lock (one with priority inheritance,
//                             that another thread has)
//     time wake               a futex is woken; what would be the timeout is a number
//     time two MS             two threads sleep by one and the same timeout
//     time clock CLOCK        four readings: realtime, monotonic, monotonic64, cpu, of-day, time
//
// wait prints result=… (or minus the error), elapsed=… in ms, timeout=kept|changed (in memory or in
// the argument's register). clock prints, for the second to the fourth reading, by how many hours
// it is behind the one before: hours=…,…,… and vdso=yes|no.

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

#include "suites/kernel/tracees/tracee.h"

namespace {

// Not by a call that a fault may be for: the time that the kernel keeps of this process.
long TrueMs() {
  char text[64];
  if (!ReadFile("/proc/uptime", text, sizeof text)) return -1;
  return static_cast<long>(strtod(text, nullptr) * 1000);
}

// 386's calls with 64-bit numbers; 64-bit code has no others.
#if defined(__x86_64__)
constexpr long kClockGettime64 = SYS_clock_gettime, kClockNanosleep64 = SYS_clock_nanosleep;
#else
constexpr long kClockGettime64 = SYS_clock_gettime64;
constexpr long kClockNanosleep64 = SYS_clock_nanosleep_time64;
#endif
struct Time64 {
  long long seconds;
  long long part;
};

struct Timeout {
  long seconds;
  long part;
};
Timeout timeout, asked;

long Result(long result) { return result < 0 ? -errno : result; }

// Has the lock until the program ends.
void* Own(void* lock) {
  if (syscall(SYS_futex, lock, FUTEX_LOCK_PI, 0, nullptr, nullptr, 0) != 0) Die("futex");
  for (;;) pause();
}

int Wake() {
  Timeout number = {.seconds = 1000, .part = 0};
  int word = 0;
  long result = syscall(SYS_futex, &word, FUTEX_WAKE, 1, &number, nullptr, 0);
  printf("result=%ld timeout=%s\n", result, number.seconds == 1000 ? "kept" : "changed");
  return 0;
}

int Wait(const char* how, long ms) {
  long begin = TrueMs();
  timeout = {.seconds = ms / 1000, .part = ms % 1000 * 1000000};
  long result = 0;
  bool kept = true;
  Shared<int> word;
  bool locks = strcmp(how, "futex-lock") == 0;
  if (strstr(how, "until") || locks) {
    timespec now;
    clock_gettime(locks ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    timeout.seconds += now.tv_sec;
    timeout.part += now.tv_nsec;
    if (timeout.part >= 1000000000) ++timeout.seconds, timeout.part -= 1000000000;
  }
  asked = timeout;
  if (strcmp(how, "nanosleep") == 0) {
    result = Result(syscall(SYS_nanosleep, &timeout, nullptr));
  } else if (strcmp(how, "until") == 0) {
    result =
        Result(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &timeout, nullptr));
  } else if (strcmp(how, "until64") == 0) {
    Time64 wide = {.seconds = timeout.seconds, .part = timeout.part}, wide_asked = wide;
    result = Result(syscall(kClockNanosleep64, CLOCK_MONOTONIC, TIMER_ABSTIME, &wide, nullptr));
    kept = memcmp(&wide, &wide_asked, sizeof wide) == 0;
  } else if (strcmp(how, "poll") == 0) {
    Call call = {
        .number = SYS_poll, .arguments = {0, 0, static_cast<unsigned long>(ms)}, .result = 0};
    Do(&call);
    result = call.result;
    kept = call.arguments[2] == static_cast<unsigned long>(ms);
  } else if (strcmp(how, "epoll") == 0) {
    epoll_event event;
    Call call = {
        .number = SYS_epoll_wait,
        .arguments = {static_cast<unsigned long>(epoll_create1(0)),
                      reinterpret_cast<unsigned long>(&event), 1, static_cast<unsigned long>(ms)},
        .result = 0};
    Do(&call);
    result = call.result;
    kept = call.arguments[3] == static_cast<unsigned long>(ms);
  } else if (strcmp(how, "select") == 0) {
    // By the call that takes its arguments in registers. What Linux leaves of the timeout is 0.
#if defined(__x86_64__)
    constexpr long kSelect = SYS_select;
#else
    constexpr long kSelect = SYS__newselect;
#endif
    timeout.part /= 1000;
    result = Result(syscall(kSelect, 0, nullptr, nullptr, nullptr, &timeout));
    asked = {.seconds = 0, .part = 0};
  } else if (strcmp(how, "futex") == 0) {
    result = Result(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &timeout, nullptr, 0));
  } else if (strcmp(how, "futex-until") == 0) {
    result = Result(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &timeout, nullptr, -1));
  } else if (locks) {
    pthread_t owner;
    if (pthread_create(&owner, nullptr, Own, &word) != 0) Die("pthread_create");
    Await([&] { return word != 0; });
    result = Result(syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, &timeout, nullptr, 0));
  } else {
    return 64;
  }
  kept = kept && memcmp(&timeout, &asked, sizeof asked) == 0;
  printf("result=%ld elapsed=%ld timeout=%s\n", result, TrueMs() - begin,
         kept ? "kept" : "changed");
  return 0;
}

void* Sleep(void*) {
  syscall(SYS_nanosleep, &timeout, nullptr);
  return nullptr;
}

int Two(long ms) {
  long begin = TrueMs();
  timeout = asked = {.seconds = ms / 1000, .part = ms % 1000 * 1000000};
  pthread_t threads[2];
  for (pthread_t& thread : threads)
    if (pthread_create(&thread, nullptr, Sleep, nullptr) != 0) Die("pthread_create");
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  printf("elapsed=%ld timeout=%s\n", TrueMs() - begin,
         memcmp(&timeout, &asked, sizeof asked) == 0 ? "kept" : "changed");
  return 0;
}

double Seconds(const char* clock) {
  if (strcmp(clock, "of-day") == 0) {
    timeval now;
    gettimeofday(&now, nullptr);
    if (now.tv_usec < 0 || now.tv_usec >= 1000000) return 0;
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_usec) / 1e6;
  }
  if (strcmp(clock, "time") == 0) {
    long also = 0, now = syscall(SYS_time, &also);
    return also == now ? static_cast<double>(now) : 0;
  }
  if (strcmp(clock, "monotonic64") == 0) {
    Time64 now = {};
    syscall(kClockGettime64, CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.seconds) + static_cast<double>(now.part) / 1e9;
  }
  clockid_t id = strcmp(clock, "realtime") == 0    ? CLOCK_REALTIME
                 : strcmp(clock, "monotonic") == 0 ? CLOCK_MONOTONIC
                                                   : CLOCK_PROCESS_CPUTIME_ID;
  timespec now;
  clock_gettime(id, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

int Clock(const char* clock) {
  double readings[4];
  for (double& reading : readings) reading = Seconds(clock);
  printf("hours=");
  for (int i = 1; i < 4; ++i) {
    double hours = (readings[i - 1] - readings[i]) / 3600;
    printf("%d%s", static_cast<int>(hours < 0 ? hours - 0.5 : hours + 0.5), i < 3 ? "," : " ");
  }
  printf("vdso=%s\n", getauxval(AT_SYSINFO_EHDR) ? "yes" : "no");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 3 && strcmp(argv[1], "wait") == 0) return Wait(argv[2], atol(argv[3]));
  if (argc > 1 && strcmp(argv[1], "wake") == 0) return Wake();
  if (argc > 2 && strcmp(argv[1], "two") == 0) return Two(atol(argv[2]));
  if (argc > 2 && strcmp(argv[1], "clock") == 0) return Clock(argv[2]);
  return 64;
}
