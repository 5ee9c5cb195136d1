// TLS on linux/arm: TPIDRURO, which programs read and the kernel writes (set_tls).

#include "runtime/os/linux/tls_register.h"
