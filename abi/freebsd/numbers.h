/* Call numbers that assembly needs; calls.h is the whole table, native.h holds both equal. Then
   what the ways into the kernel have of their own. */
#ifndef FAULTLINE_ABI_FREEBSD_NUMBERS_H_
#define FAULTLINE_ABI_FREEBSD_NUMBERS_H_

#define NR_exit 1
#define NR_fork 2
#define NR_wait4 7
#define NR_freebsd10_pipe 42
#define NR_thr_exit 431

/* An error is told by the carry flag, and is positive; on 386 arguments are words on the stack,
   above one that is passed over. */
#define FAULTLINE_BSD_CALLS 1
/* A forked child is told by its second result, 1 (amd64/amd64/vm_machdep.c, i386/i386/vm_machdep.c,
 * cpu_fork). */
#define FAULTLINE_FORK_TELLS_BY_SECOND 1
/* amd64: where INT 0x80 has the fourth argument; SYSCALL has it in r10
 * (amd64/ia32/ia32_exception.S). */
/* clang-format off */
#define FAULTLINE_INT80_FOURTH %rcx
/* clang-format on */
/* amd64: how many of a call's arguments are still in their registers after SYSCALL: a fast way back
   reloads these alone (amd64/amd64/exception.S, fast_syscall). */
#define FAULTLINE_SYSCALL_KEEPS 3

#endif /* FAULTLINE_ABI_FREEBSD_NUMBERS_H_ */
