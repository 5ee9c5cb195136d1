/* Call numbers that assembly needs; calls.h is the whole table, native.h holds both equal. */
#ifndef FAULTLINE_ABI_FREEBSD_NUMBERS_H_
#define FAULTLINE_ABI_FREEBSD_NUMBERS_H_

#define NR_exit 1
#define NR_fork 2
#define NR_wait4 7
#define NR_freebsd10_pipe 42
#define NR_thr_exit 431

#endif /* FAULTLINE_ABI_FREEBSD_NUMBERS_H_ */
