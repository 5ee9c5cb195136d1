#ifndef FAULTLINE_RUNTIME_SYS_TYPES_H_
#define FAULTLINE_RUNTIME_SYS_TYPES_H_

// One header of this shape per OS.
#if defined(__linux__)
#include "runtime/os/linux/types.h"
#elif defined(__FreeBSD__)
#include "runtime/os/freebsd/types.h"
#elif defined(__NetBSD__)
#include "runtime/os/netbsd/types.h"
#else
#error "no port of the runtime for this OS"
#endif

#endif  // FAULTLINE_RUNTIME_SYS_TYPES_H_
