// Darwin's calls, the same numbers on every arch: those of BSD that a program makes without a
// library, Mach's traps and the machine dependent ones. Source: bsd/kern/syscalls.master,
// osfmk/kern/syscall_sw.c, osfmk/i386/machdep_call.c of xnu-2050.18.24 (apple/darwin-xnu). In a
// 64-bit program each number has its class above it (constants.h).
#ifndef FAULTLINE_ABI_DARWIN_CALLS_H_
#define FAULTLINE_ABI_DARWIN_CALLS_H_

// X(name, number) for each call of BSD.
// clang-format off
#define FAULTLINE_DARWIN_CALLS(X) \
  X(syscall, 0) \
  X(exit, 1) \
  X(fork, 2) \
  X(read, 3) \
  X(write, 4) \
  X(open, 5) \
  X(close, 6) \
  X(wait4, 7) \
  X(link, 9) \
  X(unlink, 10) \
  X(chdir, 12) \
  X(fchdir, 13) \
  X(mknod, 14) \
  X(chmod, 15) \
  X(chown, 16) \
  X(getpid, 20) \
  X(setuid, 23) \
  X(getuid, 24) \
  X(geteuid, 25) \
  X(ptrace, 26) \
  X(recvmsg, 27) \
  X(sendmsg, 28) \
  X(recvfrom, 29) \
  X(accept, 30) \
  X(getpeername, 31) \
  X(getsockname, 32) \
  X(access, 33) \
  X(chflags, 34) \
  X(fchflags, 35) \
  X(sync, 36) \
  X(kill, 37) \
  X(getppid, 39) \
  X(dup, 41) \
  X(pipe, 42) \
  X(getegid, 43) \
  X(sigaction, 46) \
  X(getgid, 47) \
  X(sigprocmask, 48) \
  X(getlogin, 49) \
  X(setlogin, 50) \
  X(sigpending, 52) \
  X(sigaltstack, 53) \
  X(ioctl, 54) \
  X(symlink, 57) \
  X(readlink, 58) \
  X(execve, 59) \
  X(umask, 60) \
  X(chroot, 61) \
  X(vfork, 66) \
  X(munmap, 73) \
  X(mprotect, 74) \
  X(madvise, 75) \
  X(mincore, 78) \
  X(getgroups, 79) \
  X(setgroups, 80) \
  X(getpgrp, 81) \
  X(setpgid, 82) \
  X(setitimer, 83) \
  X(getitimer, 86) \
  X(dup2, 90) \
  X(fcntl, 92) \
  X(select, 93) \
  X(fsync, 95) \
  X(setpriority, 96) \
  X(socket, 97) \
  X(connect, 98) \
  X(getpriority, 100) \
  X(bind, 104) \
  X(setsockopt, 105) \
  X(listen, 106) \
  X(sigsuspend, 111) \
  X(gettimeofday, 116) \
  X(getrusage, 117) \
  X(getsockopt, 118) \
  X(readv, 120) \
  X(writev, 121) \
  X(settimeofday, 122) \
  X(rename, 128) \
  X(flock, 131) \
  X(sendto, 133) \
  X(shutdown, 134) \
  X(socketpair, 135) \
  X(mkdir, 136) \
  X(rmdir, 137) \
  X(setsid, 147) \
  X(getpgid, 151) \
  X(pread, 153) \
  X(pwrite, 154) \
  X(waitid, 173) \
  X(sigreturn, 184) \
  X(fstat, 189) \
  X(getrlimit, 194) \
  X(setrlimit, 195) \
  X(mmap, 197) \
  X(lseek, 199) \
  X(ftruncate, 201) \
  X(__sysctl, 202) \
  X(mlock, 203) \
  X(munlock, 204) \
  X(poll, 230) \
  X(getsid, 310) \
  X(issetugid, 327) \
  X(__pthread_kill, 328) \
  X(__pthread_sigmask, 329) \
  X(__sigwait, 330) \
  X(__disable_threadsignal, 331) \
  X(__pthread_markcancel, 332) \
  X(__pthread_canceled, 333) \
  X(__semwait_signal, 334) \
  X(bsdthread_create, 360) \
  X(bsdthread_terminate, 361) \
  X(kqueue, 362) \
  X(kevent, 363) \
  X(bsdthread_register, 366) \
  X(workq_open, 367) \
  X(thread_selfid, 372) \
  X(read_nocancel, 396) \
  X(write_nocancel, 397) \
  X(open_nocancel, 398) \
  X(close_nocancel, 399) \
  X(wait4_nocancel, 400)

// X(name, number) for each Mach trap.
#define FAULTLINE_DARWIN_TRAPS(X) \
  X(mach_port_mod_refs_trap, 19) \
  X(mach_reply_port, 26) \
  X(thread_self_trap, 27) \
  X(task_self_trap, 28) \
  X(host_self_trap, 29) \
  X(mach_msg_trap, 31) \
  X(semaphore_signal_trap, 33) \
  X(semaphore_signal_all_trap, 34) \
  X(semaphore_wait_trap, 36) \
  X(semaphore_timedwait_trap, 38) \
  X(swtch_pri, 59) \
  X(swtch, 60) \
  X(thread_switch, 61) \
  X(mach_timebase_info_trap, 89) \
  X(mach_wait_until_trap, 90)

// X(name, number) for each machine dependent call. In a 64-bit program only the first is there.
#define FAULTLINE_DARWIN_MACHDEP(X) \
  X(thread_fast_set_cthread_self, 3) \
  X(thread_set_user_ldt, 4) \
  X(i386_set_ldt, 5) \
  X(i386_get_ldt, 6)
// clang-format on

namespace faultline::abi::darwin_common {

#define FAULTLINE_X(name, number) k_##name = number,
enum Call : int { FAULTLINE_DARWIN_CALLS(FAULTLINE_X) };
enum Trap : int { FAULTLINE_DARWIN_TRAPS(FAULTLINE_X) };
enum Machdep : int { FAULTLINE_DARWIN_MACHDEP(FAULTLINE_X) };
#undef FAULTLINE_X

}  // namespace faultline::abi::darwin_common

#endif  // FAULTLINE_ABI_DARWIN_CALLS_H_
