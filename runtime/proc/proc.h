// Goroutines (G), threads (M) and the scheduler, with Go 1.0's names and rules: one global run
// queue, at most mcpumax threads in goroutine code at a time, no preemption.
#ifndef FAULTLINE_RUNTIME_PROC_PROC_H_
#define FAULTLINE_RUNTIME_PROC_PROC_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/nosplit.h"
#include "runtime/proc/lock.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tls.h"

namespace runtime {

struct M;
struct PanicPoint;
struct CgoFrame;

// Bytes. A goroutine's stack is mapped whole, with a page without access below it, and does not
// grow.
inline constexpr size_t kStackSize = 64 << 10;
inline constexpr size_t kMainStackSize = 1 << 20;
// Bytes between a stack's low end and its guard: what the unchecked functions (GO_NOSPLIT,
// assembly) and the report of an overflow may use. Go 1.0's initcgo left 4096 too.
inline constexpr size_t kStackGuard = 4096;
// Bytes that a goroutine's stack has below that, for what the OS puts there by itself: nothing
// where handlers have a stack of their own; on Windows a frame for an exception, and what ntdll
// uses until the runtime gets hold of it.
#if defined(_WIN32)
inline constexpr size_t kFrameRoom = 12 << 10;
#else
inline constexpr size_t kFrameRoom = 0;
#endif
// Bytes of a gsignal slot, page without access included.
inline constexpr size_t kSignalSlot = 64 << 10;
// Most threads a program may have, those kept for foreign threads included.
inline constexpr int kMaxThreads = 1024;

// A saved place to continue at. Assembly knows the layout (arch/<arch>/offsets.h).
struct Gobuf {
  uintptr_t sp;  // what the stack pointer will be
  uintptr_t pc;
  uintptr_t bp;  // frame pointer
};

enum class GStatus : uint32_t {
  kIdle,      // just made
  kRunnable,  // in the run queue
  kRunning,   // on an m
  kSyscall,   // in a system call or in C
  kWaiting,   // parked
  kDead,
};

// A goroutine, or a thread's g0 or gsignal. Assembly knows the first fields.
struct G {
  uintptr_t stackguard;  // below this, morestack
  uintptr_t stacklo;  // lowest usable address; for g0 as the runtime believes it (a defect may err)
  uintptr_t stackhi;  // one past the highest
  Gobuf sched;
  M* m;  // the m it runs on, or null

  GStatus status;
  int64_t goid;  // 1 is the main goroutine; 0 for g0 and gsignal
  void (*fn)(void*);
  void* arg;
  G* schedlink;  // the run queue, free list or a waiting list
  G* alllink;
  M* lockedm;         // the only m that may run it
  int32_t lockcount;  // LockOSThread calls and C frames that hold it there
  size_t stackbytes;  // of the mapping, page without access included
  const char* waitreason;
  PanicPoint* panicpoint;  // innermost recover()
  uintptr_t sigpc;         // sigpanic: the instruction, its signal, code and address
  uintptr_t sigaddr;
  int32_t sig;
  int32_t sigcode;
  const void* sigcontext;  // sigpanic: registers at the fault; valid until the panic is over
};

// Whether the m's thread runs a signal hook, and whose thread that is.
enum class InSignal : uint32_t { kNone, kOwn, kForeign };

// A thread. Assembly knows the first fields.
struct M {
  G* g0;          // its scheduling stack: the thread's own; C code runs here
  G* gsignal;     // its signal stack
  G* curg;        // the goroutine it runs, or null
  uintptr_t tls;  // thread pointer of the block made for it, or 0 (a hosted thread has its libc's)

  int32_t id;   // also its signal slot
  int32_t tid;  // the kernel's; 0 while it has no thread
  G* nextg;     // handed over by whoever wakes it
  Note havenextg;
  bool idle;           // waiting on havenextg
  G* lockedg;          // the only g it may run
  M* schedlink;        // idle or extra list
  int32_t ncgo;        // C calls in progress, nested
  int32_t incallback;  // callbacks in progress, nested
  CgoFrame* cgoframe;  // the innermost call
  // The true bounds of the thread's stack, whatever g0 believes.
  uintptr_t threadlo;
  uintptr_t threadhi;
  // What a foreign thread had, for dropm.
  ThreadTls oldtls;
  bool switchedtls;
  sys::SigSet oldmask;
  sys::StackT oldaltstack;
  void (*waitunlock)(Lock*);  // park's, until g is off the thread
  Lock* waitlock;
  InSignal insignal;  // for sigplace
};

// The goroutine and the thread that run this code. Null on a foreign thread that is not in a
// callback.
G* getg();
M* getm();

// Starts fn(arg) on a new goroutine. stacksize is in bytes, rounded up to pages. Callable from any
// goroutine and from g0.
G* newproc(void (*fn)(void*), void* arg, size_t stacksize = kStackSize);

// Lets others run. Only on a goroutine, as everything down to goexit.
void gosched();

// Parks this goroutine until ready(); calls unlock(lock) once it can be readied. reason (static)
// appears in tracebacks.
void park(void (*unlock)(Lock*), Lock* lock, const char* reason);

// Makes a parked goroutine runnable. From any goroutine or g0, not from a signal handler.
void ready(G* g);

// Ends this goroutine.
[[noreturn]] void goexit();

// Ties this goroutine to its thread until as many UnlockOSThread calls: no other goroutine runs
// there.
void LockOSThread();
void UnlockOSThread();

// Sets how many threads may run goroutines at once, returns the old value; n < 1 only asks.
// Default: the CPUs the process may use.
int32_t gomaxprocs(int32_t n);

// Brackets for a system call that may block: between them the thread does not count against
// gomaxprocs, and another may be started for what is runnable. No goroutine function may be called
// in between.
void entersyscall();
void exitsyscall();

// Runs f(), which may block in the kernel, between entersyscall and exitsyscall.
template <typename F>
auto blocking(F&& f) {
  entersyscall();
  auto result = f();
  exitsyscall();
  return result;
}

// Counting semaphore for goroutines.
struct Sema {
  Lock lock;
  uint32_t count = 0;
  G* head = nullptr;
  G* tail = nullptr;
};
void semacquire(Sema* s);
void semrelease(Sema* s);

// While anything outside of the runtime (a foreign thread) may still ready a goroutine, a program
// without runnable goroutines is not dead. A foreign callback counts by itself from the first one
// on.
void externalbegin();
void externalend();

// Runs fn(arg) on this thread's g0 and returns; plainly calls it when already there.
void systemstack(void (*fn)(void*), void* arg);

// Counts, for tests and reports.
int64_t numgoroutine();
int32_t numthread();

// Exits the whole process.
[[noreturn]] void exit(int code);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_PROC_PROC_H_
