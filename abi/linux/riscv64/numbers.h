/* Call numbers that assembly needs; riscv64/calls.h is the whole table, native.h holds both equal.
 */
#ifndef FAULTLINE_ABI_LINUX_RISCV64_NUMBERS_H_
#define FAULTLINE_ABI_LINUX_RISCV64_NUMBERS_H_

#define NR_exit 93
#define NR_exit_group 94
#define NR_rt_sigreturn 139
#define NR_munmap 215
#define NR_clone 220
#define NR_wait4 260

#endif /* FAULTLINE_ABI_LINUX_RISCV64_NUMBERS_H_ */
