/* Call numbers that assembly needs; calls.h is the whole table, native.h holds both equal. */
#ifndef FAULTLINE_ABI_NETBSD_NUMBERS_H_
#define FAULTLINE_ABI_NETBSD_NUMBERS_H_

#define NR_exit 1
#define NR_fork 2
#define NR_setcontext 308
#define NR_lwp_exit 310
#define NR_wait4 449

#endif /* FAULTLINE_ABI_NETBSD_NUMBERS_H_ */
