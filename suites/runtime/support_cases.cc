// What the rest stands on: printing, the functions compilers call, the interface to the kernel.

#include "suites/runtime/exercise.h"

namespace exercise {

using namespace runtime;  // NOLINT(google-build-using-namespace)

namespace {

// What is written through a pipe.
template <typename F>
void printed(F&& print, const char* expected) {
  int fds[2] = {};
  CHECK_EQ(sys::pipe2(fds, sys::kO_CLOEXEC), 0);
  print(fds[1]);
  sys::close(fds[1]);
  static char got[4096];
  size_t n = 0;
  for (;;) {
    const long r = sys::read(fds[0], got + n, sizeof(got) - n - 1);
    CHECK(r >= 0);
    if (r == 0) break;
    n += static_cast<size_t>(r);
  }
  sys::close(fds[0]);
  got[n] = 0;
  CHECK(strcmp(got, expected) == 0);
}

void print() {
  printed([](int fd) { Print(fd).d(0).c(' ').d(-1).c(' ').d(7).c(' ').d(INT64_MIN); },
          "0 -1 7 -9223372036854775808");
  printed([](int fd) { Print(fd).u(UINT64_MAX).c(' ').u(1000000000000).c(' ').u(4294967296); },
          "18446744073709551615 1000000000000 4294967296");
  printed(
      [](int fd) { Print(fd).hex(0).c(' ').hex(0xdeadbeef).c(' ').hex(UINT64_MAX).c(' ').hex(16); },
      "0x0 0xdeadbeef 0xffffffffffffffff 0x10");
  // More than a line's buffer comes out whole and in order.
  static char expected[1201];
  for (size_t i = 0; i < 1200; i++) expected[i] = static_cast<char>('a' + i % 26);
  printed(
      [](int fd) {
        Print p(fd);
        for (size_t i = 0; i < 1200; i++) p.c(expected[i]);
      },
      expected);
}

uint64_t next(uint64_t* state) {  // xorshift: any mixture of large and small numbers will do
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

// 64-bit division, which 386 has no instruction for.
void division() {
  uint64_t state = 88172645463325252ull;
  for (int i = 0; i < 20000; i++) {
    volatile uint64_t n = next(&state) >> (next(&state) & 63);
    volatile uint64_t d = next(&state) >> (next(&state) & 63);
    if (d == 0) continue;
    const uint64_t q = n / d;
    const uint64_t r = n % d;
    CHECK(r < d);
    CHECK(q * d + r == n);
    volatile auto sn = static_cast<int64_t>(n);
    volatile auto sd = static_cast<int64_t>(d);
    if (sd == -1) continue;
    const int64_t sq = sn / sd;
    const int64_t sr = sn % sd;
    CHECK(sq * sd + sr == sn);
    CHECK(sr == 0 || (sr < 0) == (sn < 0));
  }
  volatile int64_t seven = 7;
  volatile int64_t minus = -2;
  CHECK_EQ(seven / minus, -3);
  CHECK_EQ(seven % minus, 1);
  CHECK_EQ(-seven / minus, 3);
  CHECK_EQ(-seven % minus, -1);
}

void strings() {
  char a[32] = "0123456789abcdef";
  CHECK_EQ(strlen(a), 16u);
  memmove(a + 3, a, 10);
  CHECK(memcmp(a, "0120123456789def", 16) == 0);
  memmove(a, a + 3, 10);
  CHECK(memcmp(a, "0123456789789def", 16) == 0);
  memset(a + 1, '.', 3);
  CHECK(memcmp(a, "0...456789789def", 17) == 0);
  char b[32] = {};
  memcpy(b, a, 17);
  CHECK(strcmp(a, b) == 0);
  CHECK(strcmp("ab", "abc") < 0);
  CHECK(strcmp("b", "abc") > 0);
  CHECK(strncmp("abX", "abY", 2) == 0);
  CHECK(strncmp("ab", "ab", 10) == 0);
  CHECK(memcmp("\xff", "\x01", 1) > 0);
}

extern "C" GO_NOINLINE void exercise_named() { __asm__ volatile("" : : : "memory"); }

void symbols() {
  char name[64];
  symbolize(reinterpret_cast<uintptr_t>(&exercise_named), name, sizeof(name));
  CHECK(strcmp(name, "exercise_named+0x0") == 0);
  symbolize(16, name, sizeof(name));
  CHECK(strcmp(name, "?") == 0);
  // Cut, and still a string.
  char small[8];
  symbolize(reinterpret_cast<uintptr_t>(&exercise_named), small, sizeof(small));
  CHECK(strlen(small) < sizeof(small));
}

// Each call reaches the kernel with its arguments in their places: the answers fit together.
void calls() {
#if defined(__linux__)  // FreeBSD answers a number that it does not know with SIGSYS
  CHECK_EQ(sys::call(1000), -sys::kENOSYS);
#endif
  CHECK_EQ(sys::close(-1), -sys::kEBADF);
  CHECK_EQ(sys::open("/no/such/file", sys::kO_RDONLY), -sys::kENOENT);
  CHECK_EQ(sys::gettid() > 0, true);
  CHECK_EQ(sys::kill(static_cast<int>(sys::getpid()), 0), 0);

  int fds[2] = {};
  CHECK_EQ(sys::pipe2(fds, sys::kO_NONBLOCK), 0);
  sys::PollFd poll = {fds[0], sys::kPOLLIN, 0};
  CHECK_EQ(sys::poll(&poll, 1, 0), 0);
  char c = 0;
  CHECK_EQ(sys::read(fds[0], &c, 1), -sys::kEAGAIN);
  CHECK_EQ(sys::write(fds[1], "z", 1), 1);
  CHECK_EQ(sys::poll(&poll, 1, -1), 1);
  CHECK_EQ(sys::dup2(fds[0], fds[1]), fds[1]);
  CHECK_EQ(sys::read(fds[1], &c, 1), 1);
  CHECK_EQ(c, 'z');

  // mmap with all six arguments: the second page of a file.
  const long fd = sys::open(sys::executable(), sys::kO_RDONLY);
  CHECK(fd >= 0);
  CHECK(sys::fstatsize(static_cast<int>(fd)) > 8192);
  static char file[8192];
  CHECK_EQ(sys::read(static_cast<int>(fd), file, sizeof(file)), 8192);
  const long at =
      sys::mmap(nullptr, 4096, sys::kPROT_READ, sys::kMAP_PRIVATE, static_cast<int>(fd), 4096);
  CHECK(!sys::iserror(at));
  CHECK(memcmp(reinterpret_cast<void*>(at), file + 4096, 4096) == 0);
  CHECK_EQ(sys::munmap(reinterpret_cast<void*>(at), 4096), 0);
  CHECK(sys::iserror(sys::mmap(nullptr, 0, sys::kPROT_READ, sys::kMAP_PRIVATE, -1, 0)));

  sys::Rlimit limit = {};
  CHECK_EQ(sys::getrlimit(sys::kRLIMIT_STACK, &limit), 0);
  CHECK(limit.cur > 0 && limit.cur <= limit.max);

  const int64_t before = sys::nanotime();
  const sys::Timespec ts = {0, 2000000};
  CHECK_EQ(blocking([&] { return sys::nanosleep(&ts, nullptr); }), 0);
  CHECK(sys::nanotime() - before >= 2000000);

  // Pending, taken without a handler.
  const sys::SigSet set = sys::sigmask(sys::kSIGUSR1);
  sys::SigSet old = {};
  LockOSThread();
  CHECK_EQ(sys::sigprocmask(sys::kSIG_BLOCK, &set, &old), 0);
  CHECK_EQ(
      sys::tgkill(static_cast<int>(sys::getpid()), static_cast<int>(sys::gettid()), sys::kSIGUSR1),
      0);
  sys::SigSet pending = {};
  CHECK_EQ(sys::sigpending(&pending), 0);
  CHECK(pending == set);
  sys::SigInfo info = {};
  CHECK_EQ(sys::sigtimedwait(&set, &info, nullptr), sys::kSIGUSR1);
  CHECK_EQ(info.signo, sys::kSIGUSR1);
  CHECK_EQ(info.code, sys::kSI_TKILL);
  CHECK_EQ(info.pid, sys::kSentNamesSender ? sys::getpid() : 0);
  CHECK_EQ(sys::sigprocmask(sys::kSIG_SETMASK, &old, nullptr), 0);

  // A child by fork and exec that ends by a signal; its usage comes back in the fourth argument.
  const long pid = sys::fork();
  if (pid == 0) {
    for (int i = 0; i < 100000; i++) cpurelax();
    sys::kill(static_cast<int>(sys::getpid()), sys::kSIGKILL);
  }
  int status = 0;
  sys::Rusage usage = {};
  memset(&usage, 0xff, sizeof(usage));
  CHECK_EQ(sys::wait4(static_cast<int>(pid), &status, 0, &usage), pid);
  CHECK(sys::wifsignaled(status) && !sys::wifexited(status));
  CHECK_EQ(sys::wtermsig(status), sys::kSIGKILL);
  CHECK(usage.utime.sec == 0 && usage.utime.usec >= 0 && usage.utime.usec < 1000000);
  CHECK_EQ(sys::wait4(-1, nullptr, sys::kWNOHANG, nullptr), -sys::kECHILD);
}

}  // namespace

const Case kSupportCases[] = {
    {"print", print},     {"division", division}, {"strings", strings},
    {"symbols", symbols}, {"calls", calls},       {nullptr, nullptr},
};

}  // namespace exercise
