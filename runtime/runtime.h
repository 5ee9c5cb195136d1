// Everything a program for this runtime needs. A program defines go_main; the runtime's entry point
// (rt0, or main beside a libc) makes m0 and g0 and runs go_main on the main goroutine. When go_main
// returns, the process exits with 0.
//
// Goroutines are C++ functions. Foreign ("C") code is code compiled without the runtime's stack
// check; it belongs on g0 (cgocall) or on threads of its own. A goroutine's stack is fixed:
// kStackSize unless asked.
#ifndef FAULTLINE_RUNTIME_RUNTIME_H_
#define FAULTLINE_RUNTIME_RUNTIME_H_

#include "runtime/cgo/cgo.h"
#include "runtime/defects.h"
#include "runtime/proc/chan.h"
#include "runtime/proc/panic.h"
#include "runtime/proc/proc.h"
#include "runtime/signal/signal.h"
#include "runtime/sys/context.h"
#include "runtime/sys/print.h"
#include "runtime/sys/string.h"
#include "runtime/sys/sys.h"

// The program. Runs on the main goroutine (stack kMainStackSize), which is not locked to the main
// thread.
extern "C" void go_main(int argc, char** argv, char** envp);

#endif  // FAULTLINE_RUNTIME_RUNTIME_H_
