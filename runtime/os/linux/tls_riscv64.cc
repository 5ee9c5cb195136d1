// TLS on linux/riscv64: the general register tp.

#include "runtime/os/linux/tls_register.h"
