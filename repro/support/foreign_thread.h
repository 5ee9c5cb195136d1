// Threads that the runtime did not make and does not know.
//
// Made by the kernel's own call (clone, thr_new), each on a stack of its own with a guard page
// below (on Windows by the system); in the hosted twin those with thread-local storage of their own
// come from pthread_create.

#ifndef REPRO_SUPPORT_FOREIGN_THREAD_H_
#define REPRO_SUPPORT_FOREIGN_THREAD_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/sys/sys.h"

namespace faultline::support {

// What a foreign thread finds in its TLS register (FS on amd64, GS on 386), from its first
// instruction on.
enum class Tls {
  kOwn,        // a block of its own, empty: no m
  kNone,       // nothing: the base is 0
  kInherited,  // its creator's, as after a clone() without CLONE_SETTLS
};

class ForeignThread {
 public:
  struct Options {
    // Usable bytes of stack, rounded up to pages.
    size_t stack_size = size_t{256} << 10;
    Tls tls = Tls::kOwn;
    // The thread is born with every signal blocked; its first system call sets this mask.
    runtime::sys::SigSet mask = {};
    // A signal that is pending for the thread before that call; 0: none.
    int pending = 0;
  };

  ForeignThread() = default;
  ForeignThread(const ForeignThread&) = delete;
  ForeignThread& operator=(const ForeignThread&) = delete;

  // Starts function(argument) on a new thread. Ends the process as broken if there is none to be
  // had.
  void Start(void (*function)(void*), void* argument, const Options& options);
  void Start(void (*function)(void*), void* argument) { Start(function, argument, Options()); }

  // Waits until the thread is gone, and frees its stack. On a goroutine; lets others run meanwhile.
  void Join();

  // The lowest usable address of the thread's stack: below is a page without access. From Start()
  // on.
  uintptr_t stack_low() const { return stack_low_; }

 private:
  static void Enter(void* self);

  void (*function_)(void*) = nullptr;
  void* argument_ = nullptr;
  runtime::sys::ThreadLife life_;
  int32_t tid_ = 0;
  uintptr_t stack_low_ = 0;
#if !defined(_WIN32)
  runtime::sys::SigSet mask_ = {};
  int pending_ = 0;  // what the thread has to send itself
  uintptr_t mapping_ = 0;
  size_t mapping_size_ = 0;
#endif
#if FAULTLINE_HOSTED
  static void* EnterPthread(void* self);

  uintptr_t pthread_ = 0;
#endif
};

// Waits until *word is `value`. On a goroutine, with the scheduler handed on. Whoever changes the
// word calls Set().
void WaitFor(const uint32_t* word, uint32_t value);
// The same for code that is not a goroutine: the thread sleeps.
void ForeignWaitFor(const uint32_t* word, uint32_t value);
// Sets *word and wakes who waits for it. Anywhere, in handlers too.
void Set(uint32_t* word, uint32_t value);

}  // namespace faultline::support

#endif  // REPRO_SUPPORT_FOREIGN_THREAD_H_
