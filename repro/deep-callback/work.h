// What the goroutine in the callback does.

#ifndef REPRO_DEEP_CALLBACK_WORK_H_
#define REPRO_DEEP_CALLBACK_WORK_H_

#include <stddef.h>
#include <stdint.h>

namespace faultline::repro {

// C in the callback uses at least so much stack of its own.
inline constexpr size_t kWorkStack = 2048;

// Everything that a goroutine can do: channels and scheduling with others, stack of its own, C, and
// a callback from there. Puts a checksum that depends on all of it into the uint64_t at `result`.
// On a goroutine.
void Work(void* result);

// What Work() must come to, by plain arithmetic.
uint64_t WorkResult();

}  // namespace faultline::repro

#endif  // REPRO_DEEP_CALLBACK_WORK_H_
