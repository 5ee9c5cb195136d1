// A program for FreeBSD/amd64 that makes one call again and again:
//
//   foreign_calls JOB COUNT
//
// It writes to fd 1 what that took, in nanoseconds, as 8 bytes.
#include "suites/foreign/guest.h"

namespace {

namespace os = faultline::abi::native;
using guest::Address;
using guest::Call;

// getpid by the other path.
long Int80(long number) {
  __asm__ volatile("int $0x80" : "+a"(number) : : "rdx", "memory", "cc");
  return number;
}

void Getpid(long count) {
  for (long i = 0; i < count; ++i) Call(os::k_getpid);
}
void GetpidInt80(long count) {
  for (long i = 0; i < count; ++i) Int80(os::k_getpid);
}
void Sigprocmask(long count) {
  os::SigSet set = {}, old;
  for (long i = 0; i < count; ++i)
    Call(os::k_sigprocmask, os::kSIG_BLOCK, Address(&set), Address(&old));
}
// A wake of nobody.
void Umtx(long count) {
  uint32_t word = 0;
  for (long i = 0; i < count; ++i) Call(os::k__umtx_op, Address(&word), os::kUMTX_OP_WAKE, 1);
}
void Read(long count) {
  char byte;
  long fd = Call(os::k_open, Address("/dev/zero"), os::kO_RDONLY);
  for (long i = 0; i < count; ++i) Call(os::k_read, fd, Address(&byte), 1);
}

int64_t Now() {
  os::Timespec now;
  Call(os::k_clock_gettime, os::kCLOCK_MONOTONIC, Address(&now));
  return now.sec * 1000000000 + now.nsec;
}

constexpr struct {
  const char* name;
  void (*run)(long count);
} kJobs[] = {
    {"getpid", Getpid}, {"getpid-int80", GetpidInt80}, {"sigprocmask", Sigprocmask}, {"umtx", Umtx},
    {"read", Read},
};

}  // namespace

extern "C" [[noreturn]] void GuestMain(const long* stack) {
  if (stack[0] != 3) guest::Exit(64);
  const auto* words = reinterpret_cast<const char* const*>(stack + 1);
  long count = 0;
  for (const char* at = words[2]; *at != '\0'; ++at) count = count * 10 + (*at - '0');
  for (const auto& job : kJobs) {
    if (!guest::Same(job.name, words[1])) continue;
    int64_t begin = Now();
    job.run(count);
    int64_t took = Now() - begin;
    Call(os::k_write, 1, Address(&took), sizeof took);
    guest::Exit(0);
  }
  guest::Exit(64);
}
