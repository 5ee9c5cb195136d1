/* Call numbers that assembly needs; calls.h is the whole table, native.h holds both equal. Then
   what the ways into the kernel have of their own. */
#ifndef FAULTLINE_ABI_NETBSD_NUMBERS_H_
#define FAULTLINE_ABI_NETBSD_NUMBERS_H_

#define NR_exit 1
#define NR_fork 2
#define NR_setcontext 308
#define NR_lwp_exit 310
#define NR_wait4 449

/* An error is told by the carry flag, and is positive; on 386 arguments are words on the stack,
   above one that is passed over. */
#define FAULTLINE_BSD_CALLS 1

#endif /* FAULTLINE_ABI_NETBSD_NUMBERS_H_ */
