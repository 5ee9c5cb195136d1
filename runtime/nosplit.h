#ifndef FAULTLINE_RUNTIME_NOSPLIT_H_
#define FAULTLINE_RUNTIME_NOSPLIT_H_

// A function without a stack check on entry, for paths that run before there is a g, on a borrowed
// stack, or too near a stack's end. Everything else in the runtime is compiled with
// -finstrument-function-entry-bare, and so calls __cyg_profile_func_enter_bare (arch/<arch>/asm.S),
// which compares the stack pointer with g->stackguard and goes to morestack. Code compiled without
// that flag is "C" in this runtime's terms.
#define GO_NOSPLIT __attribute__((no_instrument_function))

// A function that must keep a frame of its own, because a test or a traceback looks for it.
#define GO_NOINLINE __attribute__((noinline))

#endif  // FAULTLINE_RUNTIME_NOSPLIT_H_
