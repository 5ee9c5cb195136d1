// Threads that the runtime did not make and does not know.
//
// The freestanding ones are made by a raw clone(), each on a stack of its own with a guard page below. In the hosted twin
// those with thread-local storage of their own come from pthread_create.

#ifndef REPRO_SUPPORT_FOREIGN_THREAD_H_
#define REPRO_SUPPORT_FOREIGN_THREAD_H_

#include <stddef.h>
#include <stdint.h>

namespace faultline::support {

// What a foreign thread finds in its TLS register (FS on amd64, GS on 386).
enum class Tls {
  kOwn,        // a block of its own, all zero: no m
  kNone,       // nothing: the base, or on 386 the selector, is 0
  kInherited,  // what its creator has: clone() without CLONE_SETTLS
};

class ForeignThread {
 public:
  struct Options {
    // Usable bytes, rounded up to pages. 0: what a thread gets by default, RLIMIT_STACK or 8 MiB.
    size_t stack_size = size_t{256} << 10;
    Tls tls = Tls::kOwn;
  };

  ForeignThread() = default;
  ForeignThread(const ForeignThread&) = delete;
  ForeignThread& operator=(const ForeignThread&) = delete;

  // Starts function(argument) on a new thread, which inherits the caller's signal mask. Dies with a note on failure: a
  // reproduction without its thread has nothing to say.
  void Start(void (*function)(void*), void* argument, const Options& options);

  // Waits until the thread is gone, and frees its stack.
  void Join();

  // The kernel's number of the thread. Valid from Start() on.
  int tid() const { return tid_; }

  // The usable bounds of the thread's stack; the byte below `stack_low` is not mapped. Of a pthread the bounds are those
  // that pthread_getattr_np tells.
  uintptr_t stack_low() const { return stack_low_; }
  uintptr_t stack_high() const { return stack_high_; }

 private:
  // Written by the kernel at the thread's end (CLONE_CHILD_CLEARTID), read by Join.
  int alive_ = 0;
  int tid_ = 0;
  uintptr_t stack_low_ = 0;
  uintptr_t stack_high_ = 0;
  void* mapping_ = nullptr;
  size_t mapping_size_ = 0;
  uintptr_t pthread_ = 0;
};

}  // namespace faultline::support

#endif  // REPRO_SUPPORT_FOREIGN_THREAD_H_
