// Linux constants that are the same on every arch here. Sources: the kernel's user headers, named
// per group; checked against Debian's linux-libc-dev 6.1.
#ifndef FAULTLINE_ABI_LINUX_CONSTANTS_H_
#define FAULTLINE_ABI_LINUX_CONSTANTS_H_

#include <stdint.h>

namespace faultline::abi::linux_common {

// asm-generic/errno-base.h, asm-generic/errno.h
enum Errno : int {
  kEPERM = 1,
  kENOENT = 2,
  kESRCH = 3,
  kEINTR = 4,
  kEIO = 5,
  kEBADF = 9,
  kECHILD = 10,
  kEAGAIN = 11,
  kENOMEM = 12,
  kEACCES = 13,
  kEFAULT = 14,
  kEBUSY = 16,
  kEEXIST = 17,
  kEINVAL = 22,
  kENOSPC = 28,
  kENOSYS = 38,
  kETIMEDOUT = 110,
};

// linux/err.h, MAX_ERRNO: a call's results from -1 down to -this are errors.
inline constexpr int kMaxErrno = 4095;

// linux/errno.h (the kernel's own): what a restart looks like to a tracer.
enum RestartCode : int {
  kERESTARTSYS = 512,
  kERESTARTNOINTR = 513,
  kERESTARTNOHAND = 514,
  kERESTART_RESTARTBLOCK = 516,
};
inline constexpr RestartCode kRestartCodes[] = {kERESTARTSYS, kERESTARTNOINTR, kERESTARTNOHAND,
                                                kERESTART_RESTARTBLOCK};

// asm/signal.h
enum Signal : int {
  kSIGHUP = 1,
  kSIGINT = 2,
  kSIGQUIT = 3,
  kSIGILL = 4,
  kSIGTRAP = 5,
  kSIGABRT = 6,
  kSIGBUS = 7,
  kSIGFPE = 8,
  kSIGKILL = 9,
  kSIGUSR1 = 10,
  kSIGSEGV = 11,
  kSIGUSR2 = 12,
  kSIGPIPE = 13,
  kSIGALRM = 14,
  kSIGTERM = 15,
  kSIGSTKFLT = 16,
  kSIGCHLD = 17,
  kSIGCONT = 18,
  kSIGSTOP = 19,
  kSIGTSTP = 20,
  kSIGTTIN = 21,
  kSIGTTOU = 22,
  kSIGURG = 23,
  kSIGXCPU = 24,
  kSIGXFSZ = 25,
  kSIGVTALRM = 26,
  kSIGPROF = 27,
  kSIGWINCH = 28,
  kSIGIO = 29,
  kSIGPWR = 30,
  kSIGSYS = 31,
  kSIGRTMIN = 32,
  kNSIG = 65,
};

// asm/signal.h: sigaction flags.
inline constexpr uint32_t kSA_NOCLDSTOP = 1;
inline constexpr uint32_t kSA_NOCLDWAIT = 2;
inline constexpr uint32_t kSA_SIGINFO = 4;
inline constexpr uint32_t kSA_RESTORER = 0x04000000;
inline constexpr uint32_t kSA_ONSTACK = 0x08000000;
inline constexpr uint32_t kSA_RESTART = 0x10000000;
inline constexpr uint32_t kSA_NODEFER = 0x40000000;
inline constexpr uint32_t kSA_RESETHAND = 0x80000000;
inline constexpr uintptr_t kSIG_DFL = 0;
inline constexpr uintptr_t kSIG_IGN = 1;
// asm-generic/signal-defs.h, linux/signal.h
inline constexpr int kSIG_BLOCK = 0;
inline constexpr int kSIG_UNBLOCK = 1;
inline constexpr int kSIG_SETMASK = 2;
inline constexpr int32_t kSS_ONSTACK = 1;
inline constexpr int32_t kSS_DISABLE = 2;
inline constexpr uint32_t kSS_AUTODISARM = 1u << 31;

// asm-generic/siginfo.h: si_code.
inline constexpr int kSI_USER = 0;
inline constexpr int kSI_KERNEL = 0x80;
inline constexpr int kSI_QUEUE = -1;
inline constexpr int kSI_TIMER = -2;
inline constexpr int kSI_TKILL = -6;
inline constexpr int kSEGV_MAPERR = 1;
inline constexpr int kSEGV_ACCERR = 2;
inline constexpr int kFPE_INTDIV = 1;
inline constexpr int kSIGEV_SIGNAL = 0;
inline constexpr int kSIGEV_NONE = 1;
inline constexpr int kSIGEV_THREAD_ID = 4;

// linux/sched.h
inline constexpr unsigned long kCLONE_VM = 0x100;
inline constexpr unsigned long kCLONE_FS = 0x200;
inline constexpr unsigned long kCLONE_FILES = 0x400;
inline constexpr unsigned long kCLONE_SIGHAND = 0x800;
inline constexpr unsigned long kCLONE_VFORK = 0x4000;
inline constexpr unsigned long kCLONE_PARENT = 0x8000;
inline constexpr unsigned long kCLONE_THREAD = 0x10000;
inline constexpr unsigned long kCLONE_NEWNS = 0x20000;
inline constexpr unsigned long kCLONE_SYSVSEM = 0x40000;
inline constexpr unsigned long kCLONE_SETTLS = 0x80000;
inline constexpr unsigned long kCLONE_PARENT_SETTID = 0x100000;
inline constexpr unsigned long kCLONE_CHILD_CLEARTID = 0x200000;
inline constexpr unsigned long kCLONE_CHILD_SETTID = 0x1000000;

// asm-generic/mman-common.h, asm-generic/mman.h
inline constexpr int kPROT_NONE = 0;
inline constexpr int kPROT_READ = 1;
inline constexpr int kPROT_WRITE = 2;
inline constexpr int kPROT_EXEC = 4;
inline constexpr int kMAP_SHARED = 1;
inline constexpr int kMAP_PRIVATE = 2;
inline constexpr int kMAP_FIXED = 0x10;
inline constexpr int kMAP_ANONYMOUS = 0x20;
inline constexpr int kMAP_GROWSDOWN = 0x100;
inline constexpr int kMAP_NORESERVE = 0x4000;
inline constexpr int kMAP_STACK = 0x20000;
inline constexpr int kMAP_FIXED_NOREPLACE = 0x100000;

// linux/futex.h
inline constexpr int kFUTEX_WAIT = 0;
inline constexpr int kFUTEX_WAKE = 1;
inline constexpr int kFUTEX_PRIVATE_FLAG = 128;

// asm-generic/fcntl.h, linux/wait.h, asm-generic/poll.h
inline constexpr int kO_RDONLY = 0;
inline constexpr int kO_WRONLY = 1;
inline constexpr int kO_RDWR = 2;
inline constexpr int kO_CREAT = 0100;
inline constexpr int kO_NONBLOCK = 04000;
inline constexpr int kO_CLOEXEC = 02000000;
inline constexpr int kWNOHANG = 1;
inline constexpr int kWUNTRACED = 2;
inline constexpr int kWALL = 0x40000000;
inline constexpr int kPOLLIN = 1;
inline constexpr int kPOLLOUT = 4;

// linux/personality.h: no randomised addresses after the next exec; and asking, without setting.
inline constexpr unsigned long kADDR_NO_RANDOMIZE = 0x0040000;
inline constexpr unsigned long kPersonalityQuery = 0xffffffff;

// asm-generic/resource.h, linux/time.h
inline constexpr int kRLIMIT_CORE = 4;
inline constexpr int kRLIMIT_STACK = 3;
inline constexpr int kRLIMIT_AS = 9;
inline constexpr int kITIMER_REAL = 0;
inline constexpr int kITIMER_VIRTUAL = 1;
inline constexpr int kITIMER_PROF = 2;
inline constexpr int kCLOCK_REALTIME = 0;
inline constexpr int kCLOCK_MONOTONIC = 1;

// linux/prctl.h
inline constexpr int kPR_SET_PDEATHSIG = 1;
inline constexpr int kPR_SET_DUMPABLE = 4;
inline constexpr int kPR_SET_NAME = 15;

// linux/auxvec.h, asm/auxvec.h
inline constexpr unsigned long kAT_NULL = 0;
inline constexpr unsigned long kAT_PHDR = 3;
inline constexpr unsigned long kAT_PHENT = 4;
inline constexpr unsigned long kAT_PHNUM = 5;
inline constexpr unsigned long kAT_PAGESZ = 6;
inline constexpr unsigned long kAT_ENTRY = 9;
inline constexpr unsigned long kAT_HWCAP = 16;
inline constexpr unsigned long kAT_CLKTCK = 17;
inline constexpr unsigned long kAT_RANDOM = 25;
inline constexpr unsigned long kAT_HWCAP2 = 26;
inline constexpr unsigned long kAT_EXECFN = 31;
inline constexpr unsigned long kAT_SYSINFO = 32;
inline constexpr unsigned long kAT_SYSINFO_EHDR = 33;
inline constexpr unsigned long kAT_MINSIGSTKSZ = 51;

// mm/mmap.c: stack_guard_gap, in pages of 4096: a growing stack keeps this far from the mapping
// below it.
inline constexpr unsigned long kStackGuardGapPages = 256;

// One kernel signal set: bit n-1 is signal n (asm/signal.h, _NSIG 64).
using SigSet = uint64_t;
inline constexpr unsigned long kSigSetSize = 8;

// arch-independent layouts.
struct PollFd {  // asm-generic/poll.h
  int32_t fd;
  int16_t events;
  int16_t revents;
};
static_assert(sizeof(PollFd) == 8);

}  // namespace faultline::abi::linux_common

#endif  // FAULTLINE_ABI_LINUX_CONSTANTS_H_
