/* Call numbers that assembly needs; amd64/calls.h is the whole table, linux.h holds both equal. */
#ifndef FAULTLINE_ABI_LINUX_AMD64_NUMBERS_H_
#define FAULTLINE_ABI_LINUX_AMD64_NUMBERS_H_

#define NR_munmap 11
#define NR_rt_sigreturn 15
#define NR_clone 56
#define NR_fork 57
#define NR_vfork 58
#define NR_wait4 61
#define NR_exit 60
#define NR_arch_prctl 158
#define NR_exit_group 231

#endif /* FAULTLINE_ABI_LINUX_AMD64_NUMBERS_H_ */
