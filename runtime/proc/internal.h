// What the parts of the runtime share with each other, and no program needs.
#ifndef FAULTLINE_RUNTIME_PROC_INTERNAL_H_
#define FAULTLINE_RUNTIME_PROC_INTERNAL_H_

#include "runtime/arch/arch.h"
#include "runtime/cgo/cgo.h"
#include "runtime/nosplit.h"
#include "runtime/proc/panic.h"
#include "runtime/proc/proc.h"
#include "runtime/sys/sys.h"

namespace runtime {

// Where recover() continues, and how deep in calls into C it was made.
struct PanicPoint {
  JmpBuf jmp;
  PanicPoint* outer;
  Panic* panic;
  int32_t ncgo;        // m->ncgo
  int32_t incallback;  // m->incallback
};

// A call into C in progress: it lives on the goroutine's stack, in cgocall's frame.
struct CgoFrame {
  CgoFrame* outer;
  uintptr_t g0sp;  // m->g0->sched.sp before it
};

// --- memory -------------------------------------------------------------------------------------

// Maps bytes (whole pages) with a page without access below; returns the lowest usable address, 0
// when there is no memory. The mapping starts kPageSize below it.
uintptr_t mapstack(size_t bytes);
void unmapstack(uintptr_t lo, size_t bytes);
// Zeroed memory that is never given back; safe on foreign threads and in handlers. Null when there
// is none.
void* sysalloc(size_t bytes);

// --- threads ------------------------------------------------------------------------------------

// The first m, its g0, and the stack that a dying thread reports on.
extern M m0;
extern G g0;
extern "C" G runtime_dieg;

// By id. Slots are filled once and never emptied. Readable from anywhere.
extern M* mtab[kMaxThreads];
// Where the gsignal stacks are: slot i belongs to mtab[i].
extern uintptr_t sigarena;

// The m on whose gsignal stack sp stands, or null: how a handler finds its m without trusting
// thread-local storage.
M* mofsignalstack(uintptr_t sp);

// Makes an m with g0 (no stack yet), gsignal and, where `withtls`, a TLS block. Null when there is
// no memory or there are kMaxThreads. Safe in handlers.
M* allocm(bool withtls);
// Fills in a gsignal for m from the arena.
bool initsignalstack(M* m);
// On the thread itself: its id, alternate stack and signal mask.
void minit(M* m);
// Where a new thread begins, with m and g set. On its g0.
[[noreturn]] void mstart(M* m);
// How many threads the runtime made, the first included.
int32_t threadsmade();

// The signal mask of threads the runtime makes.
extern sys::SigSet threadmask;

// --- the scheduler ------------------------------------------------------------------------------

// Opens the scheduler: goroutines made before wait for it.
void schedinit(int32_t cpus);
// A goroutine with a stack that is in C already: the one on which an extra m's callbacks run.
G* newcallbackg();
void startcallbackg(G* g);  // counts it as running
void stopcallbackg(G* g);   // and not any more
// For panics: abandons the calls into C made since the point. On the goroutine that made them.
void unwindcgo(M* m, const PanicPoint* point);
// Calls f(g) for each goroutine, until it returns false. Without the lock: for dying.
void forallg(bool (*f)(G* g, void* arg), void* arg);
const char* statusname(const G* g);

// --- dying --------------------------------------------------------------------------------------

// Prints the goroutine headline and its frames.
void printgoroutine(const G* g, const char* what, uintptr_t pc, uintptr_t fp);
// Prints the registers of a context, a line of four.
void printregisters(const sys::os::MContext* context);
// The goroutines that are not `but`, a few of them.
void printothers(const G* but);
// Marks that this thread prints the last words; any other that comes stops here for ever.
void startpanic();
// Before a normal end: if a thread prints last words, its status is the process's, so this does not
// return.
void waitforpanic();

// --- the port (os/<os>) --------------------------------------------------------------------------

// Whether a thread that newosproc starts needs a TLS block of its own making (else a libc brings
// it).
extern const bool threadsneedtls;
// Ends the program with status 0, as go_main has returned: beside a libc, its way (buffers,
// atexit). On g0.
void endprogram(void*);
// Starts a thread that runs mstart(m) with g = m->g0. Returns 0 or -errno. On g0.
long newosproc(M* m);
// The bounds of the main thread's stack.
StackBounds mainstackbounds();
// Whether sp is on the main thread's stack.
bool onmainstack(uintptr_t sp);
// The mapping that holds sp; false when it cannot be told. `below` is where the neighbour below
// ends, 0: none; `belowprot` whether it is accessible.
struct Mapping {
  uintptr_t lo;
  uintptr_t hi;
  uintptr_t below;
  bool belowaccessible;
};
bool findmapping(uintptr_t sp, Mapping* out);
// Whether thread-local storage of the program's layout belongs to this very thread, although the
// runtime did not make it: true for a libc's threads.
bool ownsprogramtls();
// The bounds of a libc's thread's stack; false when this is not one or sp is not on it.
bool libcstackbounds(uintptr_t sp, StackBounds* out);
// Lays a TLS block of the program's layout into fresh memory and returns its thread pointer, with g
// and m in it; 0 when there is no memory. Safe in handlers.
uintptr_t newtls(G* g, M* m);
// Sets g and m in a block that newtls made.
void setblocktls(uintptr_t tp, G* g, M* m);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_PROC_INTERNAL_H_
