// The start of a program, once the port (os/<os>/rt0.cc, hosted.cc) has made sense of what the
// kernel handed over.
#ifndef FAULTLINE_RUNTIME_PROC_START_H_
#define FAULTLINE_RUNTIME_PROC_START_H_

#include <stdint.h>

namespace runtime {

// Makes m0 of the calling thread, whose TLS stands, and runs go_main. The port knows where the main
// thread's stack ends. sp: within the caller's frame, on the main stack.
[[noreturn]] void startruntime(int argc, char** argv, char** envp, uintptr_t sp);

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_PROC_START_H_
