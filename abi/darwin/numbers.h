/* Call numbers that assembly needs, as they are put into eax; calls.h is the whole table, native.h
 * holds both equal. */
#ifndef FAULTLINE_ABI_DARWIN_NUMBERS_H_
#define FAULTLINE_ABI_DARWIN_NUMBERS_H_

/* osfmk/mach/i386/syscall_sw.h: a 64-bit program's calls have their class in bits 24 to 31; a
   32-bit program tells the classes apart by the gate: INT 0x80 BSD's, 0x81 Mach's (whose numbers
   are negative), 0x82 machine dependent ones. */
#if defined(__x86_64__)
#define CLASS_MACH 0x1000000
#define CLASS_UNIX 0x2000000
#define CLASS_MACHDEP 0x3000000
#else
#define CLASS_MACH 0
#define CLASS_UNIX 0
#define CLASS_MACHDEP 0
#endif

#define NR_exit (CLASS_UNIX | 1)
#define NR_fork (CLASS_UNIX | 2)
#define NR_wait4 (CLASS_UNIX | 7)
#define NR_pipe (CLASS_UNIX | 42)
#define NR_gettimeofday (CLASS_UNIX | 116)
#define NR_sigreturn (CLASS_UNIX | 184)
#define NR_bsdthread_terminate (CLASS_UNIX | 361)
#define NR_thread_fast_set_cthread_self (CLASS_MACHDEP | 3)

/* Where the runtime keeps g and m, bytes above the base of GS: the places that Go took on this
   system until 1.10 (runtime/sys_darwin_amd64.s, sys_darwin_386.s), of libpthread's slots for keys.
   On 386 no place can be below the base, or more than 8 KB above it: that is how large the segment
   is (osfmk/i386/bsd_i386_native.c, limit_low). */
#if defined(__x86_64__)
#define TLS_OFFSET_G 0x8a0
#define TLS_OFFSET_M 0x8a8
#else
#define TLS_OFFSET_G 0x468
#define TLS_OFFSET_M 0x46c
#endif

/* An error of BSD's calls is told by the carry flag, and is positive; on 386 arguments are words on
   the stack, above one that is passed over. */
#define FAULTLINE_BSD_CALLS 1
/* The second result of fork says whose it is (osfmk/i386, thread_set_child). */
#define FAULTLINE_FORK_TELLS_BY_SECOND 1
/* Threads, their waits, clocks and sleeps are not BSD's. */
#define FAULTLINE_MACH 1

#endif /* FAULTLINE_ABI_DARWIN_NUMBERS_H_ */
