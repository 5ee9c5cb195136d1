// Foreign code: what the runtime calls C. No function here checks its stack.

#include "suites/runtime/exercise.h"

namespace exercise {

using namespace runtime;  // NOLINT(google-build-using-namespace)

namespace {

void entry(void* p) {
  auto* f = static_cast<Foreign*>(p);
  f->tid = static_cast<int32_t>(sys::gettid());
  sys::sigprocmask(sys::kSIG_SETMASK, &f->mask, nullptr);
  f->fn(f);
}

}  // namespace

extern "C" void foreign_start(Foreign* f, ForeignTls tls) {
  if (f->stackbytes == 0) f->stackbytes = 256 << 10;
  const long at =
      sys::mmap(nullptr, f->stackbytes + sys::kPageSize, sys::kPROT_READ | sys::kPROT_WRITE,
                sys::kMAP_PRIVATE | sys::kMAP_ANONYMOUS | sys::kMAP_NORESERVE, -1, 0);
  CHECK(!sys::iserror(at));
  sys::mprotect(reinterpret_cast<void*>(at), sys::kPageSize, sys::kPROT_NONE);
  f->stack = static_cast<uintptr_t>(at) + sys::kPageSize;
  sys::sigprocmask(sys::kSIG_SETMASK, nullptr, &f->mask);
  const long tid = sys::rawthread(reinterpret_cast<void*>(f->stack), f->stackbytes,
                                  tls == kNoTls ? 0 : sys::threadpointer(), &f->life, entry, f);
  CHECK(tid > 0);
  f->tid = static_cast<int32_t>(tid);
}

extern "C" void foreign_join(Foreign* f) {
  sys::waitthread(&f->life);
  sys::munmap(reinterpret_cast<void*>(f->stack - sys::kPageSize), f->stackbytes + sys::kPageSize);
}

namespace {

// Writes to each page, from the upper end down, as calls that use the stack would.
void touch(char* lo, size_t bytes) {
  for (size_t at = bytes; at > 0; at -= at < 1024 ? at : 1024) lo[at - 1] = 1;
  __asm__ volatile("" : : "r"(lo) : "memory");
}

}  // namespace

extern "C" __attribute__((noinline)) void c_deep(size_t bytes, void (*fn)(void*), void* arg) {
  auto* frame = static_cast<char*>(__builtin_alloca(bytes));
  touch(frame, bytes);
  fn(arg);
  touch(frame, 1);
}

extern "C" __attribute__((noinline)) void c_overflow() {
  auto* frame = static_cast<char*>(__builtin_alloca(1024));
  touch(frame, 1024);
  if (frame[1023] == 1) c_overflow();
  touch(frame, 1);
}

extern "C" __attribute__((noinline)) void c_fault() { *reinterpret_cast<volatile int*>(8) = 1; }

}  // namespace exercise
