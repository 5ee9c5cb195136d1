// The runtime's historical defects, one build-time switch each. A build has none of them, or
// exactly one: -DFAULTLINE_DEFECT_<NAME>=1 (Bazel: //runtime:runtime.<name>,
// //runtime:runtime.hosted.<name>). Only the sources that ask for a defect are compiled again for
// it.
#ifndef FAULTLINE_RUNTIME_DEFECTS_H_
#define FAULTLINE_RUNTIME_DEFECTS_H_

// trust-m: sigtramp takes the thread's m from thread-local storage and uses it unchecked. On a
// thread that the runtime did not make there is no m: the handler reads through a null pointer (or,
// where the thread has no thread-local storage at all, through segment base 0), inside a handler
// with every signal blocked. The process dies by SIGSEGV and says nothing. Go up to r60 and before
// CL 5797068 (March 2012); golang.org/issue/3250.
#ifndef FAULTLINE_DEFECT_TRUST_M
#define FAULTLINE_DEFECT_TRUST_M 0
#endif

// badsignal: the answer of March 2012 (Go CL 5797068). sigtramp looks whether there is an m; if
// there is none the process writes "runtime: signal received on thread not created by Go.\n" to fd
// 2 and exits with 2. Nothing is corrupted, but a library's own thread may still take the whole
// program down. (Go 1.0 wrote exactly this. Go 1.1 let SIGPROF pass and named the signal: "… not
// created by Go: SIGUSR1"; from 1.2 on it first tried to queue the signal.) Here the thread is told
// by the stack it stands on, not by its m, so that this defect is about the answer alone.
#ifndef FAULTLINE_DEFECT_BADSIGNAL
#define FAULTLINE_DEFECT_BADSIGNAL 0
#endif

// fixed-64k: g0's stack guard is put 64 KB below the first stack pointer seen, whatever the stack's
// real size: rt0 of Go 1.0 and later, "create istack out of the given (operating system) stack",
// (-64*1024+104)(SP), unless initcgo knows better. C code that uses more and calls back meets
// morestack on g0, which cannot grow that stack: INT $3, death by SIGTRAP without a word.
#ifndef FAULTLINE_DEFECT_FIXED_64K
#define FAULTLINE_DEFECT_FIXED_64K 0
#endif

// fixed-8k: the same with 8 KB, (-8192+104)(SP): rt0 before, on every arch.
#ifndef FAULTLINE_DEFECT_FIXED_8K
#define FAULTLINE_DEFECT_FIXED_8K 0
#endif

// attr-size: the fix of 2011: guard = &local - pthread_attr_getstacksize(default attributes) +
// 4096. Right for a thread of the default size that has just started; wrong for every other: a
// smaller stack is overrun before the guard is met, a larger one is refused (INT $3) with room
// left. golang.org/issue/1328, Go CL 5371042.
#ifndef FAULTLINE_DEFECT_ATTR_SIZE
#define FAULTLINE_DEFECT_ATTR_SIZE 0
#endif

// sa-restart: setsig adds SA_RESTART whatever was asked. It takes the work-around for a kernel that
// loses registers over a restart (never let it restart, loop on EINTR) out again.
// golang.org/issue/6372.
#ifndef FAULTLINE_DEFECT_SA_RESTART
#define FAULTLINE_DEFECT_SA_RESTART 0
#endif

#if FAULTLINE_DEFECT_TRUST_M + FAULTLINE_DEFECT_BADSIGNAL + FAULTLINE_DEFECT_FIXED_64K +       \
        FAULTLINE_DEFECT_FIXED_8K + FAULTLINE_DEFECT_ATTR_SIZE + FAULTLINE_DEFECT_SA_RESTART > \
    1
#error "one defect at a time"
#endif

namespace runtime {

// The defect this program was built with, by its name in the catalogue; "" for none.
extern "C" const char runtime_defect[];

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_DEFECTS_H_
