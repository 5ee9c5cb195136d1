/* Call numbers that assembly needs; call_list.h is the whole table, native.h holds both equal. Then
   what the ways into the kernel have of their own. */
#ifndef FAULTLINE_ABI_OPENBSD_NUMBERS_H_
#define FAULTLINE_ABI_OPENBSD_NUMBERS_H_

#define NR_exit 1
#define NR_fork 2
#define NR_tfork 8
#define NR_wait4 11
#define NR_sigreturn 103
#define NR_threxit 302

/* An error is told by the carry flag, and is positive; on 386 arguments are words on the stack,
   above one that is passed over. */
#define FAULTLINE_BSD_CALLS 1
/* A process is not told its own map (kern/kern_sysctl.c, sysctl_proc_vmmap: root's alone). */
#define FAULTLINE_NO_MAP 1
/* Where a program has memory that it will map anew, as a stack: nowhere else may it, since 7.3
   (kern/exec_elf.c, PT_OPENBSD_MUTABLE). */
/* clang-format off */
#define FAULTLINE_STACK_SECTION .section .openbsd.mutable, "aw", @nobits
/* clang-format on */

#endif /* FAULTLINE_ABI_OPENBSD_NUMBERS_H_ */
