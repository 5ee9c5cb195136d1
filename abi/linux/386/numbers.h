/* Call numbers that assembly needs; 386/calls.h is the whole table, linux.h holds both equal. */
#ifndef FAULTLINE_ABI_LINUX_386_NUMBERS_H_
#define FAULTLINE_ABI_LINUX_386_NUMBERS_H_

#define NR_exit 1
#define NR_fork 2
#define NR_munmap 91
#define NR_wait4 114
#define NR_clone 120
#define NR_rt_sigreturn 173
#define NR_vfork 190
#define NR_set_thread_area 243
#define NR_exit_group 252

#endif /* FAULTLINE_ABI_LINUX_386_NUMBERS_H_ */
