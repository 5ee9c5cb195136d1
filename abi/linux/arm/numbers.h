/* Call numbers that assembly needs; arm/calls.h is the whole table, native.h holds both equal. */
#ifndef FAULTLINE_ABI_LINUX_ARM_NUMBERS_H_
#define FAULTLINE_ABI_LINUX_ARM_NUMBERS_H_

#define NR_exit 1
#define NR_fork 2
#define NR_munmap 91
#define NR_wait4 114
#define NR_clone 120
#define NR_rt_sigreturn 173
#define NR_vfork 190
#define NR_exit_group 248

/* asm/unistd.h, __ARM_NR_set_tls: of the calls of this arch alone. */
#define NR_arm_set_tls 0xf0005

#endif /* FAULTLINE_ABI_LINUX_ARM_NUMBERS_H_ */
