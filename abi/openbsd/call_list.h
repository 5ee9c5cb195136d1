/* OpenBSD system call numbers, the same on every arch, as a list that assembly can read too: the
   calls of programs of 5.8 and 7.5. Source: sys/kern/syscalls.c 1.269 (openbsd/src) and, for 5.8,
   sys/kern/syscalls.master of 5.5: from 5.5 to 7.5 no call of both has moved but those that are
   here under two names. Numbers of calls that have gone are used again: 37 is msyscall in 6.7
   to 7.4. */
#ifndef FAULTLINE_ABI_OPENBSD_CALL_LIST_H_
#define FAULTLINE_ABI_OPENBSD_CALL_LIST_H_

/* X(name, number) for each call. kill_to_5_8: of threads too, by the number of one. pad_…: a word
   of padding is before the offset; up to 7.2. */
/* clang-format off */
#define FAULTLINE_OPENBSD_CALLS(X) \
  X(exit, 1) \
  X(fork, 2) \
  X(read, 3) \
  X(write, 4) \
  X(open, 5) \
  X(close, 6) \
  X(getentropy, 7) \
  X(__tfork, 8) \
  X(link, 9) \
  X(unlink, 10) \
  X(wait4, 11) \
  X(chdir, 12) \
  X(fchdir, 13) \
  X(chmod, 15) \
  X(break, 17) \
  X(getdtablecount, 18) \
  X(getrusage, 19) \
  X(getpid, 20) \
  X(getuid, 24) \
  X(geteuid, 25) \
  X(recvmsg, 27) \
  X(sendmsg, 28) \
  X(recvfrom, 29) \
  X(accept, 30) \
  X(access, 33) \
  X(sync, 36) \
  X(kill_to_5_8, 37) \
  X(stat, 38) \
  X(getppid, 39) \
  X(lstat, 40) \
  X(dup, 41) \
  X(fstatat, 42) \
  X(getegid, 43) \
  X(sigaction, 46) \
  X(getgid, 47) \
  X(sigprocmask, 48) \
  X(mmap, 49) \
  X(sigpending, 52) \
  X(fstat, 53) \
  X(ioctl, 54) \
  X(symlink, 57) \
  X(readlink, 58) \
  X(execve, 59) \
  X(umask, 60) \
  X(vfork, 66) \
  X(gettimeofday, 67) \
  X(setitimer, 69) \
  X(getitimer, 70) \
  X(select, 71) \
  X(kevent, 72) \
  X(munmap, 73) \
  X(mprotect, 74) \
  X(madvise, 75) \
  X(mquery, 78) \
  X(getgroups, 79) \
  X(getpgrp, 81) \
  X(setpgid, 82) \
  X(futex, 83) \
  X(kbind, 86) \
  X(clock_gettime, 87) \
  X(clock_getres, 89) \
  X(dup2, 90) \
  X(nanosleep, 91) \
  X(fcntl, 92) \
  X(accept4, 93) \
  X(__thrsleep, 94) \
  X(fsync, 95) \
  X(socket, 97) \
  X(connect, 98) \
  X(getdents, 99) \
  X(pipe2, 101) \
  X(dup3, 102) \
  X(sigreturn, 103) \
  X(bind, 104) \
  X(setsockopt, 105) \
  X(listen, 106) \
  X(pledge, 108) \
  X(ppoll, 109) \
  X(pselect, 110) \
  X(sigsuspend, 111) \
  X(unveil, 114) \
  X(getsockopt, 118) \
  X(thrkill, 119) \
  X(readv, 120) \
  X(writev, 121) \
  X(kill, 122) \
  X(rename, 128) \
  X(flock, 131) \
  X(sendto, 133) \
  X(shutdown, 134) \
  X(socketpair, 135) \
  X(mkdir, 136) \
  X(rmdir, 137) \
  X(setsid, 147) \
  X(pinsyscalls, 158) \
  X(mimmutable, 159) \
  X(sysarch, 165) \
  X(lseek, 166) \
  X(pread, 169) \
  X(pwrite, 170) \
  X(getrlimit, 194) \
  X(setrlimit, 195) \
  X(pad_mmap, 197) \
  X(pad_lseek, 199) \
  X(__sysctl, 202) \
  X(getpgid, 207) \
  X(poll, 252) \
  X(issetugid, 253) \
  X(getsid, 255) \
  X(pipe, 263) \
  X(kqueue, 269) \
  X(sigaltstack, 288) \
  X(sched_yield, 298) \
  X(getthrid, 299) \
  X(__thrwakeup, 301) \
  X(__threxit, 302) \
  X(__thrsigdivert, 303) \
  X(__getcwd, 304) \
  X(openat, 321) \
  X(__set_tcb, 329) \
  X(__get_tcb, 330)
/* clang-format on */

#endif /* FAULTLINE_ABI_OPENBSD_CALL_LIST_H_ */
