#ifndef FAULTLINE_RUNTIME_SYS_TYPES_H_
#define FAULTLINE_RUNTIME_SYS_TYPES_H_

// One header of this shape per OS: runtime/os/OS/types.h. The build says which.
#include FAULTLINE_TYPES_H

#endif  // FAULTLINE_RUNTIME_SYS_TYPES_H_
