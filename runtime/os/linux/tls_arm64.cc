// TLS on linux/arm64: TPIDR_EL0, which programs read and write by themselves.

#include "runtime/os/linux/tls_register.h"
