// NetBSD constants that are the same on every arch here. Sources: the kernel's headers of 8.99
// (lparkes/netbsd-ZYBO), named per group.
#ifndef FAULTLINE_ABI_NETBSD_CONSTANTS_H_
#define FAULTLINE_ABI_NETBSD_CONSTANTS_H_

#include <stdint.h>

#include "abi/netbsd/calls.h"

namespace faultline::abi::netbsd_common {

// sys/errno.h. A call that fails sets the carry flag and returns one of these, positive.
enum Errno : int {
  kEPERM = 1,
  kENOENT = 2,
  kESRCH = 3,
  kEINTR = 4,
  kEIO = 5,
  kENXIO = 6,
  kE2BIG = 7,
  kENOEXEC = 8,
  kEBADF = 9,
  kECHILD = 10,
  kEDEADLK = 11,
  kENOMEM = 12,
  kEACCES = 13,
  kEFAULT = 14,
  kENOTBLK = 15,
  kEBUSY = 16,
  kEEXIST = 17,
  kEXDEV = 18,
  kENODEV = 19,
  kENOTDIR = 20,
  kEISDIR = 21,
  kEINVAL = 22,
  kENFILE = 23,
  kEMFILE = 24,
  kENOTTY = 25,
  kETXTBSY = 26,
  kEFBIG = 27,
  kENOSPC = 28,
  kESPIPE = 29,
  kEROFS = 30,
  kEMLINK = 31,
  kEPIPE = 32,
  kEDOM = 33,
  kERANGE = 34,
  kEAGAIN = 35,
  kEINPROGRESS = 36,
  kEALREADY = 37,
  kENOTSOCK = 38,
  kEDESTADDRREQ = 39,
  kEMSGSIZE = 40,
  kEPROTOTYPE = 41,
  kENOPROTOOPT = 42,
  kEPROTONOSUPPORT = 43,
  kESOCKTNOSUPPORT = 44,
  kEOPNOTSUPP = 45,
  kEPFNOSUPPORT = 46,
  kEAFNOSUPPORT = 47,
  kEADDRINUSE = 48,
  kEADDRNOTAVAIL = 49,
  kENETDOWN = 50,
  kENETUNREACH = 51,
  kENETRESET = 52,
  kECONNABORTED = 53,
  kECONNRESET = 54,
  kENOBUFS = 55,
  kEISCONN = 56,
  kENOTCONN = 57,
  kESHUTDOWN = 58,
  kETOOMANYREFS = 59,
  kETIMEDOUT = 60,
  kECONNREFUSED = 61,
  kELOOP = 62,
  kENAMETOOLONG = 63,
  kEHOSTDOWN = 64,
  kEHOSTUNREACH = 65,
  kENOTEMPTY = 66,
  kEUSERS = 68,
  kEDQUOT = 69,
  kESTALE = 70,
  kENOLCK = 77,
  kENOSYS = 78,
  kEFTYPE = 79,
  kEIDRM = 82,
  kENOMSG = 83,
  kEOVERFLOW = 84,
  kEILSEQ = 85,
  kENOTSUP = 86,
  kECANCELED = 87,
  kEBADMSG = 88,
  kENODATA = 89,
  kENOATTR = 93,
  kEMULTIHOP = 94,
  kENOLINK = 95,
  kEPROTO = 96,
};

// sys/signal.h
enum Signal : int {
  kSIGHUP = 1,
  kSIGINT = 2,
  kSIGQUIT = 3,
  kSIGILL = 4,
  kSIGTRAP = 5,
  kSIGABRT = 6,
  kSIGEMT = 7,
  kSIGFPE = 8,
  kSIGKILL = 9,
  kSIGBUS = 10,
  kSIGSEGV = 11,
  kSIGSYS = 12,
  kSIGPIPE = 13,
  kSIGALRM = 14,
  kSIGTERM = 15,
  kSIGURG = 16,
  kSIGSTOP = 17,
  kSIGTSTP = 18,
  kSIGCONT = 19,
  kSIGCHLD = 20,
  kSIGTTIN = 21,
  kSIGTTOU = 22,
  kSIGIO = 23,
  kSIGXCPU = 24,
  kSIGXFSZ = 25,
  kSIGVTALRM = 26,
  kSIGPROF = 27,
  kSIGWINCH = 28,
  kSIGINFO = 29,
  kSIGUSR1 = 30,
  kSIGUSR2 = 31,
  kSIGPWR = 32,
  kSIGRTMIN = 33,
  kSIGRTMAX = 63,
  kNSIG = 64,
};

// sys/signal.h: sigaction flags, actions, alternate stacks, masks. Any other flag is refused.
inline constexpr uint32_t kSA_ONSTACK = 0x0001;
inline constexpr uint32_t kSA_RESTART = 0x0002;
inline constexpr uint32_t kSA_RESETHAND = 0x0004;
inline constexpr uint32_t kSA_NOCLDSTOP = 0x0008;
inline constexpr uint32_t kSA_NODEFER = 0x0010;
inline constexpr uint32_t kSA_NOCLDWAIT = 0x0020;
inline constexpr uint32_t kSA_SIGINFO = 0x0040;
inline constexpr uint32_t kSA_NOKERNINFO = 0x0080;
inline constexpr uint32_t kSA_ALLBITS = 0x00ff;
inline constexpr uintptr_t kSIG_DFL = 0;
inline constexpr uintptr_t kSIG_IGN = 1;
inline constexpr int kSIG_BLOCK = 1;
inline constexpr int kSIG_UNBLOCK = 2;
inline constexpr int kSIG_SETMASK = 3;
inline constexpr int32_t kSS_ONSTACK = 1;
inline constexpr int32_t kSS_DISABLE = 4;
inline constexpr uint32_t kMINSIGSTKSZ = 8192;
// kern/sys_sig.c, sigaction1: the last argument of __sigaction_sigtramp says for which frame the
// trampoline is, that the program supplies. 2: a frame with a siginfo and a ucontext; the
// trampoline makes setcontext of the latter.
inline constexpr int kSigtrampSiginfo = 2;
inline constexpr int kSigtrampLast = 3;

// sys/siginfo.h: si_code. What somebody sent has none that is positive.
inline constexpr int kSI_USER = 0;
inline constexpr int kSI_QUEUE = -1;
inline constexpr int kSI_TIMER = -2;
inline constexpr int kSI_ASYNCIO = -3;
inline constexpr int kSI_MESGQ = -4;
inline constexpr int kSI_LWP = -5;  // _lwp_kill
inline constexpr int kSI_NOINFO = 32767;
inline constexpr int kILL_ILLOPC = 1;
inline constexpr int kILL_PRVOPC = 5;
inline constexpr int kBUS_ADRALN = 1;
inline constexpr int kBUS_ADRERR = 2;
inline constexpr int kBUS_OBJERR = 3;
inline constexpr int kSEGV_MAPERR = 1;
inline constexpr int kSEGV_ACCERR = 2;
inline constexpr int kFPE_INTDIV = 1;
inline constexpr int kFPE_INTOVF = 2;
inline constexpr int kFPE_FLTDIV = 3;
inline constexpr int kTRAP_BRKPT = 1;
inline constexpr int kTRAP_TRACE = 2;
inline constexpr int kCLD_EXITED = 1;
inline constexpr int kCLD_KILLED = 2;
inline constexpr int kCLD_DUMPED = 3;
inline constexpr int kCLD_TRAPPED = 4;
inline constexpr int kCLD_STOPPED = 5;
inline constexpr int kCLD_CONTINUED = 6;
// sys/signal.h: sigev_notify.
inline constexpr int kSIGEV_NONE = 0;
inline constexpr int kSIGEV_SIGNAL = 1;
inline constexpr int kSIGEV_THREAD = 2;

// arch/x86/include/trap.h: si_trap of the faults that a program can raise; measured on 7.99.
inline constexpr int kT_PRIVINFLT = 0;
inline constexpr int kT_BPTFLT = 1;
inline constexpr int kT_ARITHTRAP = 2;
inline constexpr int kT_PROTFLT = 4;
inline constexpr int kT_TRCTRAP = 5;
inline constexpr int kT_PAGEFLT = 6;
inline constexpr int kT_DIVIDE = 8;

// sys/ucontext.h, arch/{amd64,i386}/include/mcontext.h: uc_flags. What is not named is not loaded.
inline constexpr uint32_t kUC_SIGMASK = 0x01;
inline constexpr uint32_t kUC_STACK = 0x02;
inline constexpr uint32_t kUC_CPU = 0x04;
inline constexpr uint32_t kUC_FPU = 0x08;
inline constexpr uint32_t kUC_FXSAVE = 0x20;       // 386: the FPU's part is as FXSAVE stores it
inline constexpr uint32_t kUC_SETSTACK = 0x10000;  // of the alternate stack: on it
inline constexpr uint32_t kUC_CLRSTACK = 0x20000;  // not on it
inline constexpr uint32_t kUC_VM = 0x40000;        // 386
inline constexpr uint32_t kUC_TLSBASE = 0x80000;

// sys/lwp.h: _lwp_create.
inline constexpr unsigned long kLWP_DETACHED = 0x40;
inline constexpr unsigned long kLWP_SUSPENDED = 0x80;

// sys/mman.h
inline constexpr int kPROT_NONE = 0;
inline constexpr int kPROT_READ = 1;
inline constexpr int kPROT_WRITE = 2;
inline constexpr int kPROT_EXEC = 4;
inline constexpr int kMAP_SHARED = 0x1;
inline constexpr int kMAP_PRIVATE = 0x2;
inline constexpr int kMAP_FIXED = 0x10;
inline constexpr int kMAP_NORESERVE = 0x40;
inline constexpr int kMAP_INHERIT = 0x80;
inline constexpr int kMAP_TRYFIXED = 0x400;
inline constexpr int kMAP_ANON = 0x1000;
inline constexpr int kMAP_STACK = 0x2000;
inline constexpr int kMAP_ALIGNED_SHIFT = 24;

// sys/fcntl.h, sys/wait.h, sys/poll.h, sys/unistd.h
inline constexpr int kO_RDONLY = 0x0000;
inline constexpr int kO_WRONLY = 0x0001;
inline constexpr int kO_RDWR = 0x0002;
inline constexpr int kO_NONBLOCK = 0x0004;
inline constexpr int kO_APPEND = 0x0008;
inline constexpr int kO_NOFOLLOW = 0x0100;
inline constexpr int kO_CREAT = 0x0200;
inline constexpr int kO_TRUNC = 0x0400;
inline constexpr int kO_EXCL = 0x0800;
inline constexpr int kO_NOCTTY = 0x8000;
inline constexpr int kO_DIRECTORY = 0x200000;
inline constexpr int kO_CLOEXEC = 0x400000;
inline constexpr int kAT_FDCWD = -100;
inline constexpr int kAT_EACCESS = 0x100;
inline constexpr int kAT_SYMLINK_NOFOLLOW = 0x200;
inline constexpr int kAT_SYMLINK_FOLLOW = 0x400;
inline constexpr int kAT_REMOVEDIR = 0x800;
// sys/stat.h: in place of a time's nanoseconds.
inline constexpr int kUTIME_NOW = (1 << 30) - 1;
inline constexpr int kUTIME_OMIT = (1 << 30) - 2;
inline constexpr int kF_DUPFD = 0;
inline constexpr int kF_GETFD = 1;
inline constexpr int kF_SETFD = 2;
inline constexpr int kF_GETFL = 3;
inline constexpr int kF_SETFL = 4;
inline constexpr int kF_CLOSEM = 10;  // closes all from this one
inline constexpr int kF_MAXFD = 11;
inline constexpr int kF_DUPFD_CLOEXEC = 12;
inline constexpr int kFD_CLOEXEC = 1;
inline constexpr int kSEEK_SET = 0;
inline constexpr int kSEEK_CUR = 1;
inline constexpr int kSEEK_END = 2;
inline constexpr int kWNOHANG = 1;
inline constexpr int kWUNTRACED = 2;
inline constexpr int kWCONTINUED = 0x10;
inline constexpr int kWNOWAIT = 0x10000;
inline constexpr int kContinuedStatus = 0xffff;  // W_CONTCODE; since 8.0
inline constexpr int kPOLLIN = 0x0001;
inline constexpr int kPOLLOUT = 0x0004;
inline constexpr int kPOLLERR = 0x0008;
inline constexpr int kPOLLHUP = 0x0010;
inline constexpr int kPOLLNVAL = 0x0020;

// sys/event.h: kevent. Filters count upwards from 0.
inline constexpr uint32_t kEVFILT_READ = 0;
inline constexpr uint32_t kEVFILT_WRITE = 1;
inline constexpr uint32_t kEVFILT_AIO = 2;
inline constexpr uint32_t kEVFILT_VNODE = 3;
inline constexpr uint32_t kEVFILT_PROC = 4;
inline constexpr uint32_t kEVFILT_SIGNAL = 5;
inline constexpr uint32_t kEVFILT_TIMER = 6;  // in milliseconds
inline constexpr uint32_t kEVFILT_SYSCOUNT = 8;
inline constexpr uint32_t kEV_ADD = 0x0001;
inline constexpr uint32_t kEV_DELETE = 0x0002;
inline constexpr uint32_t kEV_ENABLE = 0x0004;
inline constexpr uint32_t kEV_DISABLE = 0x0008;
inline constexpr uint32_t kEV_ONESHOT = 0x0010;
inline constexpr uint32_t kEV_CLEAR = 0x0020;
inline constexpr uint32_t kEV_RECEIPT = 0x0040;
inline constexpr uint32_t kEV_DISPATCH = 0x0080;
inline constexpr uint32_t kEV_SYSFLAGS = 0xf000;
inline constexpr uint32_t kEV_ERROR = 0x4000;  // data is an errno
inline constexpr uint32_t kEV_EOF = 0x8000;
inline constexpr uint32_t kNOTE_LOWAT = 0x1;
inline constexpr uint32_t kNOTE_EXIT = 0x80000000;

// sys/resource.h, sys/time.h
inline constexpr int kRLIMIT_STACK = 3;
inline constexpr int kRLIMIT_CORE = 4;
inline constexpr int kRLIMIT_AS = 10;
inline constexpr int kRLIMITS = 12;  // RLIM_NLIMITS
inline constexpr int64_t kRLIM_INFINITY = INT64_MAX;
inline constexpr int kITIMER_REAL = 0;
inline constexpr int kITIMER_VIRTUAL = 1;
inline constexpr int kITIMER_PROF = 2;
inline constexpr int kCLOCK_REALTIME = 0;
inline constexpr int kCLOCK_VIRTUAL = 1;
inline constexpr int kCLOCK_PROF = 2;
inline constexpr int kCLOCK_MONOTONIC = 3;
inline constexpr int kTIMER_ABSTIME = 1;

// sys/sysctl.h, uvm/uvm_param.h
inline constexpr int kCTL_KERN = 1;
inline constexpr int kCTL_VM = 2;
inline constexpr int kCTL_HW = 6;
inline constexpr int kKERN_OSTYPE = 1;
inline constexpr int kKERN_OSRELEASE = 2;
inline constexpr int kKERN_OSREV = 3;  // int: __NetBSD_Version__
inline constexpr int kKERN_VERSION = 4;
inline constexpr int kKERN_HOSTNAME = 10;
inline constexpr int kVM_PROC = 16;
inline constexpr int kVM_PROC_MAP = 1;  // then a process, and sizeof(KinfoVmentry); since 8.0
inline constexpr int kHW_MACHINE = 1;
inline constexpr int kHW_NCPU = 3;
inline constexpr int kHW_PAGESIZE = 7;
inline constexpr int kHW_MACHINE_ARCH = 10;
inline constexpr int kHW_NCPUONLINE = 16;

// sys/exec_elf.h
inline constexpr unsigned long kAT_NULL = 0;
inline constexpr unsigned long kAT_PHDR = 3;
inline constexpr unsigned long kAT_PHENT = 4;
inline constexpr unsigned long kAT_PHNUM = 5;
inline constexpr unsigned long kAT_PAGESZ = 6;
inline constexpr unsigned long kAT_BASE = 7;
inline constexpr unsigned long kAT_FLAGS = 8;
inline constexpr unsigned long kAT_ENTRY = 9;
inline constexpr unsigned long kAT_STACKBASE = 13;  // the end of the first thread's stack
inline constexpr unsigned long kAT_EUID = 2000;
inline constexpr unsigned long kAT_RUID = 2001;
inline constexpr unsigned long kAT_EGID = 2002;
inline constexpr unsigned long kAT_RGID = 2003;
inline constexpr unsigned long kAT_SUN_EXECNAME = 2014;
inline constexpr int kNT_NETBSD_IDENT = 1;  // "NetBSD": __NetBSD_Version__
inline constexpr int kNT_NETBSD_PAX = 3;    // "PaX": a word of flags
inline constexpr uint32_t kPaxNoAslr = 0x20;

// sys/sigtypes.h: bit (n-1) % 32 of word (n-1) / 32 is signal n.
struct SigSet {
  uint32_t word[4];
};
static_assert(sizeof(SigSet) == 16);

// arch-independent layouts.
struct __attribute__((packed)) Dirent {  // sys/dirent.h, struct dirent up to d_name: __getdents30
  uint64_t fileno;
  uint16_t reclen;  // of the whole entry, a multiple of 8
  uint16_t namlen;
  uint8_t type;
};
static_assert(sizeof(Dirent) == 13);

struct PollFd {  // sys/poll.h
  int32_t fd;
  int16_t events;
  int16_t revents;
};
static_assert(sizeof(PollFd) == 8);

struct Rlimit {  // sys/resource.h
  int64_t cur;
  int64_t max;
};
static_assert(sizeof(Rlimit) == 16);

// sys/sysctl.h, struct kinfo_vmentry: all records are of this size.
struct KinfoVmentry {
  uint64_t start;
  uint64_t end;
  uint64_t offset;
  uint32_t type;
  uint32_t flags;
  uint32_t count;
  uint32_t wired_count;
  uint32_t advice;
  uint32_t attributes;
  uint32_t protection;  // bit 0 read, 1 write, 2 execute
  uint32_t max_protection;
  uint32_t ref_count;
  uint32_t inheritance;
  uint64_t vn_fileid;
  uint64_t vn_size;
  uint64_t vn_fsid;
  uint64_t vn_rdev;
  uint32_t vn_type;
  uint32_t vn_mode;
  char path[1024];
};
static_assert(sizeof(KinfoVmentry) == 1128 && __builtin_offsetof(KinfoVmentry, protection) == 48 &&
              __builtin_offsetof(KinfoVmentry, path) == 104);
inline constexpr int kKVME_FLAG_GROWS_DOWN = 0x20;

}  // namespace faultline::abi::netbsd_common

#endif  // FAULTLINE_ABI_NETBSD_CONSTANTS_H_
