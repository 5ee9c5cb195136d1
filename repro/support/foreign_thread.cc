#include "repro/support/foreign_thread.h"

#if FAULTLINE_HOSTED
#include <pthread.h>
#endif

#include "repro/support/program.h"
#include "runtime/arch/arch.h"
#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

namespace {

constexpr size_t kGuardSize = sys::kPageSize;
// Room for a thread's own TLS block, at the high end of its mapping: as much below its thread
// pointer as above.
constexpr size_t kTlsSize = 2 * sys::kPageSize;

}  // namespace

void ForeignThread::Enter(void* self) {
  const auto* thread = static_cast<const ForeignThread*>(self);
  if (thread->pending_ != 0) {
    sys::tgkill(static_cast<int>(sys::getpid()), static_cast<int>(sys::gettid()), thread->pending_);
  }
  sys::sigprocmask(sys::kSIG_SETMASK, &thread->mask_, nullptr);
  thread->function_(thread->argument_);
}

#if FAULTLINE_HOSTED
void* ForeignThread::EnterPthread(void* self) {
  auto* thread = static_cast<ForeignThread*>(self);
  pthread_attr_t attributes;
  void* low = nullptr;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) Broken("pthread_getattr_np", 0);
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  thread->stack_low_ = reinterpret_cast<uintptr_t>(low);
  Set(reinterpret_cast<uint32_t*>(&thread->tid_), static_cast<uint32_t>(sys::gettid()));
  Enter(self);
  return nullptr;
}
#endif

void ForeignThread::Start(void (*function)(void*), void* argument, const Options& options) {
  function_ = function;
  argument_ = argument;
  mask_ = options.mask;
  tid_ = 0;
#if FAULTLINE_MACH
  // What is sent to a process whose threads all block it is the first one's from then on
  // (bsd/kern/kern_sig.c, get_signalthread): none waits for a thread that is yet to be born.
  pending_ = options.pending;
#else
  if (options.pending != 0) sys::kill(static_cast<int>(sys::getpid()), options.pending);
#endif
#if FAULTLINE_HOSTED
  if (options.tls == Tls::kOwn) {
    // As a thread by the kernel's own call is born, too.
    const sys::SigSet all = ~sys::SigSet{};
    sys::SigSet old_mask;
    sys::sigprocmask(sys::kSIG_SETMASK, &all, &old_mask);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    // A libc may insist on more: glibc's least on arm64 is 128 KB (bits/pthread_stack_min.h).
    constexpr size_t kLeastStack = size_t{128} << 10;
    if (pthread_attr_setstacksize(&attributes, options.stack_size) != 0 &&
        pthread_attr_setstacksize(&attributes, kLeastStack) != 0) {
      Broken("pthread_attr_setstacksize", 0);
    }
    pthread_t thread;
    if (const int error = pthread_create(&thread, &attributes, EnterPthread, this); error != 0) {
      Broken("pthread_create", error);
    }
    pthread_attr_destroy(&attributes);
    pthread_ = static_cast<uintptr_t>(thread);
    while (__atomic_load_n(&tid_, __ATOMIC_ACQUIRE) == 0) {
      sys::futexwait(reinterpret_cast<uint32_t*>(&tid_), 0, nullptr);
    }
    sys::sigprocmask(sys::kSIG_SETMASK, &old_mask, nullptr);
    return;
  }
#endif

  const size_t stack_size = (options.stack_size + sys::kPageSize - 1) & ~(sys::kPageSize - 1);
  mapping_size_ = kGuardSize + stack_size + kGuardSize + kTlsSize;
  const intptr_t mapped =
      sys::mmap(nullptr, mapping_size_, sys::kPROT_NONE,
                sys::kMAP_PRIVATE | sys::kMAP_ANONYMOUS | sys::kMAP_NORESERVE, -1, 0);
  if (sys::iserror(mapped)) Broken("mmap of a stack", mapped);
  mapping_ = static_cast<uintptr_t>(mapped);
  const uintptr_t stack = mapping_ + kGuardSize;
  stack_low_ = stack;
  const uintptr_t stack_top = stack + stack_size;
  const uintptr_t tls = stack_top + kGuardSize;
  const int access = sys::kPROT_READ | sys::kPROT_WRITE;
  long error = sys::mprotect(reinterpret_cast<void*>(stack), stack_size, access);
  if (error == 0) error = sys::mprotect(reinterpret_cast<void*>(tls), kTlsSize, access);
  if (error != 0) Broken("mprotect of a stack", error);

  uintptr_t thread_pointer = 0;
  if (options.tls == Tls::kInherited) thread_pointer = sys::threadpointer();
  if (options.tls == Tls::kOwn) {
    thread_pointer = tls + kTlsSize / 2;
    // The psABI's thread control block begins with its own address where the program's storage is
    // below it (Drepper, "ELF Handling For Thread-Local Storage", variant II).
    if (!runtime::kTlsAbove) *reinterpret_cast<uintptr_t*>(thread_pointer) = thread_pointer;
  }
  const long tid = sys::rawthread(reinterpret_cast<void*>(stack), stack_size, thread_pointer,
                                  &life_, Enter, this);
  if (tid < 0) Broken("a thread by the kernel's own call", tid);
  tid_ = static_cast<int32_t>(tid);
}

void ForeignThread::Join() {
#if FAULTLINE_HOSTED
  if (pthread_ != 0) {
    runtime::blocking([&] { return pthread_join(static_cast<pthread_t>(pthread_), nullptr); });
    pthread_ = 0;
    return;
  }
#endif
  runtime::blocking([&] {
    sys::waitthread(&life_);
    return 0;
  });
  sys::munmap(reinterpret_cast<void*>(mapping_), mapping_size_);
}

}  // namespace faultline::support
